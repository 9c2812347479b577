"""`allow TX501 "why"`: lints that an algorithm's author has seen and answers for."""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import cache

from taxon.diagnostics.model import Code, Diagnostic, Label, safe_edit
from taxon.diagnostics.suggest import did_you_mean
from taxon.semantics import codes
from taxon.semantics.resolve import Resolution
from taxon.semantics.scope import Symbol
from taxon.semantics.values import shortened
from taxon.syntax import codes as syntactic
from taxon.syntax import tree
from taxon.taxonomy import rules

_FIRST, _LAST = rules.LINTS[0].code.id, rules.LINTS[-1].code.id  # of the language's own


@cache
def _lints() -> tuple[str, ...]:
    return tuple(rule.code.id for rule in rules.every_lint())


def silence(symbol: Symbol, allowed: Set[str], resolution: Resolution, whole: bool) -> list[Diagnostic]:
    """What is left to report about an algorithm's row, once what is allowed is left out.

    Args:
        symbol: the algorithm.
        allowed: the lints that it or one of its ancestors allows.
        resolution: its row, and what the rules say about it.
        whole: this row is all that the algorithm says: no `when` block and no `--set` makes another one of it. Only
            then an `allow` that silences nothing is sure to do so.
    """
    found = resolution.diagnostics
    said = {finding.code.id for finding in found}
    sure = whole and resolution.row is not None
    idle = [allow for allow in _allows(symbol) if sure and allow.code.text in allowed - said]
    return [*(finding for finding in found if finding.code.id not in allowed), *map(_idle, idle)]


def allowed_lints(symbol: Symbol) -> frozenset[str]:
    """The codes of the lints that a declaration itself allows."""
    return frozenset(allow.code.text for allow in _allows(symbol)).intersection(_lints())


def check_allows(symbol: Symbol) -> list[Diagnostic]:
    """What is wrong with the `allow` entries of an algorithm, whatever its row is."""
    found: list[Diagnostic] = []
    first: dict[str, tree.Allow] = {}
    for allow in _allows(symbol):
        known = first.setdefault(allow.code.text, allow)
        if allow.code.text not in _lints():
            found.append(_no_lint(allow.code))
        elif known is not allow:
            labels = (Label(allow.code.span, "again", primary=True), Label(known.code.span, "first here"))
            message = f"`{allow.code.text}` is allowed twice in one body"
            found.append(Diagnostic(codes.BAD_ALLOW, message, labels, help="keep one of them"))
        if not allow.reason.value.strip():
            label = Label(allow.reason.span, "is empty", primary=True)
            help = "say why the row is meant to be so: a reader will ask"
            found.append(Diagnostic(codes.BAD_ALLOW, "an `allow` gives its reason", (label,), help=help))
    return found


def _allows(symbol: Symbol) -> Iterator[tree.Allow]:
    if isinstance(symbol.declaration, tree.Algorithm):
        yield from (entry for entry in symbol.declaration.entries if isinstance(entry, tree.Allow))


def _no_lint(name: tree.Name) -> Diagnostic:
    right = name.text.upper()
    if right in _lints():
        label = Label(name.span, "unknown", primary=True)
        help, edit = f"write `{right}`", safe_edit(name.span, right)
        return Diagnostic(codes.BAD_ALLOW, f"there is no lint `{name.text}`", (label,), help=help, edit=edit)
    code = next((code for code in _others() if code.id == right), None)
    if code is None:
        label = Label(name.span, "unknown", primary=True)
        message = f"there is no lint `{shortened(name.text)}`"
        help = did_you_mean(right, _lints()) or f"what can be allowed runs from `{_FIRST}` to `{_LAST}`"
        return Diagnostic(codes.BAD_ALLOW, message, (label,), help=help)
    label = Label(name.span, code.title, primary=True)
    message = f"`{code.id}` is no lint, and cannot be allowed"
    help = f"mend what it reports; what can be allowed runs from `{_FIRST}` to `{_LAST}`"
    return Diagnostic(codes.BAD_ALLOW, message, (label,), help=help)


def _others() -> Iterator[Code]:
    yield from (*syntactic.CODES, *codes.CODES, *rules.every_code())


def _idle(allow: tree.Allow) -> Diagnostic:
    label = Label(allow.span, "silences nothing", primary=True)
    message = f"`{allow.code.text}` does not arise in this row"
    return Diagnostic(codes.IDLE_ALLOW, message, (label,), help="remove it")
