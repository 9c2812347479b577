"""The rules of packages: held against rows with one of the package's choices, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from taxon.taxonomy.extension import ExtensionError, Package
from taxon.taxonomy.language import targets
from taxon.taxonomy.rule import Conflict, Rule
from taxon.taxonomy.schema import Row
from taxon.taxonomy.slots import SLOTS

_BREAKS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, TypeError, ValueError)


def rules_of(package: Package) -> Iterator[Rule]:
    """The rules of a package, each a question put only to the rows that it may be about."""
    given = package.extension.choices.items()
    places = [(path, choice.key) for shared, choices in given for path in targets(SLOTS, shared) for choice in choices]
    for rule in package.extension.rules:
        yield replace(rule, check=_about(package, rule, places))


def _about(package: Package, rule: Rule, places: list[tuple[str, str]]) -> Callable[[Row], Conflict | None]:
    def check(row: Row) -> Conflict | None:
        if not any(row.base(path) == key or row.has(path, key) for path, key in places):
            return None
        try:
            return rule.check(row)
        except _BREAKS as error:
            reason = f"{type(error).__name__}: {error}"
            raise ExtensionError(f"the rule {rule.code.id} of {package} fails ({reason})") from error

    return check
