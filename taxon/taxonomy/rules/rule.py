"""What a rule is: a code, and a question put to a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.diagnostics.model import Code, Diagnostic, Label
from taxon.taxonomy.row import Row

_OWN = ("spec", "set")


@dataclass(frozen=True)
class Conflict:
    """What a rule found: one line, the paths that take part (the first is to blame, where none of them or several are
    the spec's own), and the way out."""

    message: str
    sites: tuple[tuple[str, str], ...]
    help: str


@dataclass(frozen=True)
class Rule:
    """A rule, and the codes beside which it is silent: where one of them is found too, this finding only follows."""

    code: Code
    check: Callable[[Row], Conflict | None]
    after: frozenset[str] = frozenset()


def diagnose(rule: Rule, row: Row) -> Diagnostic | None:
    """The rule's finding on a row with a label at every site that was written down, or None."""
    conflict = rule.check(row)
    if conflict is None:
        return None
    labels: list[Label] = []
    notes: list[str] = []
    # What the spec itself says is to blame before what it inherits: that is where its author can look.
    for path, text in sorted(conflict.sites, key=lambda site: row.leaves[site[0]].origin.layer not in _OWN):
        leaf = row.leaves[path]
        if leaf.origin.span is None:
            notes.append(f"`{path}` is the default: {text}")
        else:
            labels.append(Label(leaf.origin.span, text, primary=not labels))
    return Diagnostic(rule.code, conflict.message, tuple(labels), tuple(notes), conflict.help)
