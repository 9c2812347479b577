"""The studies' part of docs/results.md, with its figures, from the runs that are kept in benchmarks/studies.

    python -m benchmarks.verdicts

A section for each study of which runs are kept (`benchmarks/sittings.py` names them): its scores, and for each claim
what the paper has, in the claim's own words, and what was found. Of a part of a study everything is marked so.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial as partial_of
from pathlib import Path

from benchmarks import published
from benchmarks.declared import declared
from benchmarks.fidelity import comparing, runs
from benchmarks.sittings import PEERS, ROOT, RUNS, STUDIES, Sitting
from taxon.figures.curves import curves
from taxon.figures.style import image
from taxon.figures.themed import themed
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.studies import Study
from taxon.studies.moving.arriving import arrive
from taxon.studies.report import tables
from taxon.studies.report.figures.all import PROFILES, Picture, pictures
from taxon.studies.report.judged import Judged, judged
from taxon.studies.report.page.claims import said
from taxon.studies.report.page.page import partial
from taxon.studies.report.recorded import Recorded, read
from taxon.studies.report.variants import variants
from taxon.studies.running import record
from taxon.studies.running.opened import Opened, open_study
from taxon.studies.running.plan import Asked
from taxon.studies.running.store import Store, existing_folder
from taxon.studies.statistics import phrases

PAGE = ROOT / "docs" / "results.md"
PICTURES = ROOT / "docs" / "pictures" / "studies"
WITHIN = 0.1  # in scaled units: a difference from the peer that is none
BEGIN, END = "<!-- written by python -m benchmarks.verdicts -->", "<!-- until here -->"

Drawn = dict[str, bytes]  # pictures by the names of their files


@dataclass(frozen=True)
class Found:
    """A study, what there is of it, and what that says.

    record: when its claims were declared. folder: where its tables are.
    """

    sitting: Sitting
    opened: Opened
    record: record.Record
    folder: RunFolder
    recorded: Recorded
    judged: Judged

    @property
    def study(self) -> Study:
        return self.opened.plan.study


def look(sitting: Sitting, store: Path, folder: Path) -> Found:
    """Read a study's runs in a store; its tables are written into a folder. Raises UserError."""
    study = declared(sitting.target)
    out = folder / sitting.name
    out.mkdir()
    shutil.copy(sitting.kept / record.FILE, out)
    opened = open_study(study, out, store, Asked())
    opened.write(opened.look())
    written = existing_folder(out)
    assert written is not None
    assert opened.record is not None  # it was copied there
    recorded = read(written, study)
    return Found(sitting, opened, opened.record, written, recorded, judged(study, recorded))


def section(found: Found) -> tuple[str, Drawn]:
    """A study's section in Markdown, and its pictures."""
    study, sitting = found.study, found.sitting
    rows = variants(study)
    drawn, shown = _pictures(found, [*pictures(study, rows, found.judged, found.recorded)])
    part = partial(found.recorded)
    whole = f"all {found.recorded.units:,} runs done"
    standing = whole if part is None else f"**{part}**, so all is of a part of it"
    steps = max(run.steps for run in study.runs)
    about = f"`{sitting.file}`: {standing}; {steps:,} steps each. {_line(study.doc)}".rstrip()
    parts = [f"### {study.name}", about]
    parts += _markdown(tables.scores(study, rows, found.judged, found.recorded))
    frozen = tables.frozen(study, rows, found.judged, found.recorded)
    parts += [] if frozen is None else _markdown(frozen)
    parts.append("\n".join(_claims(found, part is None)))
    for beside in (_peer, _published):
        more, pictured = beside(found)
        parts += more
        drawn |= pictured
    return "\n\n".join(part for part in [*parts, *shown] if part), drawn


