"""The rows between two algorithms, as a study visits them: by sampled orders of their choices, or from both ends.

Whatever order is taken, its steps are the same ones: those of `taxon ladder`, coarser where the study says so. So an
average over the orders is the Shapley value of a step, restricted to the orders whose rows all mean something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Span
from taxon.semantics import codes
from taxon.semantics.ladder.ladder import Between, Choices, climb
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.studies.factors import Level, named
from taxon.semantics.studies.findings import finding
from taxon.semantics.studies.vocabulary import STUDY
from taxon.semantics.typing_ import check
from taxon.semantics.values import quoted, shortened
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.taxonomy.schema import Choice, Row

# Orders are drawn from these; a later draw may repeat one that is known.
_SEED = 0
_DRAWS = 20

_EXAMPLE = "write `ladder = walk(std.sac, std.mpo)`"


@dataclass(frozen=True)
class Walk:
    """`walk(A, B, orders = 4)`; `orders` is 0 for `ends`."""

    start: Level
    end: Level
    orders: int
    together: tuple[str, ...]
    span: Span


@dataclass(frozen=True)
class Move:
    """What a step changes once: the states after and before it, and what its place is called."""

    given: str
    high: Choices
    low: Choices


@dataclass(frozen=True)
class Step:
    """Choices that move together, and each move of them that was sampled."""

    name: str
    choices: tuple[str, ...]
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Visited:
    """The states of a walk, by what moved, in the order in which they are met; their rows and names; and its steps."""

    rows: dict[Choices, Row]
    names: dict[Choices, str]
    steps: tuple[Step, ...]


def read_walk(
    value: tree.Expression, symbol: Symbol, scope: Scope, vocabulary: Vocabulary, found: list[Diagnostic]
) -> Walk | None:
    """What `ladder` says; None, with a finding, where that is no walk between two algorithms."""
    if not isinstance(value, tree.Call) or value.function.text != "walk":
        found.append(
            finding(codes.BAD_STUDY, "`ladder` is a walk between two algorithms", value.span, "no walk", _EXAMPLE)
        )
        return None
    choice = STUDY["ladder"].choices[0]
    given = _arguments(value, choice, found)
    if given is None:
        return None
    ends: list[Level] = []
    for key in ("from", "to"):
        said = given.get(key)
        if not isinstance(said, tree.Reference):
            span = value.span if said is None else said.span
            found.append(finding(codes.BAD_STUDY, "a walk names two algorithms", span, "no name", _EXAMPLE))
            return None
        meant = named(said, symbol, scope, tree.Algorithm, found)
        if meant is None:
            return None
        ends.append(Level(said.name, said.span, base=meant))
    if ends[0].base is ends[1].base:
        found.append(finding(codes.BAD_STUDY, "a walk leads to another algorithm", ends[1].span, "the same one"))
        return None
    orders = _orders(given.get("orders"), choice, found)
    together = _together(given.get("together"), vocabulary, found)
    return None if orders is None or together is None else Walk(ends[0], ends[1], orders, together, value.span)


def _arguments(call: tree.Call, choice: Choice, found: list[Diagnostic]) -> dict[str, tree.Expression] | None:
    names = [slot.name for slot in choice.parameters]
    given: dict[str, tree.Expression] = {}
    for at, argument in enumerate(call.arguments):
        name = argument.name.text if argument.name is not None else names[at] if at < 2 else ""
        if name not in names or name in given:
            what = f"`walk` has no parameter `{shortened(name)}`" if name else "`walk` takes two algorithms"
            what = f"`{name}` of `walk` is given twice" if name in given else what
            code = codes.REPEATED_PARAMETER if name in given else codes.UNKNOWN_PARAMETER
            hint = f"its parameters are {quoted(names)}"
            found.append(finding(code, what, argument.span, "not one of its parameters", hint))
            return None
        given[name] = argument.value
    return given


def _orders(value: tree.Expression | None, choice: Choice, found: list[Diagnostic]) -> int | None:
    if value is None:
        return 1
    slot = next(slot for slot in choice.parameters if slot.name == "orders")
    typed, wrong = check(value, slot, "orders")
    found += wrong
    return None if typed is None else typed.value if isinstance(typed.value, int) else 0


def _together(value: tree.Expression | None, vocabulary: Vocabulary, found: list[Diagnostic]) -> tuple[str, ...] | None:
    if value is None:
        return ()
    hint = "name prefixes of paths: `together = [network, optimizer]`"
    prefixes: list[str] = []
    for item in value.items if isinstance(value, tree.List) else (value,):
        if not isinstance(item, tree.Reference):
            found.append(finding(codes.BAD_STUDY, "`together` is a list of prefixes", item.span, "no prefix", hint))
            return None
        if not (vocabulary.children(item.name) or vocabulary.places(item.name)):
            message = f"no path begins with `{shortened(item.name)}`"
            found.append(finding(codes.UNKNOWN_PATH, message, item.span, "unknown", hint))
            return None
        prefixes.append(item.name)
    return tuple(prefixes)


def visit(walk: Walk, left: Row, right: Row) -> Visited:
    """The states that a walk visits between two rows, which differ."""
    between = Between(left, right)
    units = _units([frozenset(step.moved) for step in climb(left, right)], walk.together)
    whole = frozenset().union(*units)
    if walk.orders == 0:
        made = list(_from_the_ends(units, whole, between, walk))
    else:
        made = list(_along(_sampled(units, between, walk.orders)))
    moves: dict[Choices, list[Move]] = {unit: [] for unit in units}
    for unit, move in made:
        moves[unit].append(move)
    called = {unit: _name(unit, between, walk.together) for unit in units}
    states = dict.fromkeys(state for _, move in made for state in (move.low, move.high))
    states |= dict.fromkeys((frozenset(), whole))
    steps = tuple(
        Step(called[unit], tuple(choice for choice in between.choices if choice in unit), tuple(moves[unit]))
        for unit in units
    )
    return Visited(
        {state: between.at(state).row for state in states},
        {state: _state(state, whole, units, called, walk) for state in states},
        steps,
    )


def _units(steps: Sequence[Choices], together: Sequence[str]) -> list[Choices]:
    """The steps, those whose choices all lie below one prefix made one, in the order of their first."""
    joined: dict[object, Choices] = {}
    for step in steps:
        prefix = next((each for each in together if all(f"{path}.".startswith(f"{each}.") for path in step)), None)
        key: object = step if prefix is None else prefix
        joined[key] = joined.get(key, frozenset()) | step
    return list(joined.values())


def _along(orders: Sequence[tuple[Choices, ...]]) -> Iterator[tuple[Choices, Move]]:
    for number, order in enumerate(orders, 1):
        moved: Choices = frozenset()
        for unit in order:
            yield unit, Move(f"order {number}", moved | unit, moved)
            moved |= unit


def _from_the_ends(
    units: Sequence[Choices], whole: Choices, between: Between, walk: Walk
) -> Iterator[tuple[Choices, Move]]:
    """Each step alone on the first row, and alone missing from the last, as far as these rows mean something."""
    for unit in units:
        if not between.at(unit).refusals:
            yield unit, Move(f"on {walk.start.text}", unit, frozenset())
    for unit in units:
        if not between.at(whole - unit).refusals:
            yield unit, Move(f"on {walk.end.text}", whole, whole - unit)


def _sampled(units: Sequence[Choices], between: Between, count: int) -> list[tuple[Choices, ...]]:
    """The order nearest to the ladder's own, then different ones drawn with a fixed seed, through accepted rows; fewer
    where there are not so many."""
    random = Random(_SEED)
    blind: set[Choices] = set()  # states from which no order leads on
    found: dict[tuple[Choices, ...], None] = {}
    for draw in range(1 + _DRAWS * (count - 1)):
        if len(found) == count:
            break
        tried = list(units)
        if draw:
            random.shuffle(tried)
        order = _order(tried, between, blind)
        if order is not None:
            found[order] = None
    return list(found)


def _order(tried: Sequence[Choices], between: Between, blind: set[Choices]) -> tuple[Choices, ...] | None:
    """The first order, as far as possible as `tried`, whose states all mean something; without recursion."""
    order: list[Choices] = []
    moved: Choices = frozenset()
    while len(order) < len(tried):
        ways = (unit for unit in tried if unit not in order and _open(moved | unit, between, blind))
        unit = next(ways, None)
        if unit is not None:
            order.append(unit)
            moved |= unit
        elif order:
            blind.add(moved)
            moved -= order.pop()
        else:
            return None
    return tuple(order)


def _open(state: Choices, between: Between, blind: set[Choices]) -> bool:
    return state not in blind and not between.at(state).refusals


def _name(unit: Choices, between: Between, together: Sequence[str]) -> str:
    prefix = next((each for each in together if all(f"{path}.".startswith(f"{each}.") for path in unit)), None)
    return prefix or " + ".join(choice for choice in between.choices if choice in unit)


def _state(state: Choices, whole: Choices, units: Sequence[Choices], called: dict[Choices, str], walk: Walk) -> str:
    """How a state is called: by its distance from the nearer end."""
    moved = [called[unit] for unit in units if unit <= state]
    left = [called[unit] for unit in units if not unit <= state]
    if not moved or not left:
        return walk.start.text if not moved else walk.end.text
    if len(moved) <= len(left):
        return f"{walk.start.text} with {', '.join(moved)}"
    return f"{walk.end.text} without {', '.join(left)}"
