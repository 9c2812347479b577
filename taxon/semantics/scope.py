"""Which declaration a name means in a file, and which algorithms an algorithm descends from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taxon.diagnostics.model import Diagnostic, Label
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes, elsewhere
from taxon.semantics.loading import Library, Unit
from taxon.semantics.overrides import Child
from taxon.semantics.values import SMALL, quoted, shortened
from taxon.syntax import tree
from taxon.syntax.parser import MOST_FINDINGS

# A longer chain of inheritance is shown by its ends.
_CHAIN = 8

_KINDS = {
    tree.Algorithm: "an algorithm",
    tree.Architecture: "an architecture",
    tree.Study: "a study",
    tree.Tune: "a tune",
}


@dataclass(frozen=True, eq=False)
class Symbol:
    """A declaration and the file that it stands in; `of`: what it extends, where it stands in none itself."""

    declaration: tree.Declaration
    unit: Unit
    of: Symbol | None = None

    @property
    def written(self) -> Symbol:
        """The declaration itself, or what it extends, that stands in a file."""
        return self if self.of is None else self.of.written

    @property
    def name(self) -> str:
        return self.declaration.name.text

    @property
    def span(self) -> Span:
        return self.declaration.name.span

    @property
    def kind(self) -> str:
        return _KINDS[type(self.declaration)]


class Scope:
    """The names of every file of a library."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.diagnostics: list[Diagnostic] = []
        self._own: dict[Path, list[Symbol]] = {}
        self._visible: dict[Path, dict[str, Symbol]] = {}
        self._reached: dict[Path, tuple[Path, ...]] = {}  # the files that a file imports, and those that they import
        self._unknown = 0  # names that mean nothing, so far
        self._partial: set[Path] = set()  # files that may miss a name because something else is wrong
        self._parents: dict[Symbol, Symbol | None] = {}
        self._mixins: dict[Symbol, tuple[Symbol, ...]] = {}
        self._circular: set[Symbol] = set()
        clashes: set[tuple[Symbol, Symbol]] = set()
        for path, unit in library.units.items():
            self._own[path] = [Symbol(declaration, unit) for declaration in unit.file.declarations]
        for unit in library.units.values():
            self._visible[unit.path] = self._see(unit, clashes)
        for symbol in self.symbols():
            if isinstance(symbol.declaration, tree.Algorithm):
                self._relate(symbol, symbol.declaration)
        self._find_cycles()

    def symbols(self) -> Iterator[Symbol]:
        for own in self._own.values():
            yield from own

    def own(self, path: Path) -> list[Symbol]:
        """The declarations of one file, in order."""
        return self._own.get(path, [])

    def mixins(self, symbol: Symbol) -> tuple[Symbol, ...]:
        """The architectures that an algorithm mixes in (those that exist)."""
        return self._mixins.get(symbol, ())

    def parent(self, symbol: Symbol) -> Symbol | None:
        """What an algorithm extends, if that is known."""
        parent = self._parents.get(symbol)
        return None if parent in self._circular else parent

    def rooted(self, symbol: Symbol) -> bool:
        """Whether an algorithm has a parent that is known, or none at all."""
        return symbol not in self._parents or self.parent(symbol) is not None

    def extend(self, symbol: Symbol, child: Child) -> Symbol:
        """The algorithm that a child of an algorithm is."""
        algorithm = symbol.declaration
        assert isinstance(algorithm, tree.Algorithm)
        own = replace(algorithm, parent=None, mixins=child.mixins, entries=child.entries)
        heir = Symbol(own, symbol.unit, symbol)
        self._relate(heir, own)
        self._parents[heir] = symbol
        return heir

    def find(self, path: tree.Path, unit: Unit, kind: type[tree.Algorithm] | type[tree.Architecture]) -> Symbol | None:
        """The declaration that a name means in a file; None, with a diagnostic, where it means none of that kind."""
        symbol = self._shipped(path, unit) if path.text.startswith("std.") else self._visible_as(path, unit)
        if symbol is None or isinstance(symbol.declaration, kind):
            return symbol
        self.diagnostics.append(wrong_kind(path.text, symbol, kind, path.span))
        return None

    def _see(self, unit: Unit, clashes: set[tuple[Symbol, Symbol]]) -> dict[str, Symbol]:
        visible: dict[str, Symbol] = {}
        seen: dict[Path, None] = {}
        lost = len(unit.imports) < len(unit.file.imports)
        if lost or not unit.complete or any(p not in self._visible or p in self._partial for _, p in unit.imports):
            self._partial.add(unit.path)
        for symbol in self._own[unit.path]:
            known = visible.setdefault(symbol.name, symbol)
            if known is not symbol:
                self._clash(known, symbol, symbol.span, "declared again", clashes)
        for statement, path in unit.imports:
            # What a file declares or imports, each file once. Imports are complete before their importers.
            for file in (path, *self._reached[path]) if path in self._visible else ():
                if file in seen:
                    continue
                seen[file] = None
                for symbol in self.own(file):
                    name = symbol.name
                    known = visible.setdefault(name, symbol)
                    if known is not symbol:
                        self._clash(known, symbol, statement.target.span, f"brings in a second `{name}`", clashes)
        self._reached[unit.path] = tuple(seen)
        return visible

    def _clash(
        self, first: Symbol, second: Symbol, span: Span, label: str, clashes: set[tuple[Symbol, Symbol]]
    ) -> None:
        if (first, second) in clashes or (second, first) in clashes:
            return
        clashes.add((first, second))
        labels = [Label(span, label, primary=True), Label(first.span, "declared here")]
        if span is not second.span:
            labels.append(Label(second.span, "and here"))
        self.diagnostics.append(
            Diagnostic(
                codes.DUPLICATE_NAME,
                f"`{first.name}` is declared twice",
                tuple(labels),
                help="give one of them another name",
            )
        )

    def _visible_as(self, path: tree.Path, unit: Unit) -> Symbol | None:
        visible = self._visible.get(unit.path, {})
        symbol = visible.get(path.text)
        if symbol is None and unit.path not in self._partial:
            # A suggestion beyond the findings that are shown is not read.
            self._unknown += 1
            choices = visible if self._unknown <= MOST_FINDINGS else {}
            edit = correction(path.span, path.text, choices)
            other = elsewhere.algorithm(path.text) if edit is None or not edit.safe else None
            meant = nearest(path.text, choices) if other is None else None
            labels = [Label(path.span, "unknown", primary=True)]
            if meant:
                labels.append(Label(visible[meant].span, f"`{meant}` is declared here"))
            known = f"known here: {quoted(visible)}" if 0 < len(visible) <= SMALL else ""
            importing = "a file is made known by `import`, a shipped spec is `std.name`"
            self.diagnostics.append(
                Diagnostic(
                    codes.UNKNOWN_NAME,
                    f"nothing here is called `{shortened(path.text)}`",
                    tuple(labels),
                    help=other.help("", path.text)
                    if other
                    else f"did you mean `{meant}`?"
                    if meant
                    else known or importing,
                    edit=edit if other is None else None,
                )
            )
        return symbol

    def _shipped(self, path: tree.Path, unit: Unit) -> Symbol | None:
        """`std.file`, whose declaration has the file's name or is its only one, or `std.file.name`."""
        file = unit.shipped.get(path.text)
        if file is None or file not in self._own:
            return None  # reported where the file was looked for
        own = self._own[file]
        name = path.names[-1].text
        for symbol in own:
            if symbol.name == name:
                return symbol
        if len(path.names) == 2 and len(own) == 1:
            return own[0]
        known = [symbol.name for symbol in own]
        meant = nearest(name, known)
        prefix = ".".join(part.text for part in path.names[:2])
        self.diagnostics.append(
            Diagnostic(
                codes.UNKNOWN_NAME,
                f"`{prefix}` declares no `{shortened(name)}`",
                (Label(path.span, "unknown", primary=True),),
                help=f"did you mean `{prefix}.{meant}`?" if meant else f"it declares {quoted(known)}" if known else "",
                edit=correction(path.span, name, known, lambda right: f"{prefix}.{right}"),
            )
        )
        return None

    def _relate(self, symbol: Symbol, algorithm: tree.Algorithm) -> None:
        if algorithm.parent is not None:
            self._parents[symbol] = self.find(algorithm.parent, symbol.unit, tree.Algorithm)
        mixins: dict[Symbol, tree.Path] = {}
        for path in algorithm.mixins:
            mixin = self.find(path, symbol.unit, tree.Architecture)
            if mixin is None:
                continue
            if mixin in mixins:
                self.diagnostics.append(
                    Diagnostic(
                        codes.REPEATED_MIXIN,
                        f"`{mixin.name}` is mixed in twice",
                        (Label(path.span, "again", primary=True), Label(mixins[mixin].span, "first here")),
                        help="remove one",
                    )
                )
                continue
            mixins[mixin] = path
        self._mixins[symbol] = tuple(mixins)

    def _find_cycles(self) -> None:
        done: set[Symbol] = set()
        for start in list(self._parents):
            line: list[Symbol] = []
            place: dict[Symbol, int] = {}
            here: Symbol | None = start
            while here is not None and here not in done and here not in place:
                place[here] = len(line)
                line.append(here)
                here = self._parents.get(here)
            if here is not None and here in place:
                circle = line[place[here] :]
                self._circular.update(circle)
                self.diagnostics.append(_cycle(circle))
            done.update(line)


