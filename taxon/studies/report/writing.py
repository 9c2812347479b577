"""A report's files: report.html, figures/ and tables/ in the study's folder."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.figures.style import files
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.studies import Study
from taxon.studies.report import tables
from taxon.studies.report.figures.all import pictures
from taxon.studies.report.judged import Judged, judged
from taxon.studies.report.latex import latex
from taxon.studies.report.page.claims import said
from taxon.studies.report.page.markup import Html
from taxon.studies.report.page.page import page, partial
from taxon.studies.report.page.picture import picture
from taxon.studies.report.recorded import Recorded
from taxon.studies.report.variants import Variant, variants
from taxon.studies.running.record import Record
from taxon.studies.running.store import subfolder

FILE, FIGURES, TABLES = "report.html", "figures", "tables"


def write(folder: RunFolder, study: Study, record: Record, recorded: Recorded, command: str) -> Iterator[str]:
    """Write a study's report beside its results; yields the lines for a person.

    record: with the study's present claims. recorded: its results. command: how its file is named on a command line.
    Raises UserError where no statistics can be made of the results.
    """
    found, results = variants(study), judged(study, recorded)
    drawn: dict[str, list[Html]] = {}
    into = subfolder(folder, FIGURES)
    for each in pictures(study, found, results, recorded):
        made = files(each.name, each.draw)
        for name, content in made.items():
            into.write(name, content)
        drawn.setdefault(each.section, []).append(picture(each.name, made[f"{each.name}.svg"], each.about))
    shown = {table.name: table for table in _tables(study, found, results, recorded)}
    part = partial(recorded)
    into = subfolder(folder, TABLES)
    for name, table in shown.items():
        into.write(f"{name}.tex", latex(table, part or "").encode())
    text = page(study, command, record, found, results, recorded, shown, drawn)
    folder.write(FILE, text.encode())
    yield f"study {study.name}: {part or f'all {recorded.units:,} runs done'}"
    for claim, result, ranks in zip(study.claims, results.claims, results.ranks, strict=True):
        yield f"  {claim.name}: {' '.join(said(study, claim, result, ranks))}"
    yield f"{folder.path / FILE}"


def _tables(study: Study, found: list[Variant], results: Judged, recorded: Recorded) -> Iterator[tables.Table]:
    made = (
        tables.scores(study, found, results, recorded),
        tables.aggregates(study, found, results),
        tables.frozen(study, found, results, recorded),
        tables.verdicts(results.claims),
    )
    yield from (each for each in made if each is not None)
