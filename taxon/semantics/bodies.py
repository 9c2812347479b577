"""A body of entries taken apart: blocks become dotted paths, every value is typed, every `when` is read.

This needs no other file and no environment, so an architecture, or a `when` block that does not hold here, is checked
like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from taxon.diagnostics.model import Diagnostic, Edit, Label, safe_edit
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes, elsewhere
from taxon.semantics.meant import Foreign
from taxon.semantics.typing_ import Typed, check
from taxon.semantics.values import quoted, shortened, whole_set
from taxon.semantics.vocabulary import Place, Vocabulary
from taxon.syntax import tree
from taxon.syntax.printing import string
from taxon.taxonomy.schema import Slot

SUBJECTS = ("env", "actions")
ACTIONS = ("continuous", "discrete")


@dataclass(frozen=True, eq=False)
class Reading:
    """What a value is at one of the slots that its path may mean."""

    slot: Slot
    typed: Typed | None
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, eq=False)
class Modification:
    """A modifier that is added to the choice at a path, with its parameters, or taken away from it."""

    added: bool
    key: str
    below: Mapping[str, Typed]


@dataclass(frozen=True, eq=False)
class Operation:
    """One entry: set or unset a path, or change the choice that stands there."""

    path: str
    path_span: Span
    span: Span
    places: tuple[Place, ...]
    shared: bool
    value_span: Span | None  # None unsets
    readings: tuple[Reading, ...] = ()
    modifications: tuple[Modification, ...] = ()

    def reading(self, slot: Slot) -> Reading | None:
        return next((reading for reading in self.readings if reading.slot is slot), None)

    @property
    def faulty(self) -> bool:
        """Whether the value suits none of the slots: reported already."""
        return bool(self.readings) and all(reading.typed is None for reading in self.readings)


@dataclass(frozen=True)
class Condition:
    """`env = "Ant-*"` or `actions = discrete`."""

    subject: str
    value: str

    def __str__(self) -> str:
        return f"{self.subject} = {string(self.value) if self.subject == 'env' else self.value}"


@dataclass(frozen=True, eq=False)
class Conditional:
    """A `when` block: its operations count where all conditions hold (its own, and those that it stands in)."""

    conditions: tuple[Condition, ...]
    span: Span
    body: Body


@dataclass(eq=False)
class Body:
    """The operations of a body, least specific first, and the `when` blocks in it, in order."""

    operations: list[Operation] = field(default_factory=list)
    whens: list[Conditional] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)  # entries outside `when` blocks whose paths are others' names


def read_body(entries: Sequence[tree.Entry], vocabulary: Vocabulary) -> Body:
    """Take the entries of one body apart."""
    body = Body()
    # (prefix, entries still to read, body that they belong to, conditions it stands under)
    pending: list[tuple[str, Sequence[tree.Entry], Body, tuple[Condition, ...]]] = [("", entries, body, ())]
    bodies = [body]
    while pending:
        prefix, rest, owner, conditions = pending.pop()
        for entry in rest:
            match entry:
                case tree.Assignment():
                    operation = _operation(prefix, entry.path, entry.span, entry.value, vocabulary, body.diagnostics)
                    if operation is not None:
                        owner.operations.append(operation)
                    elif owner is body:
                        body.foreign += _foreign(prefix, entry, body.diagnostics[-1], vocabulary)
                case tree.Unset():
                    operation = _operation(prefix, entry.path, entry.span, None, vocabulary, body.diagnostics)
                    if operation is not None:
                        owner.operations.append(operation)
                case tree.Allow():
                    pass  # says nothing of the row: `allowing` reads it
                case tree.Block():
                    path = prefix + entry.path.text
                    if vocabulary.children(path):
                        pending.append((f"{path}.", entry.entries, owner, conditions))
                    else:
                        body.diagnostics.append(_unknown(prefix, entry.path, vocabulary))
                case tree.When():
                    condition = _condition(entry, body.diagnostics)
                    inner = Body()
                    bodies.append(inner)
                    under = conditions if condition is None else (*conditions, condition)
                    if condition is not None:
                        body.whens.append(Conditional(under, entry.span, inner))
                    pending.append((prefix, entry.entries, inner, under))
    for each in bodies:
        each.operations = in_order(_once(each.operations, body.diagnostics))
    body.whens.sort(key=lambda when: when.span.start)
    body.diagnostics.sort(key=lambda diagnostic: diagnostic.primary.start if diagnostic.primary is not None else -1)
    return body


def in_order(operations: Sequence[Operation]) -> list[Operation]:
    """Operations as they are applied, the least specific first, in whatever order they were written."""
    return sorted(operations, key=lambda operation: (len(operation.places[0].below), not operation.shared))


def _once(operations: list[Operation], found: list[Diagnostic]) -> list[Operation]:
    """The operations, each path once: a second one is a mistake."""
    first: dict[str, Operation] = {}
    for operation in sorted(operations, key=lambda operation: operation.span.start):
        known = first.setdefault(operation.path, operation)
        if known is not operation:
            found.append(
                Diagnostic(
                    codes.SET_TWICE,
                    f"`{operation.path}` is set twice in one body",
                    (Label(operation.path_span, "again", primary=True), Label(known.path_span, "first here")),
                    help="keep one of them",
                )
            )
    return list(first.values())


def _operation(
    prefix: str,
    path: tree.Path,
    span: Span,
    value: tree.Expression | None,
    vocabulary: Vocabulary,
    found: list[Diagnostic],
) -> Operation | None:
    text = prefix + path.text
    places = vocabulary.places(text)
    if not places:
        found.append(_unknown(prefix, path, vocabulary))
        return None
    shared = vocabulary.is_shared(text)
    if value is None:
        return Operation(text, path.span, span, places, shared, None)
    operation = Operation(text, path.span, span, places, shared, value.span, read_value(value, places, text))
    if operation.faulty:
        found += operation.readings[0].diagnostics
    return operation


def read_value(value: tree.Expression, places: Sequence[Place], path: str) -> tuple[Reading, ...]:
    """Type a value against every slot that its path may mean. Equal slots are read once."""
    readings: list[Reading] = []
    for slot in (slot for place in places for slot in place.slots):
        twin = next((known for known in readings if _same_values(known.slot, slot)), None)
        if twin is not None:
            readings.append(Reading(slot, twin.typed, twin.diagnostics))
        else:
            typed, diagnostics = check(value, slot, path)
            readings.append(Reading(slot, typed, tuple(diagnostics)))
    return tuple(readings)


def _same_values(one: Slot, other: Slot) -> bool:
    """Whether two slots accept the same values: what a shared path fans out to, for instance."""
    return (one.number, one.boolean, one.integers, one.choices) == (
        other.number,
        other.boolean,
        other.integers,
        other.choices,
    )


def _foreign(prefix: str, entry: tree.Assignment, found: Diagnostic, vocabulary: Vocabulary) -> Iterator[Foreign]:
    """An entry whose path is unknown for its last name alone, which others use; found: what is said of the path."""
    *above, name = entry.path.names
    known = prefix + "".join(f"{each.text}." for each in above)
    parameter = elsewhere.hyperparameter(name.text)
    if parameter is None or name.text in vocabulary.children(known.removesuffix(".")):
        return
    if vocabulary.children(known.removesuffix(".")) and not (found.edit is not None and found.edit.safe):
        yield Foreign(name, known, entry.span, entry.value, parameter, found)


def unknown_path(path: tree.Path, vocabulary: Vocabulary) -> Diagnostic:
    """What is wrong with a path that leads to no leaf."""
    return _unknown("", path, vocabulary)


def _unknown(prefix: str, path: tree.Path, vocabulary: Vocabulary) -> Diagnostic:
    known = prefix
    for name in path.names:
        if name.text not in vocabulary.children(known.removesuffix(".")):
            return _unknown_name(known, name, vocabulary)
        known += f"{name.text}."
    members = vocabulary.children(known.removesuffix("."))
    group = known.removesuffix(".")
    return Diagnostic(
        codes.GROUP,
        f"`{group}` is a group of paths",
        (Label(path.span, "no value stands here", primary=True),),
        help="set one of " + quoted(f"{group}.{member}" for member in members) if members else "",
    )


def _unknown_name(known: str, name: tree.Name, vocabulary: Vocabulary) -> Diagnostic:
    members = vocabulary.children(known.removesuffix("."))
    edit, meant = correction(name.span, name.text, members), nearest(name.text, members)
    message = f"there is no path `{known}{shortened(name.text)}`"
    ending = vocabulary.ending_in(name.text)
    other = elsewhere.hyperparameter(name.text) if edit is None or not edit.safe else None
    if other is not None:
        right = other.among(members)
        hint = f"`{name.text}` is `{known}{right}` here" if right is not None else other.help(name.text)
        edit = other.edit(name.span, known, members)
    elif meant is not None:
        hint = f"did you mean `{known}{meant}`?"
    elif ending:
        hint = f"`{name.text}` stands at {quoted(ending[:6])}" + (" and elsewhere" if len(ending) > 6 else "")
    elif known:
        listed = whole_set(members, "")
        hint = f"below `{known.removesuffix('.')}` are{listed}" if listed else ""
        hint = hint or (f"`{known.removesuffix('.')}` has no parameters" if not members else "")
    else:
        hint = "the paths start with " + quoted(members)
    return Diagnostic(
        codes.UNKNOWN_PATH,
        message,
        (Label(name.span, "unknown", primary=True),),
        help=hint,
        edit=edit,
    )


def _condition(when: tree.When, found: list[Diagnostic]) -> Condition | None:
    subject, value = when.subject.text, when.value
    if subject == "env":
        if isinstance(value, tree.String):
            return Condition("env", value.value)
        hint = 'an environment is a string, in which `*` stands for anything: `when env = "Ant-*"`'
        edit = safe_edit(value.span, string(value.name)) if isinstance(value, tree.Reference) else None
        found.append(_bad_condition("`env` is compared with a string", value.span, "no string", hint, edit))
        return None
    if subject == "actions":
        if isinstance(value, tree.Reference) and value.name in ACTIONS:
            return Condition("actions", value.name)
        name = value.name if isinstance(value, tree.Reference) else ""
        meant = nearest(name, ACTIONS)
        hint = f"did you mean `{meant}`?" if meant else f"actions are {quoted(ACTIONS)}"
        edit = correction(value.span, name, ACTIONS)
        found.append(_bad_condition("no actions are like that", value.span, "unknown", hint, edit))
        return None
    meant = nearest(subject, SUBJECTS)
    hint = f"did you mean `{meant}`?" if meant else "a condition is on `env` or on `actions`"
    edit = correction(when.subject.span, subject, SUBJECTS)
    message = f"no condition is called `{shortened(subject)}`"
    found.append(_bad_condition(message, when.subject.span, "unknown", hint, edit))
    return None


def _bad_condition(message: str, span: Span, label: str, hint: str, edit: Edit | None = None) -> Diagnostic:
    return Diagnostic(codes.BAD_CONDITION, message, (Label(span, label, primary=True),), help=hint, edit=edit)
