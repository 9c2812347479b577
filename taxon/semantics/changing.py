"""`+ modifier` and `- modifier`: what a level of a study changes of the value that stands at its path."""

from __future__ import annotations

from collections.abc import Sequence

from taxon.diagnostics.model import Code, Diagnostic, Edit, Label
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes
from taxon.semantics.bodies import Modification
from taxon.semantics.typing_ import check
from taxon.semantics.values import quoted, shortened
from taxon.semantics.vocabulary import Place
from taxon.syntax import tree
from taxon.syntax.printing import expression
from taxon.taxonomy.schema import Choice, Slot


def read_change(
    change: tree.Change, places: Sequence[Place], path: str
) -> tuple[tuple[Modification, ...], list[Diagnostic]]:
    """The modifiers that a change adds to the choice at a path and takes from it, and what is wrong with them."""
    slot = next((slot for place in places for slot in place.slots if slot.modifiers), None)
    if slot is None:
        message = f"`{path}` takes no modifier"
        return (), [
            _finding(codes.UNKNOWN_CHOICE, message, change.span, "nothing to add", "write the values themselves")
        ]
    found: list[Diagnostic] = []
    read: dict[str, tuple[Modification, Span]] = {}
    for term in change.terms:
        modification = _read(term, slot, path, found)
        if modification is None:
            continue
        if modification.key in read:
            labels = (Label(term.span, "again", primary=True), Label(read[modification.key][1], "first here"))
            message = f"`{modification.key}` stands twice in one change"
            found.append(Diagnostic(codes.REPEATED_MODIFIER, message, labels, help="keep one"))
            continue
        read[modification.key] = (modification, term.span)
    return tuple(modification for modification, _ in read.values()), found


def _read(term: tree.Signed, slot: Slot, path: str, found: list[Diagnostic]) -> Modification | None:
    value = term.modifier
    name = value.function.text if isinstance(value, tree.Call) else expression(value)
    choice = next((choice for choice in slot.modifiers if name in (choice.key, *choice.aliases)), None)
    if choice is None:
        found.append(_no_modifier(name, value, slot, path))
        return None
    if not term.added:
        if isinstance(value, tree.Call):
            message = f"`- {choice.key}` takes the modifier away with its parameters"
            hint = f"write `- {choice.key}`"
            edit = Edit(value.span, choice.key)
            found.append(_finding(codes.TOO_MANY_ARGUMENTS, message, value.span, "takes none", hint, edit))
            return None
        return Modification(False, choice.key, {})
    base = tree.Reference(_some_base(choice, slot), value.span)
    typed, wrong = check(tree.Sum((base, value), value.span), slot, path)
    found += wrong
    if typed is None:
        return None
    prefix = f"{choice.key}."
    return Modification(True, choice.key, {key: below for key, below in typed.below.items() if key.startswith(prefix)})


def _some_base(modifier: Choice, slot: Slot) -> str:
    """A choice that the modifier may be added to, to read its parameters beside."""
    return next(base.key for base in slot.bases if not modifier.bases or base.key in modifier.bases)


def _no_modifier(name: str, value: tree.Expression, slot: Slot, path: str) -> Diagnostic:
    known = [modifier.key for modifier in slot.modifiers]
    meant = nearest(name, known)
    hint = f"did you mean `{meant}`?" if meant else f"it has {quoted(known)}"
    span = value.function.span if isinstance(value, tree.Call) else value.span
    return _finding(
        codes.UNKNOWN_CHOICE,
        f"`{path}` has no modifier `{shortened(name)}`",
        span,
        "a choice of its own" if slot.choice(name) else "unknown modifier",
        hint,
        correction(span, name, known),
    )


def _finding(code: Code, message: str, span: Span, label: str, hint: str, edit: Edit | None = None) -> Diagnostic:
    return Diagnostic(code, message, (Label(span, label, primary=True),), help=hint, edit=edit)
