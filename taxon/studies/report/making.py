"""`taxon study report`: from a study's runs, or from its tables alone, to its report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from taxon.runtime.errors import UserError
from taxon.studies.report.recorded import read
from taxon.studies.report.writing import write
from taxon.studies.running import record
from taxon.studies.running.opened import Opened
from taxon.studies.running.store import State, existing_folder


def report(opened: Opened, file: str, modules: Sequence[str] = ()) -> Iterator[str]:
    """Write the report of a study; yields the lines for a person. file, modules: how it and edited modules were named
    on the command line.

    The tables are read anew from the runs where the store has any of them. Claims that were not declared yet are, after
    as many runs as there are. Raises UserError where there are no results, or others than the study's.
    """
    study = opened.plan.study
    found = opened.look()
    begun = sum(each.state is not State.MISSING for each in found.values())
    if begun:
        opened.write(found)
    folder = existing_folder(opened.out)
    if folder is None or opened.record is None:
        message = f"{opened.out / record.FILE} is missing: nothing of the study has been run there"
        raise UserError(message, "run it first, with `taxon study FILE`, or name its folder with --out")
    if not begun and opened.record.meaning.get("score") != str(study.score):
        message = f"the results in {opened.out} are not scored by {study.score}"
        raise UserError(message, "their runs are not in the store: leave the study's score as it was")
    recorded = read(folder, study)
    declared = record.declare(folder, opened.record, study, opened.plan.settings, max(begun, recorded.complete))
    name = Path(file.removesuffix(f":{study.name}")).name
    words = [f"{name}:{study.name}", *(word for module in modules for word in ("--module", module))]
    yield from write(folder, study, declared, recorded, shlex.join(words))
