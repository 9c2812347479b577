"""What sets two specs apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taxon.api import html
from taxon.api.leaves import Origin, origin_of
from taxon.api.spec import Spec, spec_of
from taxon.semantics.differing import difference_text
from taxon.taxonomy import difference
from taxon.taxonomy.schema import LEVELS


@dataclass(frozen=True)
class Difference:
    """A path at which two specs differ.

    A factor of Table 1 whose entry differs stands for the parameters that come with it; so does a constructor that is
    replaced by another.

    Attributes:
        path: where.
        level: `algorithm`, `implementation` or `code`.
        left, right: what the specs say, for a factor as Table 1 prints it; `-` where one has no such path.
        left_origin, right_origin: where that comes from; None where it has no such path.
    """

    path: str
    level: str
    left: str
    right: str
    left_origin: Origin | None
    right_origin: Origin | None


def diff(left: Spec | str | Path, right: Spec | str | Path) -> Diff:
    """Compare two specs, or those that names or files stand for: the taxonomy first, then the code level.

    Raises SpecError for a name or a file that gives none.
    """
    return Diff(spec_of(left), spec_of(right))


class Diff:
    """All differences of two specs; true where there is one. `str` gives them as a table.

    Attributes:
        left, right: the names of the specs.
        verdict: one line: `same algorithm; 1 implementation and 3 code-level differences`.
        differences: Table 1's factors first, then the code level.
    """

    def __init__(self, left: Spec, right: Spec) -> None:
        rows = (left._row, right._row)
        found = difference.compare(*rows)
        self.left, self.right = left.name, right.name
        self.verdict = difference.verdict(found)
        self.differences = tuple(
            Difference(
                each.path,
                each.level,
                difference_text(each, 0, rows),
                difference_text(each, 1, rows),
                None if each.left is None else origin_of(each.left.origin),
                None if each.right is None else origin_of(each.right.origin),
            )
            for each in found
            if each.differs
        )

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.differences)

    def __len__(self) -> int:
        return len(self.differences)

    def __repr__(self) -> str:
        return f"<Diff {self._title}: {self.verdict}>"

    def __str__(self) -> str:
        lines = [self._title, self.verdict]
        width = max((len(each.path) for each in self), default=0)
        for level, here in self._levels():
            lines += ["", level]
            for each in here:
                lines += [f"  {each.path:<{width}}  - {each.left}", f"  {'':<{width}}  + {each.right}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [html.title(self._title, self.verdict)]
        for level, here in self._levels():
            rows = (
                [
                    html.code(each.path),
                    html.code(each.left, html.REMOVED),
                    html.code(each.right, html.ADDED),
                    html.muted(
                        " | ".join("-" if at is None else str(at) for at in (each.left_origin, each.right_origin))
                    ),
                ]
                for each in here
            )
            parts.append(html.table(rows, (level, self.left, self.right, "from")))
        return "".join(parts)

    @property
    def _title(self) -> str:
        return f"{self.left} -> {self.right}"

    def _levels(self) -> Iterator[tuple[str, list[Difference]]]:
        for level in LEVELS:
            here = [each for each in self if each.level == level]
            if here:
                yield level, here
