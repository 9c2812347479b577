"""The values of a spec, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from taxon.api import html
from taxon.diagnostics.suggest import did_you_mean
from taxon.errors import Error
from taxon.semantics import value_text
from taxon.semantics.origins import origin_text
from taxon.taxonomy import SCHEMA, schema
from taxon.taxonomy.difference import top_of


@dataclass(frozen=True)
class Origin:
    """Which layer of a spec set a value. `str` says it in a few words: `std.mpo:13`, `parent sac std.sac:22`.

    Attributes:
        layer: `default`, `parent`, `mixin`, `spec`, `when`, or `set` for what a program or a command line says.
        name: the parent, the mixin, or the condition.
        file: the file that says it, `std.mpo` for a shipped one; empty for a default.
        line: of the file, from 1; 0 for a default.
    """

    layer: str
    name: str
    file: str
    line: int
    _words: str

    def __str__(self) -> str:
        return self._words


@dataclass(frozen=True)
class Leaf:
    """One path of a spec.

    Attributes:
        path: `pi_q.update.trust_region.kl`, say.
        value: a number, a truth value, a tuple of whole numbers, or a choice as the language writes it, with all its
            parameters: `adam(lr = 3e-4)`. It can be given to `Spec.set`.
        text: the value as the language writes it.
        level: `algorithm`, `implementation` or `code`: the headings of Table 1, and what it leaves out.
        origin: where the value comes from.
    """

    path: str
    value: float | int | bool | str | tuple[int, ...]
    text: str
    level: str
    origin: Origin


class PathError(Error, KeyError):
    """A path that a row does not have."""

    def __str__(self) -> str:
        return self.message


class Row(Mapping[str, Leaf]):
    """Every path of a spec with its leaf, in the order of the language."""

    def __init__(self, row: schema.Row) -> None:
        self._row = row

    def __getitem__(self, path: str) -> Leaf:
        if path not in self._row.leaves:
            raise PathError(f"the row of {self._row.name} has no path {path!r}", did_you_mean(path, self._row.leaves))
        return self._leaf(path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._row.leaves)

    def __len__(self) -> int:
        return len(self._row.leaves)

    def __repr__(self) -> str:
        return "\n".join(f"{leaf.path} = {leaf.text}  # {leaf.origin}" for leaf in self.values())

    def _repr_html_(self) -> str:
        return html.table(
            ([html.code(leaf.path), html.code(leaf.text), html.muted(str(leaf.origin))] for leaf in self.values()),
            ("path", "value", "from"),
        )

    def _leaf(self, path: str) -> Leaf:
        leaf = self._row.leaves[path]
        text = value_text(self._row, path)
        value = text if isinstance(leaf.value, schema.Composition) else leaf.value
        return Leaf(path, value, text, SCHEMA[top_of(path)].level, origin_of(leaf.origin))


def origin_of(origin: schema.Origin) -> Origin:
    """An origin as a program reads it."""
    words = origin_text(origin)
    if origin.span is None:
        return Origin(origin.layer, origin.name, "", 0, words)
    source = origin.span.source
    return Origin(origin.layer, origin.name, source.name, source.position(origin.span.start)[0], words)
