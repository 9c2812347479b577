"""The rules that relate choices: TX3xx refuse what is undefined, TX5xx quote evidence against what is legal."""

from taxon.diagnostics.model import Code, Diagnostic
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules import action, control, value
from taxon.taxonomy.rules.evidence import LINTS
from taxon.taxonomy.rules.rule import diagnose

RULES = tuple(sorted((*control.RULES, *value.RULES, *action.RULES), key=lambda rule: rule.code.id))
CODES: tuple[Code, ...] = tuple(rule.code for rule in (*RULES, *LINTS))


def check_row(row: Row) -> list[Diagnostic]:
    """Every rule that a row breaks, without what only follows from another; the lints only of a row that means
    something."""
    broken = {rule: found for rule in RULES if (found := diagnose(rule, row)) is not None}
    codes = {rule.code.id for rule in broken}
    errors = [found for rule, found in broken.items() if not rule.after & codes]
    return errors or [found for rule in LINTS if (found := diagnose(rule, row)) is not None]
