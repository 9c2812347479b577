"""An algorithm as data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from taxon.api import html, resolving
from taxon.api.asking import count
from taxon.api.environments import known, recipe_of
from taxon.api.findings import Diagnostic, SpecError, findings
from taxon.api.leaves import Row
from taxon.api.resolving import Given
from taxon.api.values import Value, settings
from taxon.diagnostics.source import Source
from taxon.errors import Error
from taxon.semantics import canonical, row_hash
from taxon.semantics.overrides import read_child
from taxon.syntax import parse as parse_file
from taxon.taxonomy.table import cells

if TYPE_CHECKING:
    from taxon.api.derivation import Derivation
    from taxon.api.environments import Environment


class Spec:
    """An algorithm: a row of the taxonomy with its code-level choices, and where each of its values comes from.

    `load` and `parse` make one; it never changes. Two specs are equal when their rows are, whatever their names: `on`
    says for which environment. `str` gives the canonical text; a notebook shows Table 1's entries.
    """

    def __init__(self, given: Given) -> None:
        """Raises SpecError where what is given means nothing. Programs call `taxon.load` and `taxon.parse`."""
        row, found = resolving.resolved(given)
        if row is None:
            raise SpecError(findings(found))
        self._given = given
        self._row = row
        self._found = found

    @property
    def name(self) -> str:
        """The algorithm's name."""
        return self._row.name

    @property
    def doc(self) -> str:
        """What the `///` comment before it says."""
        return self._row.doc

    @property
    def row(self) -> Row:
        """Every path with its leaf: the value, and where it comes from."""
        return Row(self._row)

    @property
    def text(self) -> str:
        """The canonical text, with every value written out: `parse` makes an equal spec of it."""
        return canonical(self._row)

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical entries, in hexadecimal, by which a run records what it trained."""
        return row_hash(self._row)

    def __getitem__(self, path: str) -> float | int | bool | str | tuple[int, ...]:
        """The value at a path: `spec["optimizer.policy.lr"]`. Raises KeyError where the row has no such path."""
        return self.row[path].value

    @overload
    def set(self, path: str, value: Value, /) -> Spec: ...

    @overload
    def set(self, values: Mapping[str, Value], /) -> Spec: ...

    def set(self, path: str | Mapping[str, Value], value: Value | None = None, /) -> Spec:
        """A spec with other values at one path, or at several: what `taxon run --set` makes.

        Args:
            path: a path, as in `spec.set("gamma", 0.995)`, or several with their values, as in
                `spec.set({"gamma": 0.995, "optimizer.policy": "adam(lr = 1e-4)"})`.
            value: a number, a truth value, a list of whole numbers, or a text of the language.

        Raises:
            SpecError: the row with these values means nothing.
            Error: there is no text for a value.
        """
        if isinstance(path, Mapping):
            values = path
        elif value is None:
            raise Error(
                f"there is no value for {path!r}", f'give one, or return to the default by spec.extend("unset {path}")'
            )
        else:
            values = {path: value}
        return self._child(self._given, "set()", settings(values))

    def extend(
        self,
        entries: str = "",
        *,
        with_: str | Sequence[str] = (),
        name: str | None = None,
        doc: str | None = None,
    ) -> Spec:
        """The spec that extends this one.

        Args:
            entries: what stands between the braces of a child, a line each: values, blocks, `when`, `unset`, `allow`.
            with_: architectures that it mixes in, as in `with_="std.architectures.mpo_net"`.
            name: its name; otherwise this one's.
            doc: what it is; otherwise what this one's documentation says.

        Raises:
            SpecError: it means nothing.
            Error: the name is none.
        """
        if name is not None and not _is_name(name):
            raise Error(f"{name!r} is no name of an algorithm", "a name has letters, digits and _, no digit first")
        mixins = (with_,) if isinstance(with_, str) else tuple(with_)
        given = replace(
            self._given,
            called=self._given.called if name is None else name,
            doc=self._given.doc if doc is None else doc,
        )
        return self._child(given, "extend()", entries, mixins)

    def on(self, env: Environment) -> Spec:
        """The spec for an environment: with its `when` blocks for it, and held against its actions.

        Args:
            env: an environment's id, or a function that makes one. It is made once for that.

        Raises:
            SpecError: the row cannot be trained there.
            Error: the environment cannot be used.
        """
        return Spec(replace(self._given, environment=known(recipe_of(env))))

    def check(self, env: Environment | None = None, *, steps: int | str | None = None) -> tuple[Diagnostic, ...]:
        """What `taxon check` finds, errors in an environment and in a run of so many steps included, as data.

        Nothing is raised for what is found. Without arguments there are only warnings: a spec with errors is none.

        Raises:
            Error: the environment cannot be used.
        """
        if env is None and steps is None:
            return findings(self._found)
        given = self._given if env is None else replace(self._given, environment=known(recipe_of(env)))
        return findings(resolving.resolved(given, None if steps is None else count("steps", steps))[1])

    def table(self) -> dict[str, str]:
        """The seven entries of Table 1 of Furuta et al. 2021, by path."""
        return cells(self._row)

    def derive(self) -> Derivation:
        """The equations of what it computes, each with its source and the lines of `emit` behind it."""
        from taxon.api.derivation import Derivation

        return Derivation(self._row)

    def emit(self, standalone: bool = False) -> str:
        """The PyTorch module that a run of it executes.

        Args:
            standalone: a script that needs torch, numpy and gymnasium alone.
        """
        from taxon import compiler

        text = compiler.emit(self._row)
        return compiler.standalone(text) if standalone else text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self._row == other._row

    def __hash__(self) -> int:
        return hash(self.hash)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Spec {self.name} {self.hash[:8]}>"

    def _repr_html_(self) -> str:
        entries = html.table([html.code(path), html.escaped(cell)] for path, cell in self.table().items())
        whole = html.folded("all values", self.row._repr_html_())
        return html.title(self.name, self.doc.partition("\n\n")[0]) + entries + whole

    def _repr_markdown_(self) -> str:
        entries = "".join(f"| `{path}` | `{cell}` |\n" for path, cell in self.table().items())
        return f"**{self.name}**\n\n| | |\n|---|---|\n{entries}"

    def _child(self, given: Given, source: str, entries: str, mixins: tuple[str, ...] = ()) -> Spec:
        return Spec(resolving.extended(given, read_child(Source(source, entries), mixins)))


def _is_name(name: str) -> bool:
    """Whether an algorithm may have it: as the language's own parser has it."""
    file, found = parse_file(Source("name", f"taxon 1\nalgorithm {name} {{\n}}"))
    return not found and [each.name.text for each in file.declarations] == [name]


def load(spec: str | os.PathLike[str]) -> Spec:
    """A spec by its name or its file.

    Args:
        spec: a shipped spec (`"mpo"`, `"std.mpo"`), a file, or `"file.tx:name"` where a file has several algorithms.

    Raises:
        SpecError: there is no such spec, or it means nothing; the text is what `taxon check` prints.
    """
    if not isinstance(spec, str | os.PathLike):
        raise Error(f"{type(spec).__name__} names no spec", 'give its name or its file, as in taxon.load("mpo")')
    return Spec(resolving.read(os.fspath(spec)))


def parse(text: str, name: str | None = None) -> Spec:
    """A spec from its text, as it would stand in a file in the working folder.

    Args:
        text: from `taxon 1` on.
        name: the algorithm that is meant, where the text has several.

    Raises:
        SpecError: it means nothing; the text is what `taxon check` prints.
    """
    if not isinstance(text, str):
        raise Error(f"{type(text).__name__} is no text of a spec", "give a text, or load a file with taxon.load")
    return Spec(resolving.written(text, name))


def spec_of(spec: Spec | str | os.PathLike[str]) -> Spec:
    """A spec, or what its name or its file stands for."""
    return spec if isinstance(spec, Spec) else load(spec)
