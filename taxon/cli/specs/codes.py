"""Every code that the checker can report, and which of them mean that there was nothing to read."""

from __future__ import annotations

from taxon.diagnostics.model import Code
from taxon.diagnostics.registry import by_id
from taxon.semantics import codes as semantic
from taxon.syntax import codes as syntactic
from taxon.taxonomy import rules

CODES: dict[str, Code] = by_id((*syntactic.CODES, *semantic.CODES, *rules.every_code()))

# The file, the run, the environment or the name on the command line is at fault, not a spec's text: exit code 2.
UNREADABLE = frozenset(
    code.id
    for code in (
        *(syntactic.UNREADABLE, syntactic.NOT_UTF8, syntactic.TOO_LARGE, semantic.NO_SUCH_SPEC),
        rules.environment.UNUSABLE,
    )
)
