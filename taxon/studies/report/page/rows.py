"""What the rows of a study are: how they differ, and what was foreseen of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taxon.diagnostics.registry import by_id
from taxon.semantics import codes, value_text
from taxon.semantics.studies import Study
from taxon.studies.report.page.markup import Html, element, listed, table
from taxon.studies.report.tables import NONE, Table
from taxon.studies.report.variants import Variant
from taxon.taxonomy import rules
from taxon.taxonomy.difference import compare, verdict
from taxon.taxonomy.row import Row
from taxon.taxonomy.table import cells


def rows(study: Study, found: Sequence[Variant]) -> Iterator[Html]:
    """The section: what `taxon diff` says of the rows, the same for all environments where they are."""
    yield element("h2", "What differs between the rows", id="rows")
    shown: dict[tuple[object, ...], tuple[list[str], Sequence[Html]]] = {}
    for name in study.environments:
        there = [variant for variant in found if name in variant.rows]
        given = tuple((variant.label, *_entries(variant.rows[name])) for variant in there)
        if given not in shown:
            shown[given] = ([], list(_differences(there, name)))
        shown[given][0].append(name)
    for names, parts in shown.values():
        if len(shown) > 1:
            yield element("h3", f"On {', '.join(names)}")
        yield from parts
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
    known = by_id((*codes.CODES, *rules.CODES))
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
        yield listed(
            label + ("" if len(names) == len(study.environments) else f", on {', '.join(names)}")
            for label, names in where.items()
        )


def _differences(found: Sequence[Variant], environment: str) -> Iterator[Html]:
    if len(found) < 2:
        yield element("p", "There is one row.")
        return
    own = [variant.rows[environment] for variant in found]
    differences = compare(*own)
    entries = [cells(row) for row in own]
    lines = []
    for each in differences:
        if each.differs:
            values = [
                entry[each.path] if each.factor else NONE if leaf is None else value_text(row, each.path)
                for entry, row, leaf in zip(entries, own, each.leaves, strict=True)
            ]
            lines.append([each.path, each.level, *values])
    yield element("p", f"{verdict(differences).capitalize()}.")
    if lines:
        yield table(Table("rows", "taxon diff", ["", "level", *(variant.label for variant in found)], lines), "texts")


def _entries(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple((path, value_text(row, path)) for path in row.leaves)
