"""Which rows over the seven factors are coherent, counted by the checker; and which rules refuse the others.

A row over the factors is coherent if some choice of everything else (eta, the data, networks, targets, ...) makes it a
row that the resolver and the rules accept. The search applies the rules to rows decided leaf by leaf. A rule that
refuses names by what it read the decisions to blame; alternatives to any other decision are passed over
(conflict-directed backjumping: Prosser 1993).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from taxon.diagnostics.source import Source
from taxon.semantics.bodies import read_body
from taxon.semantics.canonical import leaf_text
from taxon.semantics.defaults import default_of
from taxon.semantics.layers import Layer, Settings, apply
from taxon.semantics.loading import Unit
from taxon.semantics.overrides import read_overrides
from taxon.semantics.resolve import Resolution, resolve
from taxon.semantics.scope import Symbol
from taxon.semantics.space.draft import Draft, UndecidedError, options
from taxon.semantics.space.entries import Entry, every_entry
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import parse, tree
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.rule import Rule
from taxon.taxonomy.rules import check_row, every_rule


@dataclass(frozen=True)
class Point:
    """A coherent row over the factors, in their order, and the settings beside it that complete it."""

    entries: tuple[Entry, ...]
    completion: tuple[str, ...]  # `path=value`

    @property
    def settings(self) -> tuple[str, ...]:
        """All that is to be set, as `--set` takes it."""
        return (*(entry.setting for entry in self.entries), *self.completion)


@dataclass(frozen=True)
class Blame:
    """Entries that no coherent row holds together, and the rules that refuse every row with them: no fewer of the rules
    would do. Where it takes several, `cases` has the rules for each pi_q."""

    entries: tuple[Entry, ...]
    rules: tuple[Rule, ...]
    cases: tuple[tuple[Entry, tuple[Rule, ...]], ...] = ()


@dataclass(frozen=True)
class _Refusal:
    """No completion: the variables whose values are to blame, and the rules that refused."""

    variables: frozenset[str]
    rules: frozenset[Rule]


# Rules that are not settled, each with the leaf that it waits for; None for one that is not applied yet. Until that
# leaf is decided a rule reads what it has read before, and says no more.
_Open = Sequence[tuple[Rule, UndecidedError | None]]


class DisagreementError(Exception):
    """The search and the resolver judge a row differently: a defect here, no user's mistake."""


def coherent(factors: Mapping[str, Sequence[Entry]] | None = None) -> Iterator[Point]:
    """Every coherent row over the seven factors, in the order of their entries; each was accepted by the resolver.

    Args:
        factors: the entries to choose from, by factor; all of them by default.

    Raises:
        DisagreementError: the resolver refuses a row that the rules were found to accept.
    """
    for point in _walk(Draft(), (), factors or every_entry(), [(rule, None) for rule in every_rule()]):
        resolution = attempt(point.settings)
        if resolution.row is None:
            raise DisagreementError(f"{'; '.join(point.settings)}: {resolution.diagnostics[0].message}")
        yield point


def refused(points: Iterable[Point]) -> list[Blame]:
    """What is refused: the entries that stand in no coherent row, then the pairs of other entries that stand in none
    together.

    Args:
        points: all coherent rows.
    """
    alone: set[Entry] = set()
    together: set[tuple[Entry, Entry]] = set()
    for point in points:
        alone.update(point.entries)
        together.update(combinations(point.entries, 2))
    everything = [entry for factor in FACTORS for entry in every_entry()[factor]]
    blamed = [blame(entry) for entry in everything if entry not in alone]
    for pair in combinations([entry for entry in everything if entry in alone], 2):
        if pair[0].factor != pair[1].factor and pair not in together:
            blamed.append(blame(*pair))
    return blamed


def blame(*given: Entry) -> Blame:
    """The rules that refuse every row with some entries.

    One rule that does it alone, where there is one: of several the one whose finding does not follow from another's.
    Else a set of rules of which none can be missed, for each pi_q apart.

    Raises:
        DisagreementError: there is a row with these entries that no rule refuses.
    """
    for rule in _by_cause():
        if _refusal(given, (rule,)) is not None:
            return Blame(given, (rule,))
    if any(entry.factor == "pi_q" for entry in given):
        return Blame(given, _needed(given))
    cases = tuple((entry, blame(*given, entry).rules) for entry in every_entry()["pi_q"])
    together = {rule for _, rules in cases for rule in rules}
    same = all(set(rules) == together for _, rules in cases)
    return Blame(given, tuple(rule for rule in every_rule() if rule in together), () if same else cases)


def _needed(given: Sequence[Entry]) -> tuple[Rule, ...]:
    """Rules that together refuse every row with some entries, none of them in vain; causes before consequences."""
    for depth in range(_depth(_by_cause()[-1]) + 1):
        refusal = _refusal(given, [rule for rule in _by_cause() if _depth(rule) <= depth])
        if refusal is None:
            continue
        needed = [rule for rule in _by_cause() if rule in refusal.rules]
        for rule in reversed(needed[:]):
            fewer = [other for other in needed if other is not rule]
            if _refusal(given, fewer) is not None:
                needed = fewer
        return tuple(sorted(needed, key=every_rule().index))
    raise DisagreementError(", ".join(entry.setting for entry in given))


