"""Table 1 of Furuta et al. 2021, printed from rows."""

from __future__ import annotations

from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.schema import Choice, Row, Slot


def cells(row: Row) -> dict[str, str]:
    """The seven entries of a row, by path."""
    return {path: cell(row, path, SCHEMA[path]) for path in FACTORS}


def cell(row: Row, path: str, slot: Slot) -> str:
    """One entry: `Analytic + TR`, `Mixture + SG`, `N(mu_theta(s), Sigma)`."""
    chosen = [choice for choice in slot.choices if choice.key == row.base(path) or row.has(path, choice.key)]
    ordered = sorted(chosen, key=lambda choice: (not choice.leads, choice.modifier))
    terms = (_term(row, path, choice) for choice in ordered)
    return " + ".join(dict.fromkeys(term for term in terms if term))


def _term(row: Row, path: str, choice: Choice) -> str:
    return choice.term if isinstance(choice.term, str) else choice.term(row, path)
