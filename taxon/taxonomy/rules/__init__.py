"""The rules that relate choices: TX3xx refuse what is undefined, TX4xx what the environment does not take, TX5xx quote
evidence against what is legal."""

from taxon.diagnostics.model import Code, Diagnostic
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules import (
    action,
    control,
    data,
    duration,
    environment,
    estimate,
    evidence,
    m_step,
    numbers,
    posterior,
    value,
)
from taxon.taxonomy.rules.duration import check_duration
from taxon.taxonomy.rules.environment import check_environment, unusable
from taxon.taxonomy.rules.rule import diagnose

__all__ = ["CODES", "LINTS", "RULES", "check_duration", "check_environment", "check_row", "unusable"]

_FILES = (control, posterior, m_step, value, estimate, data, action)
RULES = tuple(sorted((rule for file in _FILES for rule in file.RULES), key=lambda rule: rule.code.id))
LINTS = (*evidence.LINTS, *numbers.LINTS)
CODES: tuple[Code, ...] = (*(rule.code for rule in (*RULES, *LINTS)), *environment.CODES, *duration.CODES)


def check_row(row: Row) -> list[Diagnostic]:
    """Every rule that a row breaks, without what only follows from another; the lints only of a row that means
    something."""
    broken = {rule: found for rule in RULES if (found := diagnose(rule, row)) is not None}
    codes = {rule.code.id for rule in broken}
    errors = [found for rule, found in broken.items() if not rule.after & codes]
    return errors or [found for rule in LINTS if (found := diagnose(rule, row)) is not None]
