"""What a rule is: a code, and a question put to a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.diagnostics.model import Code, Diagnostic, Label
from taxon.taxonomy.row import Row


@dataclass(frozen=True)
class Conflict:
    """What a rule found: one line, the paths that take part (the first is to blame), and the way out."""

    message: str
    sites: tuple[tuple[str, str], ...]
    help: str


@dataclass(frozen=True)
class Rule:
    code: Code
    check: Callable[[Row], Conflict | None]


def diagnose(rule: Rule, row: Row) -> Diagnostic | None:
    """The rule's finding on a row with a label at every site that was written down, or None."""
    conflict = rule.check(row)
    if conflict is None:
        return None
    labels: list[Label] = []
    notes: list[str] = []
    for path, text in conflict.sites:
        leaf = row.leaves[path]
        if leaf.origin.span is None:
            notes.append(f"`{path}` is the default: {text}")
        else:
            labels.append(Label(leaf.origin.span, text, primary=not labels))
    return Diagnostic(rule.code, conflict.message, tuple(labels), tuple(notes), conflict.help)