def wrong_kind(name: str, symbol: Symbol, kind: type[tree.Declaration], span: Span) -> Diagnostic:
    """What a name means where a declaration of another kind is meant."""
    wanted = _KINDS[kind]
    labels = [
        Label(span, f"{wanted} is meant here" if span != symbol.span else f"declares {symbol.kind}", primary=True)
    ]
    if span != symbol.span:
        labels.append(Label(symbol.span, "declared here"))
    message = f"`{shortened(name)}` is {symbol.kind}, not {wanted}"
    return Diagnostic(codes.WRONG_DECLARATION, message, tuple(labels), help=instead(symbol))


def instead(symbol: Symbol) -> str:
    """How a declaration is used, where it stands for one of another kind."""
    match symbol.declaration:
        case tree.Architecture():
            return f"an algorithm mixes architectures in: `with {symbol.name}`"
        case tree.Algorithm():
            return f"an algorithm is inherited from: `extends {symbol.name}`"
        case tree.Study(entries=entries) | tree.Tune(entries=entries):
            given = (entry for entry in entries if isinstance(entry, tree.Assignment) and entry.path.text == "base")
            base = next(given, None)
            named = f", `{base.value.span.text}`" if base is not None else ""
            does = "varies" if isinstance(symbol.declaration, tree.Study) else "searches"
            return f"{symbol.kind} {does} an algorithm: name its base{named}"


def _cycle(circle: Sequence[Symbol]) -> Diagnostic:
    names = [symbol.name for symbol in circle]
    shown = names if len(names) <= _CHAIN else [*names[:4], "...", *names[-3:]]
    labels: list[Label] = []
    for symbol in circle[:_CHAIN]:
        declaration = symbol.declaration
        if isinstance(declaration, tree.Algorithm) and declaration.parent is not None:
            labels.append(Label(declaration.parent.span, f"parent of `{symbol.name}`", primary=not labels))
    return Diagnostic(
        codes.EXTENDS_CYCLE,
        f"`{names[0]}` inherits from itself",
        tuple(labels),
        notes=(" -> ".join([*shown, names[0]]),) if len(names) > 1 else (),
        help="an algorithm without a parent has to start the line",
    )
