"""What a study claims: constructors read to contrasts of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes
from taxon.semantics.studies.factors import Axis
from taxon.semantics.studies.findings import finding, unknown
from taxon.semantics.studies.model import Cell, Claim, Difference, Differences, Rung, contrast
from taxon.semantics.studies.vocabulary import CLAIMS, MARGINS, OF_LADDERS
from taxon.semantics.typing_ import check
from taxon.semantics.values import quoted, shortened
from taxon.syntax import tree
from taxon.syntax.printing import expression

_SAME = (
    "compare levels that make a difference there; a base whose module you have edited is named on the command line: "
    "`taxon study FILE --module NAME=agent.py`"
)


@dataclass(frozen=True)
class Grid:
    """What a claim may speak of: the factors, and the cells by environment and levels; of a ladder its rungs."""

    axes: Sequence[Axis]
    cells: Mapping[tuple[str, tuple[str, ...]], Cell]
    environments: Sequence[str]
    rungs: Sequence[Rung] = ()
    ends: tuple[str, str] | None = None  # of a ladder: the levels at its first and its last row
    resolved: bool = True  # whether the cells are known; without them a claim is read for its words alone


def read_claims(study: tree.Study, grid: Grid, found: list[Diagnostic]) -> tuple[Claim, ...]:
    """The claims of a study that can be decided; what is wrong with the others goes to `found`."""
    first: dict[str, Span] = {}
    claims: list[Claim] = []
    for entry in study.entries:
        if not isinstance(entry, tree.Claim):
            continue
        known = first.setdefault(entry.name.text, entry.name.span)
        if known is not entry.name.span:
            message = f"two claims are called `{shortened(entry.name.text)}`"
            found.append(finding(codes.SET_TWICE, message, entry.name.span, "again", "give one another name", known))
            continue
        claim = _Reader(entry, grid, found).read()
        if claim is not None:
            claims.append(claim)
    return tuple(claims)


@dataclass(frozen=True)
class _Compared:
    """A factor and the two of its levels that a claim compares."""

    axis: Axis
    levels: tuple[str, str]


class _Reader:
    """Reads one claim. `None` of a method means that a finding says why."""

    def __init__(self, entry: tree.Claim, grid: Grid, found: list[Diagnostic]) -> None:
        self.entry = entry
        self.grid = grid
        self.found = found
        self.axes = {axis.name: axis for axis in grid.axes}

    def read(self) -> Claim | None:
        call = self.entry.value
        kind = self._kind()
        if kind is None or not isinstance(call, tree.Call):
            return None
        margin = self._margin(call)
        if margin is None:
            return None
        differences = self._of_ladder(call, kind) if kind in OF_LADDERS else self._of_grid(call, kind)
        if differences is None or not self._tells(differences):
            return None
        name, doc = self.entry.name.text, self.entry.doc
        return Claim(name, doc, expression(call), kind, *margin, differences)

    def _kind(self) -> str | None:
        value = self.entry.value
        kinds = [choice.key for choice in CLAIMS.choices]
        if not isinstance(value, tree.Call):
            hint = "write `claim helps = effect(factor, above = 0)`"
            self._wrong("a claim is a constructor", value.span, f"none of {quoted(kinds)}", hint)
            return None
        name = value.function
        if name.text not in kinds:
            meant = nearest(name.text, kinds)
            hint = f"did you mean `{meant}`?" if meant else f"there are {quoted(kinds)}"
            message = f"nothing is claimed by `{shortened(name.text)}`"
            edit = correction(name.span, name.text, kinds)
            self.found.append(finding(codes.BAD_CLAIM, message, name.span, "unknown", hint, edit=edit))
            return None
        is_ladder = self.grid.ends is not None
        if (name.text in OF_LADDERS) != is_ladder:
            others = [kind for kind in kinds if (kind in OF_LADDERS) == is_ladder]
            what = "a grid" if is_ladder else "a ladder"
            message = f"`{name.text}` speaks of {what}, which this study is not"
            self._wrong(message, name.span, "not here", f"here there are {quoted(others)}")
            return None
        return name.text

    def _wrong(self, message: str, span: Span, label: str, hint: str = "") -> None:
        self.found.append(finding(codes.BAD_CLAIM, message, span, label, hint))

    def _margin(self, call: tree.Call) -> tuple[str, float] | None:
        """How the contrast is claimed to lie, and the margin."""
        said = [each for each in call.arguments if each.name is not None and each.name.text in MARGINS]
        if len(said) != 1:
            span = said[1].span if said else call.span
            label = "a second one" if said else "has none"
            hint = "write one of `above = 0`, `below = 0` and `within = 0.05`"
            self._wrong("a claim says once where its contrast lies", span, label, hint)
            return None
        name = said[0].name
        assert name is not None
        choice = CLAIMS.choice(call.function.text)
        slot = next(slot for slot in (choice.parameters if choice else ()) if slot.name == name.text)
        typed, wrong = check(said[0].value, slot, name.text)
        self.found += wrong
        if typed is None or not isinstance(typed.value, int | float):
            return None
        return name.text, float(typed.value)

    # Of a grid

    def _of_grid(self, call: tree.Call, kind: str) -> Differences | None:
        factors = self._factors(call)
        if factors is None:
            return None
        needed = "two factors or more" if kind == "interaction" else "one factor"
        if (len(factors) < 2) if kind == "interaction" else (len(factors) != 1):
            self._wrong(f"`{kind}` is of {needed}", call.span, f"names {len(factors)}", "name each factor without `=`")
            return None
        chosen = self._chosen(call, factors)
        if chosen is None:
            return None
        pairs, fixed = chosen
        compared = [self._two(axis, pairs.get(axis.name), call.span) for axis in factors]
        if any(each is None for each in compared):
            return None
        free = [axis for axis in self.grid.axes if axis not in factors and axis.name not in fixed]
        unsaid = [axis for axis in free if len(axis.levels) > 1]
        if kind == "effect" and unsaid:
            first = unsaid[0]
            hint = f"say at which level: `{first.name} = {first.levels[0].text}`; `main` averages over all levels"
            message = f"`effect` leaves {quoted(axis.name for axis in unsaid)} open"
            self._wrong(message, call.span, "at which level?", hint)
            return None
        return self._differences([each for each in compared if each is not None], fixed, free)

    def _factors(self, call: tree.Call) -> list[Axis] | None:
        """The factors that are named without `=`."""
        factors: dict[str, tuple[Axis, Span]] = {}
        for argument in call.arguments:
            if argument.name is not None:
                continue
            axis = self._axis(argument.value)
            if axis is None:
                return None
            if axis.name in factors:
                first = factors[axis.name][1]
                message = f"`{axis.name}` stands twice in one claim"
                self.found.append(finding(codes.BAD_CLAIM, message, argument.span, "again", "keep one", first))
                return None
            factors[axis.name] = (axis, argument.span)
        return [axis for axis, _ in factors.values()]

    def _axis(self, value: tree.Expression) -> Axis | None:
        name = value.name if isinstance(value, tree.Reference) else expression(value)
        if name not in self.axes:
            self.found.append(unknown("factor", name, value.span, self.axes))
        return self.axes.get(name)

    def _chosen(
        self, call: tree.Call, factors: Sequence[Axis]
    ) -> tuple[dict[str, tuple[str, str]], dict[str, str]] | None:
        """The two levels of factors that a claim says to compare, and the level of factors that it holds fixed."""
        pairs: dict[str, tuple[str, str]] = {}
        fixed: dict[str, str] = {}
        for argument in call.arguments:
            name = argument.name
            if name is None or name.text in MARGINS:
                continue
            axis = factors[0] if name.text == "levels" else self.axes.get(name.text)
            if axis is None:
                self.found.append(unknown("factor", name.text, name.span, self.axes))
                return None
            if axis.name in pairs or axis.name in fixed:
                self._wrong(f"the levels of `{axis.name}` are said twice", argument.span, "again", "keep one")
                return None
            known = {level.text for level in axis.levels}
            value = argument.value
            if isinstance(value, tree.List) and expression(value) not in known and axis in factors:
                two = [self._level(axis, item) for item in value.items]
                if any(level is None for level in two):
                    return None
                levels = [level for level in two if level is not None]
                if len(levels) != 2 or levels[0] == levels[1]:
                    self._wrong("two different levels are compared", value.span, "not two", "write `[first, second]`")
                    return None
                pairs[axis.name] = (levels[0], levels[1])
                continue
            if axis in factors:
                message = f"`{axis.name}` is compared, and at one level there is nothing to compare"
                self._wrong(message, argument.span, "one level", f"write `{name.text} = [first, second]`")
                return None
            level = self._level(axis, value)
            if level is None:
                return None
            fixed[axis.name] = level
        return pairs, fixed

    def _level(self, axis: Axis, value: tree.Expression) -> str | None:
        text = expression(value)
        known = [level.text for level in axis.levels]
        if text not in known:
            self.found.append(unknown("level", text, value.span, known, f"`{axis.name}`"))
            return None
        return text

    def _two(self, axis: Axis, pair: tuple[str, str] | None, span: Span) -> _Compared | None:
        if pair is None and len(axis.levels) != 2:
            few = len(axis.levels) < 2
            which = f"`{axis.name}` has {len(axis.levels)} level{'s' * (len(axis.levels) != 1)}"
            names = [level.text for level in axis.levels[:2]]
            hint = "" if few else f"say which two, the second less the first: `levels = [{', '.join(names)}]`"
            self._wrong(f"{which}, and two are compared", span, "which two?" if not few else "one alone", hint)
            return None
        return _Compared(axis, pair or (axis.levels[0].text, axis.levels[1].text))

    def _differences(
        self, compared: Sequence[_Compared], fixed: Mapping[str, str], free: Sequence[Axis]
    ) -> Differences | None:
        if not self.grid.resolved:
            return None
        first, *others = compared
        differences: dict[str, tuple[Difference, ...]] = {}
        averaged = list(product(*([level.text for level in axis.levels] for axis in free)))
        for environment in self.grid.environments:
            parts: list[Difference] = []
            for rest in averaged:
                held = {**fixed, **{axis.name: level for axis, level in zip(free, rest, strict=True)}}
                for signs in product((0, 1), repeat=len(others)):
                    at = {**held, **{o.axis.name: o.levels[sign] for o, sign in zip(others, signs, strict=True)}}
                    low, high = (self._cell(environment, {**at, first.axis.name: level}) for level in first.levels)
                    if low is None or high is None:
                        return None
                    given = ", ".join(f"{axis.name} = {at[axis.name]}" for axis in self.grid.axes if axis.name in at)
                    weight = (-1) ** sum(signs) / len(averaged)
                    parts.append(Difference(given, weight, high.hash, low.hash))
            differences[environment] = tuple(parts)
        return differences

    def _cell(self, environment: str, levels: Mapping[str, str]) -> Cell | None:
        cell = self.grid.cells.get((environment, tuple(levels[axis.name] for axis in self.grid.axes)))
        if cell is None or cell.left_out:
            name = ", ".join(f"{axis.name} = {levels[axis.name]}" for axis in self.grid.axes)
            why = "" if cell is None else f" ({cell.left_out})"
            hint = "fix the factors at levels that are there, or take the claim out"
            message = f"`{shortened(self.entry.name.text)}` needs the cell `{name}` on {environment}, which is left out"
            label = f"has no such cell{why}"
            self.found.append(finding(codes.MISSING_CELLS, message, self.entry.value.span, label, hint))
            return None
        return cell

    # Of a ladder

    def _of_ladder(self, call: tree.Call, kind: str) -> Differences | None:
        names = [argument for argument in call.arguments if argument.name is None]
        stray = next((each for each in call.arguments if each.name is not None and each.name.text not in MARGINS), None)
        if stray is not None:
            self._wrong(f"`{kind}` has no such parameter", stray.span, "unknown", f"it has {quoted(MARGINS)}")
            return None
        if kind == "total":
            if names:
                self._wrong("`total` is of the whole ladder", names[0].span, "one name too many")
                return None
            return dict(self._whole()) if self.grid.resolved else None
        if len(names) != 1:
            self._wrong(
                "`rung` is of one choice", call.span, f"names {len(names)}", "write `rung(G.estimate, above = 0)`"
            )
            return None
        if not self.grid.resolved:
            return None
        path = expression(names[0].value)
        rung = next((rung for rung in self.grid.rungs if path in (rung.name, *rung.choices)), None)
        if rung is None:
            known = [choice for rung in self.grid.rungs for choice in (rung.name, *rung.choices) if " + " not in choice]
            self.found.append(unknown("rung", path, names[0].value.span, known))
            return None
        without = [name for name in self.grid.environments if not rung.differences.get(name)]
        if without:
            message = f"`{shortened(self.entry.name.text)}` is about a step without a row on either end"
            label = f"neither end takes `{rung.name}` alone on {', '.join(without)}"
            hint = "sample orders instead: `orders = 4`"
            self.found.append(finding(codes.MISSING_CELLS, message, names[0].value.span, label, hint))
            return None
        return rung.differences

    def _whole(self) -> Iterator[tuple[str, tuple[Difference, ...]]]:
        assert self.grid.ends is not None  # `total` is of ladders alone
        start, end = self.grid.ends
        for environment in self.grid.environments:
            low, high = (self.grid.cells[environment, (level,)] for level in (start, end))
            yield environment, (Difference("", 1.0, high.hash, low.hash),)

    def _tells(self, differences: Differences) -> bool:
        """Whether two rows are compared at all, in each environment."""
        same = [environment for environment, parts in differences.items() if not contrast(parts)]
        if same:
            message = f"`{shortened(self.entry.name.text)}` compares a row with itself"
            label = f"the levels give equal rows on {', '.join(same)}"
            self._wrong(message, self.entry.value.span, label, _SAME)
        return not same
