"""The whole page: one file without scripts, from which no request leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from taxon.semantics.studies import Study
from taxon.studies.report.figures.all import CURVES, LADDER, PROFILES
from taxon.studies.report.judged import Judged
from taxon.studies.report.page.claims import claims
from taxon.studies.report.page.look import CSS
from taxon.studies.report.page.made import made
from taxon.studies.report.page.markup import Html, element, joined, listed, paragraphs, table
from taxon.studies.report.page.rows import foreseen, rows
from taxon.studies.report.recorded import Recorded, states
from taxon.studies.report.tables import Table
from taxon.studies.report.variants import Variant
from taxon.studies.running.record import Record


def page(
    study: Study,
    command: str,
    record: Record,
    found: Sequence[Variant],
    judged: Judged,
    recorded: Recorded,
    tables: Mapping[str, Table],
    figures: Mapping[str, Sequence[Html]],
) -> str:
    """report.html. tables: by their names. figures: by their sections."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("title", f"{study.name}: report{'' if partial(recorded) is None else ' on a part'}"),
        element("style", Html(CSS)),
    )
    body = element(
        "body",
        element("h1", study.name),
        paragraphs(study.doc),
        *_standing(recorded),
        *claims(study, record, judged, figures, partial(recorded) is None),
        element("h2", "Scores", id="scores"),
        *(table(tables[name]) for name in ("scores", "aggregates", "frozen") if name in tables),
        *_figures("Learning curves", figures.get(CURVES, ())),
        *_figures("Profiles", figures.get(PROFILES, ())),
        *_figures("Contributions of the ladder's steps: exploration", figures.get(LADDER, ())),
        *rows(study, found),
        *foreseen(study, found),
        *made(study, command, record, found, recorded),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def partial(recorded: Recorded) -> str | None:
    """What of the study there is, None where it is complete."""
    if recorded.complete == recorded.units:
        return None
    return f"{recorded.complete:,} of {recorded.units:,} runs done"


def _standing(recorded: Recorded) -> Iterator[Html]:
    part = partial(recorded)
    if part is None:
        yield element("p", f"All {recorded.units:,} runs done.", class_="note")
        return
    yield element("p", f"{part}: all numbers below are those of a part of the study.", class_="partial", role="status")
    yield listed(f"{count:,} {state.value}" for state, count in states(recorded).items())


def _figures(title: str, drawn: Sequence[Html]) -> Iterator[Html]:
    if drawn:
        yield element("h2", title)
        yield joined(drawn)
