"""From the declaration of a study to its cells, its runs and its contrasts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from types import MappingProxyType

from taxon.diagnostics.model import Diagnostic, Label, Severity
from taxon.diagnostics.source import Span
from taxon.semantics import codes
from taxon.semantics.compose import Composer
from taxon.semantics.resolve import Rules
from taxon.semantics.scope import Symbol
from taxon.semantics.studies.claims import Grid, read_claims
from taxon.semantics.studies.factors import Axes, Axis, Level, read_axes
from taxon.semantics.studies.findings import finding, unknown
from taxon.semantics.studies.keys import Keys, read_keys
from taxon.semantics.studies.model import Cell, Difference, Factor, Rung, Study
from taxon.semantics.studies.rows import Found, Rows, Space
from taxon.semantics.studies.walks import Visited, Walk, read_walk, visit
from taxon.semantics.values import shortened
from taxon.syntax import tree
from taxon.syntax.printing import expression
from taxon.taxonomy.rules import check_duration
from taxon.taxonomy.schema import Row

# A grid of more combinations of levels is not resolved: each takes some milliseconds, and years to run.
MOST = 1_000

# What a cell is called, beside its levels, whose module was changed by hand.
EDITED = "edited"

# How many refused cells are named beside the first.
_NAMED = 3


@dataclass(frozen=True)
class Expanded:
    """A study, or None where there is an error; and all that was found.

    faulty: algorithms and architectures that it is about and whose text is wrong. What is wrong with them is not among
    the diagnostics.
    """

    study: Study | None
    diagnostics: list[Diagnostic]
    faulty: tuple[Symbol, ...] = ()


@dataclass
class _Cells:
    """The cells so far, and what is wrong with their rows."""

    cells: list[Cell] = field(default_factory=list)
    refused: dict[tuple[str, str], list[tuple[str, Diagnostic]]] = field(default_factory=dict)
    short: dict[tuple[str, str], Diagnostic] = field(default_factory=dict)
    unknown: bool = False  # the row of some cell is not known, for a reason that is reported elsewhere


def expand(
    symbol: Symbol,
    composer: Composer,
    rules: Rules,
    space: Space | None = None,
    edited: Mapping[str, str] = MappingProxyType({}),
) -> Expanded:
    """Expand a study.

    Args:
        symbol: its declaration.
        composer: composes the algorithms of its library where no environment is known.
        rules: what is checked of a row that resolves.
        space: what an environment takes as its action. With it `when actions = ...` applies and each row is held
            against its environment; without, environments are only names.
        edited: by the name of a base the SHA-256 of the module that is trained in its place.

    Returns:
        the study with the warnings about its text, or the errors. Nothing is raised for anything that a user can write.
    """
    study = symbol.declaration
    assert isinstance(study, tree.Study)
    keys = read_keys(study, symbol.span, symbol.unit.complete, composer.vocabulary)
    axes = read_axes(symbol, study, composer.scope, composer.vocabulary)
    found = [*keys.found, *axes.found, *_combined(study, keys)]
    ladder = keys.given.get("ladder")
    walk = None if ladder is None else read_walk(ladder.value, symbol, composer.scope, composer.vocabulary, found)
    excludes = [_exclude(entry, axes.axes, found) for entry in study.entries if isinstance(entry, tree.Block)]
    size = prod(len(axis.levels) for axis in axes.axes)
    if size > MOST:
        message = f"the grid has {size:,} combinations, more than {MOST:,}"
        found.append(finding(codes.BAD_STUDY, message, symbol.span, "too many", "vary less, or split the study"))
    used = _used(axes, walk)
    wrong = faulty(used, composer)
    sound = symbol.unit.complete and not found and len(keys.amounts) > 0 and not wrong
    if not sound or not (walk or axes.base or any(axis.about == "base" for axis in axes.axes)):
        if not axes.found and symbol.unit.complete:
            ends = None if ladder is None else ("", "")
            read_claims(study, Grid(axes.axes, {}, (), ends=ends, resolved=False), found)
        return Expanded(None, found, wrong)
    rows = Rows(symbol, composer, rules, used, space)
    if walk is not None:
        return _ladder(symbol, study, walk, keys, rows)
    return _grid(symbol, study, axes, excludes, keys, rows, edited)


def _combined(study: tree.Study, keys: Keys) -> Iterable[Diagnostic]:
    """What does not go together, whatever the rows are."""
    claims = [entry for entry in study.entries if isinstance(entry, tree.Claim)]
    if claims and keys.score.kind == "best":
        labels = (
            Label(keys.given["score"].value.span, "overstates what is noisy", primary=True),
            Label(claims[0].span, "a claim rests on it"),
        )
        message = "a study with claims is not scored by its best evaluations"
        hint = "write `score = final(0.1)`, or `auc`"
        yield Diagnostic(codes.BIASED_SCORE, message, labels, help=hint)
    adaptive = any(amounts.seeds.adaptive for amounts in keys.amounts.values())
    if adaptive and not claims:
        span = keys.given["seeds"].value.span
        message = "`adaptive` adds seeds until the claims are decided, and there are none"
        yield finding(codes.BAD_STUDY, message, span, "decides nothing", "add a `claim`, or write `seeds = 10`")
    ladder = keys.given.get("ladder")
    for entry in study.entries if ladder is not None else ():
        beside = (keys.given.get("base"), keys.given.get("refused"))
        if isinstance(entry, tree.Vary | tree.Mixed | tree.Block) or any(entry is each for each in beside):
            message, hint = (
                "a ladder varies what its two rows differ in, and nothing else",
                "make it a study of its own",
            )
            assert ladder is not None
            first = ladder.path.span
            yield finding(codes.BAD_STUDY, message, entry.span, "beside a ladder", hint, first)


def _exclude(block: tree.Block, axes: Sequence[Axis], found: list[Diagnostic]) -> dict[str, str]:
    """The level of each factor that an `exclude` names."""
    if not block.entries:
        hint = "name what it leaves out: `exclude { base = std.mpo, net = sac_net }`"
        found.append(finding(codes.BAD_STUDY, "`exclude` names no cell", block.path.span, "empty", hint))
    by_name = {axis.name: axis for axis in axes}
    said: dict[str, str] = {}
    first: dict[str, Span] = {}
    for entry in block.entries:
        assert isinstance(entry, tree.Assignment)  # the parser leaves nothing else
        name, text = entry.path.text, expression(entry.value)
        if name in first:
            message = f"`{shortened(name)}` stands twice in one `exclude`"
            found.append(finding(codes.SET_TWICE, message, entry.path.span, "again", "keep one of them", first[name]))
        elif name not in by_name:
            found.append(unknown("factor", name, entry.path.span, by_name))
        elif text not in (levels := [level.text for level in by_name[name].levels]):
            found.append(unknown("level", text, entry.value.span, levels, f"`{name}`"))
        else:
            said[name] = text
        first.setdefault(name, entry.path.span)
    return said


def _used(axes: Axes, walk: Walk | None) -> list[Symbol]:
    """The algorithms and architectures that a study is about."""
    levels = [level for axis in axes.axes for level in axis.levels]
    levels += [axes.base] if axes.base is not None else []
    levels += [walk.start, walk.end] if walk is not None else []
    return [symbol for level in levels for symbol in (level.base, level.mixin) if symbol is not None]


def faulty(used: Sequence[Symbol], composer: Composer) -> tuple[Symbol, ...]:
    """Those algorithms and architectures, with the ancestors of algorithms, whose text is wrong."""
    lines = dict.fromkeys(each for symbol in used for each in composer.line(symbol))
    return tuple(each for each in lines if _is_faulty(each, composer))


def _is_faulty(symbol: Symbol, composer: Composer) -> bool:
    said = [diagnostic for part in composer.parts(symbol) for diagnostic in composer.body(part).diagnostics]
    if not isinstance(symbol.declaration, tree.Algorithm):
        return _has_error(said)
    composed = composer.compose(symbol)
    return composed.settings is None or _has_error([*said, *composed.diagnostics])


def _has_error(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)


def _grid(
    symbol: Symbol,
    study: tree.Study,
    axes: Axes,
    excludes: Sequence[Mapping[str, str]],
    keys: Keys,
    rows: Rows,
    edited: Mapping[str, str],
) -> Expanded:
    result = _Cells()
    for number, levels in enumerate(product(*(axis.levels for axis in axes.axes))):
        at = {axis.name: level.text for axis, level in zip(axes.axes, levels, strict=True)}
        base = next((level for level in levels if level.base is not None), axes.base)
        assert base is not None  # else nothing is expanded
        assert base.base is not None
        name = ", ".join(f"{factor} = {level}" for factor, level in at.items()) or base.text
        excluded = any(exclude.items() <= at.items() for exclude in excludes)
        module = edited.get(base.text, "")
        name += f" ({EDITED})" if module else ""
        for environment in keys.environments:
            row = None if excluded else rows.cell(number, name, base.base, levels, environment)
            _put(result, tuple(at.values()), name, environment, row, keys, module)
    factors = tuple(axis.factor() for axis in axes.axes)
    found = _unfit(symbol, result, keys)
    if not found and all(cell.left_out for cell in result.cells):
        found.append(finding(codes.BAD_STUDY, "no cell of the grid is left", symbol.span, "runs nothing"))
    return _finished(symbol, study, keys, result, found, factors, axes.axes, (), None)


def _ladder(symbol: Symbol, study: tree.Study, walk: Walk, keys: Keys, rows: Rows) -> Expanded:
    result = _Cells()
    visits: dict[tuple[bool, ...], Visited] = {}
    found: list[Diagnostic] = []
    steps: dict[str, dict[str, tuple[Difference, ...]]] = {}
    choices: dict[str, tuple[str, ...]] = {}
    for environment in keys.environments:
        ends = [_end(level, rows, environment, result) for level in (walk.start, walk.end)]
        left, right = ends
        if left is None or right is None:
            continue
        if left == right:
            message = f"`{walk.start.text}` and `{walk.end.text}` have equal rows"
            found.append(finding(codes.BAD_STUDY, message, walk.span, f"no way to go on {environment}"))
            break
        where = rows.where(environment)
        if where not in visits:
            visits[where] = visit(walk, left, right)
        visited = visits[where]
        hashes = {}
        for number, (state, row) in enumerate(visited.rows.items()):
            name = visited.names[state]
            renamed = replace(row, name=f"{symbol.name}_{number + 1}", doc=name, leaves=dict(row.leaves))
            judged = rows.held(rows.judged(renamed), environment)
            hashes[state] = judged.hash
            _put(result, (name,), name, environment, judged, keys)
        for step in visited.steps:
            weight = 1 / max(len(step.moves), 1)
            moves = (Difference(m.given, weight, hashes[m.high], hashes[m.low]) for m in step.moves)
            steps.setdefault(step.name, {})[environment] = tuple(moves)
            choices.setdefault(step.name, step.choices)
    rungs = tuple(Rung(name, choices[name], differences) for name, differences in steps.items())
    levels = tuple(dict.fromkeys(cell.name for cell in result.cells))
    factors = (Factor("ladder", "ladder", levels),)
    found += _unfit(symbol, result, keys)
    return _finished(symbol, study, keys, result, found, factors, (), rungs, (walk.start.text, walk.end.text))


def _end(level: Level, rows: Rows, environment: str, result: _Cells) -> Row | None:
    """The row at an end of a ladder; what refuses it is noted."""
    assert level.base is not None  # an end names an algorithm
    found = rows.algorithm(level.base, environment)
    if found.refusal is not None:
        _refuse(result, level.text, environment, found.refusal)
    return found.row


def _put(
    result: _Cells,
    levels: tuple[str, ...],
    name: str,
    environment: str,
    found: Found | None,
    keys: Keys,
    module: str = "",
) -> None:
    """Add a cell; `found` is None where it is excluded. module: the hash of one that is trained for the row's own."""
    amounts = keys.amounts[environment]
    row = None if found is None else found.row
    why = "" if row is not None else "excluded"
    if found is not None and row is None:
        if found.refusal is None:
            result.unknown = True
            return
        why = f"{found.refusal.code.id}: {found.refusal.message}"
        if not keys.leave_out:
            _refuse(result, name, environment, found.refusal)
    if row is not None and "data" in row:
        for each in check_duration(row, amounts.steps, option="steps = {}"):
            blamed = Label(amounts.span, "ends before it", primary=True)
            others = (replace(label, primary=False) for label in each.labels)
            result.short.setdefault((each.code.id, each.message), replace(each, labels=(blamed, *others)))
    row_hash, lints = ("", ()) if found is None else (found.hash, found.lints)
    if row is not None and module:
        row_hash = hashlib.sha256(f"{row_hash} {module}".encode()).hexdigest()
    cell = Cell(levels, name, environment, amounts.steps, amounts.seeds, row, row_hash, lints, why, module)
    result.cells.append(cell)


