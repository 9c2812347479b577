"""The rules that relate choices: TX3xx refuse what is undefined, TX4xx what the environment does not take, TX5xx quote
evidence against what is legal. A package's rules are about the rows with one of its choices."""

from functools import cache

from taxon.diagnostics.model import Code, Diagnostic, Severity
from taxon.taxonomy.language import language
from taxon.taxonomy.rule import Rule, diagnose
from taxon.taxonomy.rules import (
    action,
    ascent,
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
from taxon.taxonomy.rules.outside import rules_of
from taxon.taxonomy.schema import Row

__all__ = [
    "CODES",
    "LINTS",
    "RULES",
    "check_duration",
    "check_environment",
    "check_row",
    "every_code",
    "every_lint",
    "every_rule",
    "unusable",
]

_FILES = (control, posterior, ascent, m_step, value, estimate, data, action)
RULES = tuple(sorted((rule for file in _FILES for rule in file.RULES), key=lambda rule: rule.code.id))
LINTS = (*evidence.LINTS, *numbers.LINTS)
CODES: tuple[Code, ...] = (*(rule.code for rule in (*RULES, *LINTS)), *environment.CODES, *duration.CODES)


@cache
def every_rule() -> tuple[Rule, ...]:
    """The rules that refuse a row, with those of packages."""
    return (*RULES, *_outside(Severity.ERROR))


@cache
def every_lint() -> tuple[Rule, ...]:
    """The lints, with those of packages."""
    return (*LINTS, *_outside(Severity.WARNING))


def every_code() -> tuple[Code, ...]:
    """The codes of all rules, with those of packages."""
    return (*CODES, *(rule.code for severity in Severity for rule in _outside(severity)))


def _outside(severity: Severity) -> list[Rule]:
    found = (rule for package in language().packages for rule in rules_of(package))
    return [rule for rule in found if rule.code.severity is severity]


def check_row(row: Row) -> list[Diagnostic]:
    """Every rule that a row breaks, without what only follows from another; the lints only of a row that means
    something."""
    broken = {rule: found for rule in every_rule() if (found := diagnose(rule, row)) is not None}
    codes = {rule.code.id for rule in broken}
    errors = [found for rule, found in broken.items() if not rule.after & codes]
    return errors or [found for rule in every_lint() if (found := diagnose(rule, row)) is not None]
