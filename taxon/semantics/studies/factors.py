"""What a study varies: each factor with its levels, and what a level does to the algorithm of a cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Span
from taxon.semantics import codes
from taxon.semantics.bodies import Operation, read_value, unknown_path
from taxon.semantics.changing import read_change
from taxon.semantics.loading import reference_path
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.studies.findings import finding
from taxon.semantics.studies.model import Factor
from taxon.semantics.studies.vocabulary import MARGINS
from taxon.semantics.values import shortened
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.syntax.printing import expression

_RESERVED = (*MARGINS, "levels")


@dataclass(frozen=True)
class Level:
    """One value of a factor: another base, an architecture mixed in, or an entry of the cell's body."""

    text: str
    span: Span
    base: Symbol | None = None
    mixin: Symbol | None = None
    operation: Operation | None = None


@dataclass(frozen=True)
class Axis:
    """A factor as it is declared."""

    name: str
    about: str
    span: Span  # of the name
    levels: tuple[Level, ...]

    def factor(self) -> Factor:
        return Factor(self.name, self.about, tuple(level.text for level in self.levels))


@dataclass
class Axes:
    """The factors of a study in their order, its only base where it has one, and what is wrong with them."""

    axes: list[Axis]
    base: Level | None
    found: list[Diagnostic]


def read_axes(symbol: Symbol, study: tree.Study, scope: Scope, vocabulary: Vocabulary) -> Axes:
    """What a study varies. Where something is wrong, the levels that are right are there all the same."""
    result = Axes([], None, [])
    paths: dict[str, Span] = {}
    names: dict[str, Span] = {}
    seen = False
    for entry in study.entries:
        axis: Axis | None = None
        match entry:
            case tree.Assignment(path=path, value=value) if path.text == "base" and not seen:
                seen = True
                axis = _bases(path, value, symbol, scope, result)
            case tree.Vary(path=path):
                first = paths.setdefault(path.text, path.span)
                if first is not path.span:
                    message = f"`{shortened(path.text)}` stands twice in one study"
                    result.found.append(
                        finding(codes.SET_TWICE, message, path.span, "again", "keep one of them", first)
                    )
                    continue
                axis = read_values(entry, vocabulary, result.found)
            case tree.Mixed():
                axis = read_mixins(entry, symbol, scope, result.found)
        if axis is None:
            continue
        first = names.setdefault(axis.name, axis.span)
        if first is not axis.span:
            message = f"two factors are called `{shortened(axis.name)}`"
            hint = "give one of them another name: `vary NAME = path in [...]`"
            result.found.append(finding(codes.SET_TWICE, message, axis.span, "again", hint, first))
        elif axis.name in _RESERVED:
            message, hint = f"a claim means something else by `{axis.name}`", "give the factor another name"
            result.found.append(finding(codes.BAD_STUDY, message, axis.span, "no name of a factor", hint))
        else:
            result.axes.append(axis)
    return result


def named(reference: tree.Reference, symbol: Symbol, scope: Scope, kind: type[tree.Algorithm | tree.Architecture],
          found: list[Diagnostic]) -> Symbol | None:  # fmt: skip
    """The declaration that a name in a study means."""
    before = len(scope.diagnostics)
    meant = scope.find(reference_path(reference), symbol.unit, kind)
    found += scope.diagnostics[before:]
    del scope.diagnostics[before:]
    return meant


def _bases(path: tree.Path, value: tree.Expression, symbol: Symbol, scope: Scope, result: Axes) -> Axis | None:
    items = value.items if isinstance(value, tree.List) else (value,)
    if not items:
        result.found.append(finding(codes.BAD_STUDY, "`base` names an algorithm", value.span, "none"))
    levels: dict[Symbol, Level] = {}
    for item in items:
        if not isinstance(item, tree.Reference):
            result.found.append(finding(codes.BAD_STUDY, "`base` names an algorithm", item.span, "no name"))
            continue
        meant = named(item, symbol, scope, tree.Algorithm, result.found)
        if meant is not None:
            _once(levels, meant, Level(item.name, item.span, base=meant), "base", result.found)
    if isinstance(value, tree.List):
        return Axis("base", "base", path.span, tuple(levels.values()))
    result.base = next(iter(levels.values()), None)
    return None


def read_mixins(entry: tree.Mixed | tree.Offered, symbol: Symbol, scope: Scope, found: list[Diagnostic]) -> Axis:
    """A factor whose levels are architectures."""
    name = entry.name.text
    _not_empty(name, entry.mixins, "[sac_net, mpo_net]", found)
    levels: dict[Symbol, Level] = {}
    for item in entry.mixins.items:
        if not isinstance(item, tree.Reference):
            message, hint = f"`{name}` varies over architectures", "name them: `vary net with [sac_net, mpo_net]`"
            found.append(finding(codes.BAD_STUDY, message, item.span, "no name", hint))
            continue
        meant = named(item, symbol, scope, tree.Architecture, found)
        if meant is not None:
            _once(levels, meant, Level(item.name, item.span, mixin=meant), name, found)
    return Axis(name, "with", entry.name.span, tuple(levels.values()))


def _once(levels: dict[Symbol, Level], meant: Symbol, level: Level, name: str, found: list[Diagnostic]) -> None:
    known = levels.setdefault(meant, level)
    if known is not level:
        message = f"`{name}` varies over `{shortened(level.text)}` twice"
        found.append(finding(codes.BAD_STUDY, message, level.span, "again", "keep one of them", known.span))


def read_values(entry: tree.Vary, vocabulary: Vocabulary, found: list[Diagnostic]) -> Axis | None:
    """A factor whose levels are values of a path; None where there is no such path."""
    path = entry.path.text
    name = entry.name.text if entry.name is not None else path
    places = vocabulary.places(path)
    if not places:
        found.append(unknown_path(entry.path, vocabulary))
        return None
    _not_empty(path, entry.values, "[a, b]", found)
    levels: dict[str, Level] = {}
    for item in entry.values.items:
        text = expression(item)
        operation = Operation(path, entry.path.span, item.span, places, vocabulary.is_shared(path), item.span)
        if isinstance(item, tree.Change):
            modifications, wrong = read_change(item, places, path)
            found += wrong
            fine = bool(modifications) and not wrong
            operation = replace(operation, modifications=modifications)
        else:
            operation = replace(operation, readings=read_value(item, places, path))
            fine = not operation.faulty
            found += () if fine else operation.readings[0].diagnostics
        if not fine:
            continue
        known = levels.setdefault(text, Level(text, item.span, operation=operation))
        if known.span is not item.span:
            message = f"`{path}` varies over `{shortened(text)}` twice"
            found.append(finding(codes.BAD_STUDY, message, item.span, "again", "keep one of them", known.span))
    span = entry.name.span if entry.name is not None else entry.path.span
    return Axis(name, path, span, tuple(levels.values()))


def _not_empty(name: str, values: tree.List, example: str, found: list[Diagnostic]) -> None:
    if not values.items:
        hint = f"name at least one value: `{example}`"
        found.append(finding(codes.BAD_STUDY, f"`{name}` varies over nothing", values.span, "empty", hint))
