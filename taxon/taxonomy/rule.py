"""What a rule is: a code, and a question put to a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from taxon.diagnostics.model import Code, Diagnostic, Label, Severity
from taxon.taxonomy.schema import Row

# Whose entry is to blame before all others: where its author can look.
_OWN = ("set", "spec")

# Whether the row is EM control or KL control at all. Until that is settled, what either needs of G, eta and the rest
# would repeat one mistake in several words.
CONTROL = ("TX301", "TX302", "TX303", "TX304", "TX305", "TX370")


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


Check = Callable[[Row], Conflict | None]


class Register(Protocol):
    """Put a check under a code. `after`: codes of which this one is a mere consequence where both are found."""

    def __call__(
        self, id_: str, title: str, why: str, source: str = "", after: Iterable[str] = ()
    ) -> Callable[[Check], Check]: ...


def registrar(rules: list[Rule], severity: Severity = Severity.ERROR) -> Register:
    """A decorator that puts checks into a list of rules."""

    def register(
        id_: str, title: str, why: str, source: str = "", after: Iterable[str] = ()
    ) -> Callable[[Check], Check]:
        def put(check: Check) -> Check:
            rules.append(Rule(Code(id_, title, why, severity, source), check, frozenset(after)))
            return check

        return put

    return register


def diagnose(rule: Rule, row: Row) -> Diagnostic | None:
    """The rule's finding on a row, or None."""
    conflict = rule.check(row)
    return None if conflict is None else finding(rule.code, conflict, row)


def finding(code: Code, conflict: Conflict, row: Row) -> Diagnostic:
    """A conflict with a label at every site that was written down, and a note for every default."""
    labels: list[Label] = []
    notes: list[str] = []

    def rank(site: tuple[str, str]) -> int:
        layer = row.leaves[site[0]].origin.layer
        return _OWN.index(layer) if layer in _OWN else len(_OWN)

    for path, text in sorted(conflict.sites, key=rank):
        leaf = row.leaves[path]
        if leaf.origin.span is None:
            notes.append(f"`{path}` is the default: {text}")
        else:
            labels.append(Label(leaf.origin.span, text, primary=not labels))
    return Diagnostic(code, conflict.message, tuple(labels), tuple(notes), conflict.help)
