"""What is wrong with a study, as diagnostics of one shape."""

from __future__ import annotations

from collections.abc import Iterable

from taxon.diagnostics.model import Code, Diagnostic, Edit, Label
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes
from taxon.semantics.values import shortened, whole_set


def finding(
    code: Code,
    message: str,
    span: Span,
    label: str,
    hint: str = "",
    first: Span | None = None,
    edit: Edit | None = None,
) -> Diagnostic:
    """A finding at a place, and where it stood `first` if it stands twice."""
    labels = [Label(span, label, primary=True)]
    if first is not None:
        labels.append(Label(first, "first here"))
    return Diagnostic(code, message, tuple(labels), help=hint, edit=edit)


def unknown(what: str, word: str, span: Span, known: Iterable[str], who: str = "the study") -> Diagnostic:
    """A name of a factor, a level or an environment that the study does not have."""
    choices = tuple(known)
    meant = nearest(word, choices)
    listed = whole_set(choices, "there are")
    hint = f"did you mean `{meant}`?" if meant else listed
    edit = correction(span, word, choices) if span.text == word else None
    message = f"{who} has no {what} `{shortened(word)}`"
    return finding(codes.NOT_IN_STUDY, message, span, "unknown", hint, edit=edit)
