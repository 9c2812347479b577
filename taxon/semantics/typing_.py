"""An expression against a slot: a typed value with the leaves below it, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from taxon.diagnostics.model import Code, Diagnostic, Edit, Label, safe_edit
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes, elsewhere
from taxon.semantics.values import quoted, shortened, spelled, takes, whole_set
from taxon.syntax import tree
from taxon.syntax.literals import is_whole
from taxon.syntax.printing import expression as spelling
from taxon.taxonomy.language import language
from taxon.taxonomy.ranges import Range
from taxon.taxonomy.schema import Choice, Composition, Slot, Value

# Calls and lists may nest this deep; no schema comes near.
DEEPEST = 32


@dataclass(frozen=True)
class Typed:
    """A value that a slot accepts. `below` holds the parameters that were given, by the names that lead to them from
    here (`samples`, `trust_region.kl`)."""

    value: Value
    span: Span
    below: Mapping[str, Typed] = field(default_factory=dict)


def check(value: tree.Expression, slot: Slot, path: str) -> tuple[Typed | None, list[Diagnostic]]:
    """Type an expression against the slot that stands at `path`.

    Returns:
        the typed value (None where there is an error) and the diagnostics. A parameter that is missing is none of
        them: an entry below the path may still give it.
    """
    if _nests_deeper_than(value, DEEPEST):
        return None, [_finding(codes.TOO_DEEP, f"the value of `{path}` nests more than {DEEPEST} deep", value.span)]
    found: list[Diagnostic] = []
    return _typed(value, slot, path, found), found


def _nests_deeper_than(value: tree.Expression, limit: int) -> bool:
    pending: list[tuple[tree.Expression, int]] = [(value, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > limit:
            return True
        pending += [(part, depth + 1) for part in _parts(node)]
    return False


def _parts(node: tree.Expression) -> Iterator[tree.Expression]:
    match node:
        case tree.List(items=items):
            yield from items
        case tree.Call(arguments=arguments):
            yield from (argument.value for argument in arguments)
        case tree.Product(left=left, right=right):
            yield from (left, right)
        case tree.Sum(terms=terms):
            yield from terms
        case tree.Change(terms=signed):
            yield from (term.modifier for term in signed)
        case tree.Map(pairs=pairs):
            yield from (pair.value for pair in pairs)


def _finding(
    code: Code,
    message: str,
    span: Span,
    label: str = "",
    help: str = "",
    edit: Edit | None = None,
    *more: Label,
    notes: tuple[str, ...] = (),
) -> Diagnostic:
    return Diagnostic(code, message, (Label(span, label, primary=True), *more), notes, help, edit)


def _typed(value: tree.Expression, slot: Slot, path: str, found: list[Diagnostic]) -> Typed | None:
    match value:
        case tree.List() if slot.integers is not None:
            return _list(value, slot.integers, slot.may_be_empty, path, found)
        case tree.Number() if slot.number is not None:
            number = _number(value, slot.number, path, found)
            return None if number is None else Typed(number, value.span)
        case tree.Boolean() if slot.boolean:
            return Typed(value.value, value.span)
        case tree.List() | tree.String() | tree.Map() | tree.Change():
            found.append(_wrong_kind(value, slot, path))
            return None
        case tree.Number() | tree.Boolean() if slot.choice(spelling(value)) is None:
            found.append(_wrong_kind(value, slot, path))
            return None
    if not slot.choices:
        found.append(_wrong_kind(value, slot, path))
        return None
    return _composition(value, slot, path, found)


def _wrong_kind(value: tree.Expression, slot: Slot, path: str) -> Diagnostic:
    kind = {
        tree.Number: "a number",
        tree.Boolean: "a truth value",
        tree.String: "a string",
        tree.List: "a list",
        tree.Reference: "a name",
        tree.Call: "a constructor",
        tree.Index: "a choice",
        tree.Product: "a product",
        tree.Sum: "a sum",
        tree.Change: "a change",
        tree.Map: "a map",
    }[type(value)]
    edit = None
    if isinstance(value, tree.String) and slot.choice(value.value) is not None:
        edit = safe_edit(value.span, value.value)
    help = f"it takes {takes(slot)}"
    if isinstance(value, tree.Change):
        help = f"a study's `vary` changes what stands there, an entry says all of it; {help}"
    return _finding(codes.WRONG_KIND, f"`{path}` takes no {kind[2:]}", value.span, kind, help, edit)


def _number(value: tree.Number, numbers: Range, path: str, found: list[Diagnostic]) -> float | int | None:
    number = value.value
    if numbers.integer and whole(value) is None:
        message = f"`{path}` takes {numbers}, not `{shortened(value.span.text)}`"
        found.append(_finding(codes.WRONG_KIND, message, value.span, "not an integer", f"write {numbers}"))
        return None
    try:
        inside = number in numbers
        # adding zero turns -0.0 into 0.0: equal numbers must print the same
        plain = int(number) if numbers.integer else float(number) + 0.0
    except OverflowError:
        inside = False
    if not inside:
        text = shortened(value.span.text)
        unheld = "" if numbers.integer else numbers.unheld(number)
        found.append(
            _finding(
                codes.OUT_OF_RANGE,
                f"`{path}` takes {numbers}, not `{text}`",
                value.span,
                unheld or "out of range",
                f"write {numbers}" + (" that float32 holds" if unheld else ""),
            )
        )
        return None
    return plain


def whole(value: tree.Expression) -> int | None:
    """The integer that a literal spells: `1000`, `1k`, `1.5M` and `1e3` do, `0.5` and `1e300` do not."""
    if isinstance(value, tree.Number) and isinstance(value.value, int) and is_whole(value.span.text):
        return value.value
    return None


def _list(value: tree.List, integers: Range, may_be_empty: bool, path: str, found: list[Diagnostic]) -> Typed | None:
    if not value.items and not may_be_empty:
        found.append(
            _finding(
                codes.BAD_LIST,
                f"`{path}` needs at least one entry",
                value.span,
                "empty",
                f"each entry is {integers}: `[256, 256]`",
            )
        )
        return None
    numbers: list[int] = []
    for item in value.items:
        number = whole(item)
        if number is not None and abs(number) < 2**63 and number in integers:
            numbers.append(number)
            continue
        text = shortened(item.span.text)
        label = "not an integer" if number is None else "out of range"
        found.append(_finding(codes.BAD_LIST, f"an entry of `{path}` is {integers}, not `{text}`", item.span, label))
    return Typed(tuple(numbers), value.span) if len(numbers) == len(value.items) else None


def _flat(terms: tuple[tree.Expression, ...]) -> Iterator[tree.Expression]:
    for term in terms:
        if isinstance(term, tree.Sum):
            yield from _flat(term.terms)
        else:
            yield term


def _composition(value: tree.Expression, slot: Slot, path: str, found: list[Diagnostic]) -> Typed | None:
    terms = tuple(_flat(value.terms)) if isinstance(value, tree.Sum) else (value,)
    chosen: list[tuple[Choice, tree.Expression]] = []
    below: dict[str, Typed] = {}
    before = len(found)
    for term in terms:
        choice = _choice(term, slot, path, found)
        if choice is None:
            continue
        twin = next((other for known, other in chosen if known is choice and choice.modifier), None)
        if twin is not None:
            message = f"`{choice.key}` is added twice to `{path}`"
            found.append(
                _finding(
                    codes.REPEATED_MODIFIER,
                    message,
                    term.span,
                    "again",
                    "keep one",
                    None,
                    Label(twin.span, "first here"),
                )
            )
            continue
        chosen.append((choice, term))
        if isinstance(term, tree.Call) and slot.choice(spelling(term)) is None:
            _arguments(term, choice, path, below, found)
    if len(found) > before:
        return None
    bases = [(choice, term) for choice, term in chosen if not choice.modifier]
    if len(bases) > 1:
        (first, first_term), (second, second_term) = bases[:2]
        found.append(
            _finding(
                codes.TWO_BASES,
                f"`{first.key}` and `{second.key}` are two choices for `{path}`",
                second_term.span,
                "a second choice",
                f"keep one; {_addable(slot)}",
                None,
                Label(first_term.span, "the first"),
            )
        )
        return None
    if not bases:
        found.append(_alone(value, [choice for choice, _ in chosen], slot, path))
        return None
    added = {choice.key for choice, _ in chosen if choice.modifier}
    modifiers = tuple(modifier.key for modifier in slot.modifiers if modifier.key in added)
    return Typed(Composition(bases[0][0].key, modifiers), value.span, below)


def _alone(value: tree.Expression, modifiers: list[Choice], slot: Slot, path: str) -> Diagnostic:
    """Modifiers without the choice that they modify: the choices that can have them."""
    fit = [base for base in slot.bases if all(not each.bases or base.key in each.bases for each in modifiers)]
    sums = [f"{spelled(base)} + {spelling(value)}" for base in fit or slot.bases]
    return _finding(
        codes.NO_BASE,
        f"`{modifiers[0].key}` modifies a choice, and there is none",
        value.span,
        "a modifier alone",
        f"write `{sums[0]}`" if len(sums) == 1 else f"add it to a choice of `{path}`: {quoted(sums)}",
        Edit(value.span, sums[0]) if len(sums) == 1 else None,
    )


def _addable(slot: Slot) -> str:
    modifiers = quoted(choice.key for choice in slot.modifiers)
    return f"only modifiers are added with `+`: {modifiers}" if modifiers else "nothing is added to it with `+`"


def _choice(term: tree.Expression, slot: Slot, path: str, found: list[Diagnostic]) -> Choice | None:
    """The choice that a term of a sum names, by its spelling or as a constructor."""
    text = spelling(term)
    choice = slot.choice(text)
    if choice is not None:
        return choice
    name, span = text, term.span
    if isinstance(term, tree.Call):
        name, span = term.function.text, term.function.span
        choice = slot.choice(name)
        if choice is not None:
            if choice.parameters or not term.arguments:
                return choice
            phrases = [known.key for known in slot.choices if "(" in known.key]
            phrase = nearest(text, phrases)
            found.append(
                _finding(
                    codes.TOO_MANY_ARGUMENTS,
                    f"`{choice.key}` takes no arguments",
                    term.span,
                    "takes none",
                    f"did you mean `{phrase}`?" if phrase else f"write `{choice.key}`",
                    correction(term.span, text, phrases),
                )
            )
            return None
    elif isinstance(term, tree.Number):
        found.append(
            _finding(codes.WRONG_KIND, f"a number cannot stand in a sum at `{path}`", span, "a number", _addable(slot))
        )
        return None
    keys = [choice.key for choice in slot.choices]
    edit = correction(span, name, keys)
    other = elsewhere.method(name) if edit is None or not edit.safe else None
    meant = nearest(name, keys) if other is None else None
    known = whole_set((choice.key for choice in slot.bases), "it takes one of")
    added = quoted(choice.key for choice in slot.modifiers)
    listed = "; ".join(part for part in (known, f"with `+`: {added}" if added else "") if part)
    hint = f"did you mean `{meant}`?" if meant else f"{other.help(path, name)};" if other else ""
    if other is not None:
        instead = other.at(path)
        alone = span is term.span and instead is not None and " + " not in instead
        edit = Edit(span, instead) if instead is not None and alone else None
    found.append(
        _finding(
            codes.UNKNOWN_CHOICE,
            f"`{path}` has no choice `{shortened(name)}`",
            span,
            "unknown choice",
            " ".join(part for part in (hint, listed) if part).removesuffix(";"),
            edit,
            notes=tuple(map(str, language().faults)),  # whose choices are unknown
        )
    )
    return None


def _arguments(call: tree.Call, choice: Choice, path: str, below: dict[str, Typed], found: list[Diagnostic]) -> None:
    """Bind a call's arguments to the parameters of its choice."""
    prefix = f"{choice.key}." if choice.modifier else ""
    given: dict[str, tree.Argument] = {}
    position = 0
    for argument in call.arguments:
        if argument.name is None:
            if position == len(choice.parameters):
                found.append(
                    _finding(
                        codes.TOO_MANY_ARGUMENTS,
                        f"`{choice.key}` takes at most {_count(position)}",
                        argument.span,
                        "one too many",
                        f"its parameters are {quoted(slot.name for slot in choice.parameters)}",
                    )
                )
                return
            slot = choice.parameters[position]
            position += 1
        else:
            named = next((slot for slot in choice.parameters if argument.name.text == slot.name), None)
            if named is None:
                found.append(_unknown_parameter(argument.name, choice))
                continue
            slot = named
        if slot.name in given:
            message = f"`{slot.name}` of `{choice.key}` is given twice"
            first = Label(given[slot.name].span, "first here")
            found.append(_finding(codes.REPEATED_PARAMETER, message, argument.span, "again", "keep one", None, first))
            continue
        given[slot.name] = argument
        typed = _typed(argument.value, slot, f"{path}.{prefix}{slot.name}", found)
        if typed is not None:
            below[f"{prefix}{slot.name}"] = typed


def _count(arguments: int) -> str:
    return "one argument" if arguments == 1 else f"{arguments} arguments"


def _unknown_parameter(name: tree.Name, choice: Choice) -> Diagnostic:
    known = [slot.name for slot in choice.parameters]
    edit, meant = correction(name.span, name.text, known), nearest(name.text, known)
    other = elsewhere.hyperparameter(name.text) if edit is None or not edit.safe else None
    listed = whole_set(known, "its parameters are") or "it takes none"
    hint = f"did you mean `{meant}`? {listed}" if meant else listed
    if other is not None:
        right = other.among(known)
        edit = Edit(name.span, right) if right is not None else None
        place = f"`{name.text}` is `{right}` here" if edit is not None else other.help(name.text)
        hint = f"{place}; {listed}"
    return _finding(
        codes.UNKNOWN_PARAMETER,
        f"`{choice.key}` has no parameter `{shortened(name.text)}`",
        name.span,
        "unknown parameter",
        hint,
        edit,
    )