@cache
def _depth(rule: Rule) -> int:
    """How many findings a rule's may follow from, one from the other."""
    return max((1 + _depth(cause) for cause in every_rule() if cause.code.id in rule.after), default=0)


@cache
def _by_cause() -> list[Rule]:
    """A rule stands behind those of which its finding may be a mere consequence."""
    return sorted(every_rule(), key=_depth)


def attempt(settings: Iterable[str]) -> Resolution:
    """Resolve an algorithm that says `path=value` for each setting, and hold it against the rules."""
    symbol, vocabulary = _blank()
    body = read_body([entry for setting in settings for entry in _read(setting)], vocabulary)
    held = Settings()
    apply(held, body, Layer("spec", "", symbol))
    found = [*body.diagnostics, *held.diagnostics]
    return Resolution(None, found) if found else resolve(symbol, held, vocabulary, check_row)


@cache
def _blank() -> tuple[Symbol, Vocabulary]:
    file, found = parse(Source("space", "taxon 1\nalgorithm row {}\n"))
    return Symbol(file.declarations[0], Unit(Path("space"), file, found)), Vocabulary(SCHEMA)


@cache
def _read(setting: str) -> list[tree.Entry]:
    read, found = read_overrides([setting])
    if found:
        raise DisagreementError(found[0].message)
    return read


def _walk(
    draft: Draft, chosen: tuple[Entry, ...], factors: Mapping[str, Sequence[Entry]], rules: _Open
) -> Generator[Point, None, _Refusal | None]:
    """The coherent rows that begin with the chosen entries; or, where there are none, why."""
    answer, rules, _ = _sift(draft, rules)
    if answer is not None:
        return answer
    if len(chosen) == len(FACTORS):
        answer = _complete(draft, rules)
        if answer is None:
            yield Point(chosen, _completion(draft))
            for variable in [variable for variable in draft.decided if variable not in FACTORS]:
                draft.forget(variable)
        return answer
    factor = FACTORS[len(chosen)]
    refusals: list[_Refusal] = []
    entries = factors[factor]
    for entry in entries:
        draft.decide(factor, entry.leaves)
        refusal = yield from _walk(draft, (*chosen, entry), factors, rules)
        draft.forget(factor)
        if refusal is not None:
            if factor not in refusal.variables:
                return refusal
            refusals.append(refusal)
    return _union(refusals, factor) if len(refusals) == len(entries) else None


def _refusal(given: Sequence[Entry], rules: Sequence[Rule]) -> _Refusal | None:
    """Why these rules accept no row with the given entries, or None where they accept one."""
    draft = Draft()
    for entry in given:
        draft.decide(entry.factor, entry.leaves)
    return _complete(draft, [(rule, None) for rule in rules])


def _complete(draft: Draft, rules: _Open) -> _Refusal | None:
    """Decide as much as the rules read so that none of them refuses; where that is impossible, leave the draft as
    it was and say why."""
    answer, rules, undecided = _sift(draft, rules)
    if answer is not None or undecided is None:
        return answer
    refusals: list[_Refusal] = []
    for leaves in options(undecided):
        draft.decide(undecided.path, leaves)
        refusal = _complete(draft, rules)
        if refusal is None:
            return None
        draft.forget(undecided.path)
        if undecided.path not in refusal.variables:
            return refusal
        refusals.append(refusal)
    return _union(refusals, undecided.path)


def _sift(draft: Draft, rules: _Open) -> tuple[_Refusal | None, _Open, UndecidedError | None]:
    """Apply the rules: a refusal, if one is certain; the rules that are not settled; what the first of these reads."""
    open_: list[tuple[Rule, UndecidedError | None]] = []
    first: UndecidedError | None = None
    for rule, awaited in rules:
        if awaited is None or draft.decides(awaited.path):
            draft.reads = set()
            try:
                conflict = rule.check(draft.row)
            except UndecidedError as undecided:
                awaited = UndecidedError(undecided.path, undecided.slot)  # without the frames of this one
            else:
                if conflict is not None:
                    return _Refusal(frozenset(draft.reads), frozenset((rule,))), rules, None
                continue
        open_.append((rule, awaited))
        first = first or awaited
    return None, open_, first


def _union(refusals: Iterable[_Refusal], variable: str) -> _Refusal:
    """What refuses every value of a variable."""
    found = tuple(refusals)
    variables = frozenset[str]().union(*(refusal.variables for refusal in found))
    return _Refusal(variables - {variable}, frozenset[Rule]().union(*(refusal.rules for refusal in found)))


def _completion(draft: Draft) -> tuple[str, ...]:
    """What was decided beside the factors and is not the default."""
    found: list[str] = []
    for variable, leaves in draft.decided.items():
        if variable in FACTORS:
            continue
        leaf = leaves[variable]
        default = default_of(leaf.slot)
        if default is None or default.value != leaf.value:
            found.append(f"{variable}={leaf_text(leaf.value)}")
    return tuple(found)
