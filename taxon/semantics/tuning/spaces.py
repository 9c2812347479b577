"""What a tune searches: each dimension with its values, held against the slots of its path."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.diagnostics.model import Diagnostic, Label
from taxon.diagnostics.source import Source, Span
from taxon.semantics import codes
from taxon.semantics.bodies import Operation, read_value, unknown_path
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.studies.factors import Level, read_mixins, read_values
from taxon.semantics.studies.findings import finding
from taxon.semantics.tuning.model import Dimension, Named, Numbers
from taxon.semantics.tuning.vocabulary import OPTIONAL, SEARCH
from taxon.semantics.typing_ import Typed, check
from taxon.semantics.values import shortened, takes
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree


@dataclass(frozen=True)
class Axis:
    """A dimension as it is declared: its levels, or the ends of its range."""

    dimension: Dimension
    span: Span
    path: tree.Path | None  # None where it searches among architectures
    levels: tuple[Level, ...]

    def level(self, text: str, vocabulary: Vocabulary) -> Level:
        """One of its values, written out."""
        known = next((level for level in self.levels if level.text == text), None)
        if known is not None:
            return known
        assert self.path is not None  # numbers stand at a path
        assert self.dimension.numbers is not None  # all levels are known
        written = Span(Source(self.dimension.name, text), 0, len(text))
        value = int(text) if self.dimension.numbers.integer else float(text)
        return _level(text, self.path, tree.Number(value, written), vocabulary)


def read_axes(symbol: Symbol, tune: tree.Tune, scope: Scope, vocabulary: Vocabulary,
              found: list[Diagnostic]) -> list[Axis]:  # fmt: skip
    """What a tune searches, as far as it is right."""
    axes: list[Axis] = []
    first: dict[str, Span] = {}
    for entry in tune.entries:
        axis: Axis | None = None
        match entry:
            case tree.Search(path=path):
                known = first.setdefault(path.text, path.span)
                if known is not path.span:
                    message = f"`{shortened(path.text)}` stands twice in one tune"
                    found.append(finding(codes.SET_TWICE, message, path.span, "again", "keep one of them", known))
                    continue
                axis = _search(entry, vocabulary, found)
            case tree.Offered(name=name):
                known = first.setdefault(name.text, name.span)
                if known is not name.span:
                    message = f"two searches are called `{shortened(name.text)}`"
                    found.append(finding(codes.SET_TWICE, message, name.span, "again", "keep one of them", known))
                    continue
                mixed = read_mixins(entry, symbol, scope, found)
                texts = tuple(level.text for level in mixed.levels)
                names = {each.text: as_named(each.text, each.mixin) for each in mixed.levels if each.mixin is not None}
                axis = Axis(Dimension(name.text, None, texts, names), entry.span, None, mixed.levels)
        axes += [] if axis is None else [axis]
    return axes


def as_named(text: str, symbol: Symbol) -> Named:
    """A declaration that a tune names by a text."""
    return Named(text, None) if text.startswith("std.") else Named(symbol.name, symbol.unit.path)


def _search(entry: tree.Search, vocabulary: Vocabulary, found: list[Diagnostic]) -> Axis | None:
    path = entry.path.text
    if not vocabulary.places(path):
        found.append(unknown_path(entry.path, vocabulary))
        return None
    if isinstance(entry.space, tree.List):
        listed = read_values(tree.Vary(None, entry.path, entry.space, entry.span), vocabulary, found)
        levels = () if listed is None else listed.levels
        return Axis(Dimension(path, None, tuple(level.text for level in levels)), entry.span, entry.path, levels)
    before = len(found)
    typed, wrong = check(entry.space, SEARCH, "search")
    found += wrong
    if typed is None:
        return None
    numbers = _numbers(entry.space, typed, found)
    if numbers is None:
        return None
    _fits(entry, numbers, vocabulary, found)
    ends: list[Level] = []
    for name, value in (("low", numbers.low), ("high", numbers.high)):
        written = tree.Number(int(value) if numbers.integer else value, typed.below[name].span)
        ends.append(_level(numbers.text(value), entry.path, written, vocabulary))
    for end in ends:
        operation = end.operation
        if len(found) == before and operation is not None and operation.faulty:
            found += operation.readings[0].diagnostics
    return Axis(Dimension(path, numbers), entry.span, entry.path, tuple(ends)) if len(found) == before else None


def _level(text: str, path: tree.Path, value: tree.Number, vocabulary: Vocabulary) -> Level:
    """A number at a path."""
    name, places = path.text, vocabulary.places(path.text)
    readings = read_value(value, places, name)
    operation = Operation(name, path.span, value.span, places, vocabulary.is_shared(name), value.span, readings)
    return Level(text, value.span, operation=operation)


def _numbers(call: tree.Call, typed: Typed, found: list[Diagnostic]) -> Numbers | None:
    """The range that a constructor says."""
    kind = SEARCH.choice(call.function.text)
    assert kind is not None  # it was typed
    for parameter in kind.parameters:
        if parameter.name not in typed.below and parameter.name not in OPTIONAL:
            message = f"`{parameter.name}` of `{kind.key}` is not given: {parameter.doc}"
            hint = f"write `{kind.key}(low, high)`"
            found.append(finding(codes.MISSING_PARAMETER, message, call.span, f"needs `{parameter.name}`", hint))
            return None
    low, high = (_number(typed.below[name]) for name in ("low", "high"))
    step = _number(typed.below["step"]) if "step" in typed.below else None
    logarithmic = kind.key == "log_uniform" or ("log" in typed.below and typed.below["log"].value is True)
    where = {name: typed.below[name].span for name in typed.below}
    if low >= high:
        message = "the search goes from a number to one that is no larger"
        hint = "write the smaller one first; a value that is not searched belongs to the base"
        labels = (Label(where["high"], "no larger", primary=True), Label(where["low"], "than this"))
        found.append(Diagnostic(codes.BAD_STUDY, message, labels, help=hint))
    elif logarithmic and low <= 0:
        message = "the logarithm needs positive numbers"
        found.append(finding(codes.BAD_STUDY, message, where["low"], "not positive", "begin above 0, as at 1e-6"))
    elif logarithmic and step is not None:
        message = "equal steps are not even in the logarithm"
        found.append(finding(codes.BAD_STUDY, message, where["step"], "beside `log`", "leave one of them out"))
    elif step is not None and step > high - low:
        message = "the first step leads beyond the end"
        labels = (Label(where["step"], "too long", primary=True), Label(where["high"], "the end"))
        found.append(Diagnostic(codes.BAD_STUDY, message, labels, help="write a shorter one"))
    elif kind.key == "integer" and not (low.is_integer() and high.is_integer()):
        at = where["high"] if low.is_integer() else where["low"]
        found.append(finding(codes.BAD_STUDY, "`integer` has whole ends", at, "not whole", "or search by `uniform`"))
    else:
        return Numbers(low, high, kind.key == "integer", logarithmic, step)
    return None


def _number(typed: Typed) -> float:
    assert isinstance(typed.value, int | float)  # its slot takes nothing else
    return float(typed.value)


def _fits(entry: tree.Search, numbers: Numbers, vocabulary: Vocabulary, found: list[Diagnostic]) -> None:
    """Report numbers where a path takes whole ones, or none."""
    assert isinstance(entry.space, tree.Call)
    slots = [slot for place in vocabulary.places(entry.path.text) for slot in place.slots]
    kinds = [slot.number for slot in slots if slot.number is not None]
    span = entry.space.function.span
    if not kinds:
        message = f"`{entry.path.text}` takes no number: it takes {takes(slots[0])}"
        found.append(finding(codes.WRONG_KIND, message, span, "numbers", "list the values: `in [a, b]`"))
    elif not numbers.integer and all(kind.integer for kind in kinds):
        log = ", log = true" if numbers.log else ""
        hint = f"write `integer({numbers.low:g}, {numbers.high:g}{log})`"
        message = f"`{entry.path.text}` takes whole numbers"
        found.append(finding(codes.WRONG_KIND, message, span, "any numbers", hint))
