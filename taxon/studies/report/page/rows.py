"""What the rows of a study are: how they differ, and what was foreseen of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taxon.diagnostics.registry import by_id
from taxon.semantics import codes, value_text
from taxon.semantics.studies import Study
from taxon.studies.report.page.markup import Html, element, joined, listed, table
from taxon.studies.report.tables import NONE, Table
from taxon.studies.report.variants import Variant
from taxon.taxonomy import rules
from taxon.taxonomy.difference import Difference, compare, verdict
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells


def rows(study: Study, found: Sequence[Variant]) -> Iterator[Html]:
    """The section: what `taxon diff` says of the rows, the same for all environments where they are."""
    yield element("h2", "What differs between the rows", id="rows")
    if len(found) < 2:
        yield element("p", "There is one row.")
    else:
        yield from _differences(study, found)
    changed = [variant for variant in found if variant.edited]
    if changed:
        yield element("p", "Modules that were changed by hand, beyond what the rows above say, with their SHA-256:")
        yield listed(joined([f"{each.label} ", element("code", each.edited)]) for each in changed)
    equal = [variant.cells for variant in found if len(variant.cells) > 1]
    if equal:
        yield element("p", "Cells with equal rows, which share their runs:")
        yield listed(" | ".join(cells) for cells in equal)
    left_out = dict.fromkeys(
        f"{cell.name} on {cell.environment}: {cell.left_out}" for cell in study.cells if cell.left_out
    )
    if left_out:
        yield element("p", "Left out:")
        yield listed(left_out)


def foreseen(study: Study, found: Sequence[Variant]) -> Iterator[Html]:
    """What the checker warned of before anything was run."""
    known = by_id((*codes.CODES, *rules.every_code()))
    warned: dict[str, dict[str, list[str]]] = {}
    for variant in found:
        for environment, lints in variant.lints.items():
            for lint in dict.fromkeys(lints):
                warned.setdefault(lint, {}).setdefault(variant.label, []).append(environment)
    if not warned:
        return
    yield element("h2", "Foreseen", id="foreseen")
    yield element("p", "What taxon check warned of before anything was run, with its evidence:")
    for lint, where in sorted(warned.items()):
        code = known[lint]
        source = f" ({code.source})" if code.source else ""
        yield element("h3", f"{lint}: {code.title}")
        yield element("p", f"{code.why}{source}")
        yield listed(f"{label}{_where(study, names)}" for label, names in where.items())


def _differences(study: Study, found: Sequence[Variant]) -> Iterator[Html]:
    """A line for each path with the values of all rows, and several where they depend on the environment."""
    verdicts: dict[str, list[str]] = {}
    lines: dict[tuple[str, ...], list[str]] = {}
    for name in study.environments:
        rows = [variant.rows.get(name) for variant in found]
        there = [row for row in rows if row is not None]
        differences = [each for each in compare(*there) if each.differs] if len(there) > 1 else []
        if differences:
            verdicts.setdefault(verdict(differences), []).append(name)
        for each in differences:
            lines.setdefault((each.path, each.level, *(_value(each, row) for row in rows)), []).append(name)
    for said, names in verdicts.items():
        yield element("p", f"{said.capitalize()}{_where(study, names)}.")
    places = {path: place for place, path in enumerate(dict.fromkeys(path for path, *_ in lines))}
    shown = [
        [f"{path}{_where(study, names)}", *rest]
        for (path, *rest), names in sorted(lines.items(), key=lambda line: places[line[0][0]])
    ]
    head = ["", "level", *(variant.label for variant in found)]
    yield table(Table("rows", "taxon diff of all rows", head, shown), "texts")


def _value(difference: Difference, row: Row | None) -> str:
    if row is None:
        return NONE
    if difference.factor:
        return cells(row)[difference.path]
    return value_text(row, difference.path) if difference.path in row.leaves else NONE


def _where(study: Study, names: Sequence[str]) -> str:
    return "" if len(names) == len(study.environments) else f", on {', '.join(names)}"
