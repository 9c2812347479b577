"""The mathematics of a spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from taxon.derivation import derive, rendering, section
from taxon.taxonomy.schema import Row


@dataclass(frozen=True)
class Step:
    """One section of a derivation.

    Attributes:
        title: `E-step`, say.
        text: what is computed, in words; mathematics stands between dollars.
        equations: LaTeX, one equation each.
        choices: the paths of the row that decide the section, as `path = value`.
        source: where the equations come from.
        code: the functions and lines of `Spec.emit` that compute them, as `update.policy_loss 201`.
    """

    title: str
    text: str
    equations: tuple[str, ...]
    choices: tuple[str, ...]
    source: str
    code: tuple[str, ...]


class Derivation:
    """The equations of a row with its numbers, section by section. A notebook shows them as formulas.

    Attributes:
        name: the spec's.
        steps: the sections, in the order in which they are read.
    """

    def __init__(self, row: Row) -> None:
        self._derivation = derive(row)
        self.name = row.name
        self.steps = tuple(map(_step, self._derivation.steps))

    @property
    def markdown(self) -> str:
        """A page, with formulas between dollars."""
        return rendering.markdown(self._derivation)

    @property
    def latex(self) -> str:
        """A document of its own."""
        return rendering.latex(self._derivation)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return rendering.text(self._derivation)

    def __repr__(self) -> str:
        return f"<Derivation of {self.name}: {len(self.steps)} sections>"

    def _repr_markdown_(self) -> str:
        return self.markdown


def _step(step: section.Step) -> Step:
    said = step.section
    return Step(said.title, said.text, said.lines, step.choices, said.source, tuple(map(str, step.places)))