def _peer(found: Found) -> tuple[list[str], Drawn]:
    """The same rows by Stable-Baselines3, where they were trained there."""
    if not found.sitting.peer:
        return [], {}
    plan, out = found.opened.plan, found.opened.out / "peer"
    made = {unit: runs.read(PEERS, job) for unit, job in runs.jobs(plan).items()}
    if not any(made.values()):
        return [], {}
    comparing.write(plan, made, found.opened.floors(), out)
    theirs = existing_folder(out)
    assert theirs is not None
    compared = [*comparing.compare(found.study, found.folder, theirs, WITHIN)]
    head = ["row", "environment", "taxon", "Stable-Baselines3", "difference, 95 %"]
    rows = [
        [each.row, one.environment, one.ours, one.theirs, one.judged] for each in compared for one in each.differences
    ]
    about = (
        "The same rows by Stable-Baselines3 with the same numbers and as many seeds, evaluated alike. Taxon less the "
        f"peer; absent: less than {WITHIN:g} of what the study's scale has as 1."
    )
    said = [f"- {each.row}: {_escaped(sentence)}" for each in compared for sentence in each.said]
    return [about, _table(head, rows), "\n".join(said)], {}


def _published(found: Found) -> tuple[list[str], Drawn]:
    """Published curves of some of its rows, where there are some."""
    beside, known = found.sitting.published, published.published()
    panels = published.panels(found.study, found.recorded, beside, known) if beside else []
    if not panels:
        return [], {}
    name = f"{found.study.name}-published.svg"
    head = ["row", "environment", "taxon", "published", "difference, 95 %"]
    rows = [
        [each.row, each.environment, each.ours, f"{each.theirs}, {each.published}", each.shown]
        for each in published.differences(found.study, found.recorded, beside, known)
    ]
    drawn = {name: themed(image(partial_of(curves, panels), "svg"))}
    text = "Learning curves beside published ones, each the mean over its seeds and its 95 % interval."
    return [_table(head, rows) if rows else "", f"![{text}](pictures/studies/{name})"], drawn


def _claims(found: Found, whole: bool) -> Iterator[str]:
    """A line for each claim: what is claimed, with the paper's numbers, and what was found."""
    results, known = found.judged, found.record.declared(found.study)
    for claim, result, ranks in zip(found.study.claims, results.claims, results.ranks, strict=True):
        verdict = "" if result.verdict is None else phrases.word(result.verdict, f"{claim.margin:g}")
        word = f"{verdict}{'' if whole else ', so far'}"
        after = known[claim.name].after if claim.name in known else found.recorded.complete
        late = f", declared after {after:,} of the runs" if after else ""
        yield f"- **{claim.name}**: {_line(claim.sentence)} *{word[:1].upper()}{word[1:]}.* `{claim.text}`{late}"
        yield from (f"  {_escaped(sentence)}" for sentence in said(found.study, claim, result, ranks))


def _pictures(found: Found, drawn: Sequence[Picture]) -> tuple[Drawn, list[str]]:
    files, shown = {}, []
    for picture in drawn:
        if picture.section != PROFILES:
            name = f"{found.study.name}-{picture.name}.svg"
            files[name] = themed(image(picture.draw, "svg"))
            shown.append(f"![{_escaped(picture.about)}](pictures/studies/{name})")
    return files, shown


def _markdown(table: tables.Table) -> Iterator[str]:
    yield _table(table.head, table.rows)
    yield " ".join(map(_escaped, [f"{table.caption}.", *table.notes]))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(map(_escaped, line))} |" for line in lines)


def _line(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{letter}" if letter in "|*_<[" else letter for letter in text)


def written(sections: Sequence[str], page: str) -> str:
    """The page with other sections between its marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return before + "\n\n".join([BEGIN, *sections, END]) + after


def made(folder: Path) -> Iterator[tuple[str, Drawn]]:
    """The section of each study of which runs are kept; folder: an empty one to work in."""
    store = Store(folder / "store")
    arrive(RUNS, store)
    for sitting in STUDIES:
        if (sitting.kept / record.FILE).is_file():
            yield section(look(sitting, store.path, folder))


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="verdicts-") as folder:
        sections = []
        for text, drawn in made(Path(folder)):
            sections.append(text)
            for name, content in drawn.items():
                (PICTURES / name).write_bytes(content)
    PAGE.write_text(written(sections, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