def _refuse(result: _Cells, name: str, environment: str, refusal: Diagnostic) -> None:
    cells = result.refused.setdefault((refusal.code.id, refusal.message), [])
    cells.append((f"{name}` on `{environment}", refusal))


def _unfit(symbol: Symbol, result: _Cells, keys: Keys) -> list[Diagnostic]:
    """The cells that are refused, each reason once, and the runs that end before they learn."""
    return [*(_refusal(symbol, cells, keys) for cells in result.refused.values()), *result.short.values()]


def _refusal(symbol: Symbol, cells: Sequence[tuple[str, Diagnostic]], keys: Keys) -> Diagnostic:
    (name, why), *others = cells
    labels = [Label(symbol.span, "has a cell that means nothing", primary=True)]
    labels += [replace(label, primary=False) for label in why.labels]
    more = [f"`{other}`" for other, _ in others[:_NAMED]]
    rest = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    notes = (f"so are {', '.join(more)}{rest}",) if others else ()
    ladder = "ladder" in keys.given
    hint = why.help if ladder else "leave it out: `exclude { ... }`, or `refused = leave_out` for all such cells"
    message = f"the cell `{name}` is refused by {why.code.id}: {why.message}"
    return Diagnostic(codes.REFUSED_CELL, message, tuple(labels), (*why.notes, *notes), hint)


def _finished(
    symbol: Symbol,
    study: tree.Study,
    keys: Keys,
    result: _Cells,
    found: list[Diagnostic],
    factors: tuple[Factor, ...],
    axes: Sequence[Axis],
    rungs: tuple[Rung, ...],
    ends: tuple[str, str] | None,
) -> Expanded:
    resolved = not found and not result.unknown
    cells = {(cell.environment, cell.levels): cell for cell in result.cells}
    claims = read_claims(study, Grid(axes, cells, list(keys.environments), rungs, ends, resolved), found)
    if found or result.unknown:
        return Expanded(None, found)
    environments = tuple(keys.environments)
    name, doc = symbol.name, study.doc
    all_cells = tuple(result.cells)
    return Expanded(
        Study(name, doc, factors, environments, keys.score, keys.failure, keys.scale, all_cells, claims, rungs), found
    )
