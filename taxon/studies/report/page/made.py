"""How the numbers were made: commands, settings, versions and hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from taxon.semantics.studies import Study, study_hash
from taxon.studies.report.page.markup import Html, element, joined, listed, table
from taxon.studies.report.recorded import Recorded
from taxon.studies.report.tables import NONE, Table
from taxon.studies.report.variants import Variant
from taxon.studies.running.record import Record
from taxon.studies.running.table import CURVES, OF_RUN, RESULTS
from taxon.version import VERSION


def made(study: Study, command: str, record: Record, found: Sequence[Variant], recorded: Recorded) -> Iterator[Html]:
    """The section; command: of the study's file, as a shell reads it."""
    yield element("h2", "How it was made", id="made")
    yield element("pre", f"taxon study run {command}", Html("\n"), f"taxon study report {command}")
    settings = record.settings
    steps = sorted({run.steps for run in study.runs})
    yield listed(
        [
            f"steps of each seed: {', '.join(f'{number:,}' for number in steps)}",
            f"evaluated by {settings.evaluation_episodes:,} episodes every {settings.evaluate_every:,} steps",
            f"updates in {settings.precision}, {'compiled' if settings.compiled else 'not compiled'}",
            f"score: {study.score}; frozen seeds: {study.failure}",
            *([f"scale: {_scale(study)}"] if study.scale else []),
            *_imported(recorded),
            f"this page was made by taxon {VERSION} from {RESULTS}, its curves from {CURVES}",
        ]
    )
    yield table(_versions(recorded), "texts")
    yield table(_hashes(study, found, recorded), "texts")
    yield element("p", "SHA-256 of the study and of its results:")
    yield listed(
        joined([f"{name} ", element("code", digest)])
        for name, digest in (
            (study.name, study_hash(study)),
            (RESULTS, hashlib.sha256(recorded.tables[RESULTS]).hexdigest()),
        )
    )
    if len(record.versions) > 1:
        yield element("p", "The study was changed after its first runs:")
        yield listed(f"{each.hash[:12]} since {each.at}, after {each.after:,} runs" for each in record.versions)


def _imported(recorded: Recorded) -> Iterator[str]:
    """How many runs were made for another store."""
    count = sum(seed.imported for own in recorded.seeds.values() for seed in own)
    if count:
        yield f"{count:,} of {recorded.complete:,} runs were imported from another store"


def _versions(recorded: Recorded) -> Table:
    """What the runs were made with, and how many with each."""
    rows = []
    seeds = [seed for own in recorded.seeds.values() for seed in own if seed.state.complete]
    for name in OF_RUN:
        values = [seed.provenance[name] or NONE for seed in seeds]
        if set(values) == {NONE}:
            continue
        rows += [[name, value, f"{values.count(value):,}"] for value in dict.fromkeys(values)]
    return Table("versions", "Versions of the runs", ["", "version", "runs"], rows)


def _hashes(study: Study, found: Sequence[Variant], recorded: Recorded) -> Table:
    rows = []
    for variant in found:
        for name in study.environments:
            if name in variant.hashes:
                seeds = recorded.seeds.get(variant.key(name), ())
                modules = dict.fromkeys(seed.module for seed in seeds if seed.state.complete)
                rows.append([variant.label, name, variant.hashes[name][:12], ", ".join(modules) or NONE])
    return Table("hashes", "Hashes of the rows and of the modules that ran", ["", "environment", "row", "module"], rows)


def _scale(study: Study) -> str:
    return ", ".join(f"{name} [{low:g}, {high:g}]" for name, (low, high) in study.scale.items())
