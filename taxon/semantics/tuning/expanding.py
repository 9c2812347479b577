"""From the declaration of a tune to what it searches, checked: every end, every value, and how they go together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from taxon.diagnostics.model import Diagnostic, Label
from taxon.semantics import codes
from taxon.semantics.compose import Composer
from taxon.semantics.defaults import default_of
from taxon.semantics.resolve import Rules
from taxon.semantics.scope import Symbol
from taxon.semantics.studies.expanding import faulty
from taxon.semantics.studies.factors import Level, named
from taxon.semantics.studies.findings import finding
from taxon.semantics.studies.keys import (
    Keys,
    chosen,
    default_value,
    missing,
    read_environments,
    read_scale,
    scored,
    take,
    whole_number,
)
from taxon.semantics.studies.rows import Found, Rows, Space
from taxon.semantics.tuning.model import Method, Tune, Values
from taxon.semantics.tuning.spaces import Axis, as_named, read_axes
from taxon.semantics.tuning.vocabulary import EXAMPLES, REQUIRED, TUNE
from taxon.semantics.typing_ import Typed
from taxon.syntax import tree
from taxon.taxonomy.rules.duration import NO_UPDATE, check_duration

# Of more combinations of values and ends only each alone is resolved: a row takes some milliseconds.
MOST = 64


@dataclass(frozen=True)
class Expanded:
    """A tune, or None where there is an error; and all that was found. faulty: as of a study."""

    tune: Tune | None
    diagnostics: list[Diagnostic]
    faulty: tuple[Symbol, ...] = ()


@dataclass
class Candidates:
    """The rows of a tune: of its base with values written into it."""

    base: Level
    axes: Sequence[Axis]
    rows: Rows
    composer: Composer
    steps: int
    numbers: dict[tuple[tuple[str, str], ...], int] = field(default_factory=dict)

    def row(self, values: Values, environment: str) -> Found:
        """The row of some values, of all dimensions or of a few, in an environment."""
        assert self.base.base is not None  # a base names an algorithm
        key = tuple(sorted(values.items()))
        number = self.numbers.setdefault(key, len(self.numbers))
        vocabulary = self.composer.vocabulary
        levels = [axis.level(values[name], vocabulary) for axis in self.axes if (name := axis.dimension.name) in values]
        found = self.rows.cell(number, said(values) or self.base.text, self.base.base, levels, environment)
        short = check_duration(found.row, self.steps, option="steps = {}") if found.row and "data" in found.row else ()
        return replace(found, row=None, refusal=short[0]) if short else found


def said(values: Values) -> str:
    """Values in a line, for people."""
    return ", ".join(f"{name} = {text}" for name, text in values.items())


def expand(symbol: Symbol, composer: Composer, rules: Rules, space: Space | None = None) -> Expanded:
    """Expand a tune.

    Args:
        symbol: its declaration.
        composer: composes the algorithms of its library where no environment is known.
        rules: what is checked of a row that resolves.
        space: what an environment takes as its action, as for a study.

    Returns:
        the tune with the warnings about its text, or the errors. Nothing is raised for anything that a user can write.
    """
    node = symbol.declaration
    assert isinstance(node, tree.Tune)
    typed: dict[str, Typed] = {}
    keys = _read_keys(node, symbol, composer, typed)
    found = keys.found
    base = _base(keys, symbol, composer)
    axes = read_axes(symbol, node, composer.scope, composer.vocabulary, found)
    if symbol.unit.complete and not any(isinstance(entry, tree.Search | tree.Offered) for entry in node.entries):
        hint = "add `search optimizer.policy.lr in log_uniform(1e-5, 1e-2)`"
        found.append(finding(codes.BAD_STUDY, "the tune searches nothing", symbol.span, "no `search`", hint))
    used = [each for axis in axes for level in axis.levels for each in (level.mixin,) if each is not None]
    used += [] if base is None or base.base is None else [base.base]
    wrong = faulty(used, composer)
    if not symbol.unit.complete or found or base is None or base.base is None or wrong:
        return Expanded(None, found, wrong)
    candidates = Candidates(
        base, axes, Rows(symbol, composer, rules, used, space), composer, whole_number(typed["steps"])
    )
    found += _refused(symbol, keys, candidates)
    if found:
        return Expanded(None, found)
    return Expanded(_tune(symbol, node, keys, typed, candidates), found)


def _read_keys(node: tree.Tune, symbol: Symbol, composer: Composer, typed: dict[str, Typed]) -> Keys:
    keys = Keys("tune", TUNE)
    for entry in node.entries:
        if isinstance(entry, tree.Assignment):
            take(entry, keys, typed, composer.vocabulary)
    sampler = _method("sampler", typed)
    required = REQUIRED if _counts(sampler) else (*REQUIRED, "trials")
    if symbol.unit.complete:
        keys.found += missing(keys, node, symbol.span, required, EXAMPLES)
    if "on" in keys.given:
        keys.environments = read_environments(keys.given["on"].value, keys.found)
    if "scale" in keys.given:
        keys.scale = read_scale(keys.given["scale"].value, keys)
    elif len(keys.environments) > 1:
        names = ", ".join(f'"{name}" = [0, 1000]' for name in list(keys.environments)[:2])
        message = "the returns of several environments are averaged on a scale alone"
        hint = f"say which returns are 0 and 1: `scale = {{ {names} }}`, or tune on one environment"
        keys.found.append(finding(codes.BAD_STUDY, message, keys.given["on"].value.span, "several", hint))
    keys.score = scored(typed.get("score") or default_value("score"))
    keys.failure = chosen(typed.get("failure") or default_value("failure"))
    return keys


def _counts(sampler: Method) -> bool:
    """Whether a sampler has a number of trials of its own."""
    return "points" in sampler.parameters


def _base(keys: Keys, symbol: Symbol, composer: Composer) -> Level | None:
    if "base" not in keys.given:
        return None
    value = keys.given["base"].value
    if not isinstance(value, tree.Reference):
        hint = "a tune searches one algorithm: give each of several a tune of its own"
        keys.found.append(finding(codes.BAD_STUDY, "`base` names an algorithm", value.span, "no name", hint))
        return None
    meant = named(value, symbol, composer.scope, tree.Algorithm, keys.found)
    return None if meant is None else Level(value.name, value.span, base=meant)


def _method(key: str, typed: Mapping[str, Typed]) -> Method:
    """A sampler or a pruner, with its defaults."""
    given = typed.get(key) or default_value(key, TUNE)
    choice = TUNE[key].choice(chosen(given))
    parameters: dict[str, float] = {}
    for slot in choice.parameters if choice is not None else ():
        value = (given.below.get(slot.name) or default_of(slot) or given).value
        assert isinstance(value, int | float)  # its slot takes nothing else
        parameters[slot.name] = value
    return Method(chosen(given), parameters)


def _refused(symbol: Symbol, keys: Keys, candidates: Candidates) -> list[Diagnostic]:
    """What is wrong with the base, else with values; each reason once. Where all combinations of values and ends are
    known, values that go with none of the others alone are no mistake; and where one is, a value that is wrong alone
    says more."""
    axes = candidates.axes
    alone = [{axis.dimension.name: level.text} for axis in axes for level in axis.levels]
    several = prod(len(axis.levels) for axis in axes)
    together = [
        {axis.dimension.name: level.text for axis, level in zip(axes, levels, strict=True)}
        for levels in (product(*(axis.levels for axis in axes)) if several <= MOST else ())
    ]

    def wrong(tried: Iterable[Values]) -> list[Diagnostic]:
        found: dict[tuple[str, str], Diagnostic] = {}
        for values in tried:
            for environment in keys.environments:
                for each in _wrong(symbol, candidates, values, environment):
                    found.setdefault((each.code.id, each.message.partition(" is refused by ")[2]), each)
        return list(found.values())

    base = wrong([{}])
    if base or not together:
        return base or wrong(alone)
    refused = wrong(together)
    return (wrong(alone) or refused) if refused else []


def _wrong(symbol: Symbol, candidates: Candidates, values: Values, environment: str) -> Iterable[Diagnostic]:
    """What refuses values; that the base alone would run too short is no matter, since it is not run."""
    refusal = candidates.row(values, environment).refusal
    if refusal is not None and (values or refusal.code != NO_UPDATE):
        yield _refusal(symbol, candidates, values, environment, refusal)


def _refusal(symbol: Symbol, candidates: Candidates, values: Values, environment: str, why: Diagnostic) -> Diagnostic:
    spans = [level.span for axis in candidates.axes for level in axis.levels
             if values.get(axis.dimension.name) == level.text]  # fmt: skip
    about = [f"`{each}` of `{name}`" for name, each in values.items()]
    what = f"the value {' with '.join(about)}" if about else f"the base `{candidates.base.text}`"
    labels = [Label(span, "searched here", primary=span is spans[0]) for span in spans]
    labels = labels or [Label(candidates.base.span, "the base", primary=True)]
    known = {label.span for label in labels}
    labels += [replace(label, primary=False) for label in why.labels if label.span not in known | {symbol.span}]
    message = f"{what} is refused by {why.code.id}: {why.message}"
    notes = () if not values else (f"so it is on `{environment}`, in the base `{candidates.base.text}`",)
    return Diagnostic(codes.REFUSED_VALUE, message, tuple(labels), (*why.notes, *notes), why.help)


def _tune(symbol: Symbol, node: tree.Tune, keys: Keys, typed: Mapping[str, Typed], candidates: Candidates) -> Tune:
    number = {name: whole_number(typed.get(name) or default_value(name, TUNE))
              for name in ("seeds", "first_seed", "at_once")}  # fmt: skip
    sampler = _method("sampler", typed)
    dimensions = tuple(axis.dimension for axis in candidates.axes)
    size = _size(candidates.axes, sampler) if _counts(sampler) else None
    trials = whole_number(typed["trials"]) if "trials" in typed else size or 1
    assert candidates.base.base is not None  # a base names an algorithm
    return Tune(
        symbol.name,
        node.doc,
        candidates.base.text,
        dimensions,
        tuple(keys.environments),
        range(number["first_seed"], number["first_seed"] + number["seeds"]),
        whole_number(typed["steps"]),
        trials if size is None else min(trials, size),
        number["at_once"],
        keys.score,
        keys.failure,
        keys.scale,
        sampler,
        _method("pruner", typed),
        candidates.row,
        candidates.rows.target,
        as_named(candidates.base.text, candidates.base.base),
    )


def _size(axes: Sequence[Axis], sampler: Method) -> int:
    """The combinations of a grid."""
    return prod(len(axis.dimension.points(sampler.whole("points"))) for axis in axes)
