"""`taxon study report`: from a study's runs, or from its tables alone, to its report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.report.recorded import Recorded, read
from taxon.studies.report.writing import write
from taxon.studies.running import record
from taxon.studies.running.opened import Opened
from taxon.studies.running.store import State, existing_folder


@dataclass(frozen=True)
class Gathered:
    """What there is of a study.

    folder: its own. record: what was declared before. recorded: its tables. anew: whether they were made from runs, and
    may not lie in the folder yet. begun: how many runs had begun, at least.
    """

    folder: RunFolder
    record: record.Record
    recorded: Recorded
    anew: bool
    begun: int

    def write(self) -> None:
        """Write the tables that were made anew into the folder. Raises OSError where it cannot be written to."""
        for name, content in self.recorded.tables.items() if self.anew else ():
            self.folder.write(name, content)


def gather(opened: Opened) -> Gathered:
    """The tables of a study, made anew from the runs where the store has any of them, and what they say.

    Nothing is written. Raises UserError where there are no results, or others than the study's.
    """
    study, folder = opened.plan.study, existing_folder(opened.out)
    if folder is None or opened.record is None:
        message = f"{opened.out / record.FILE} is missing: nothing of the study has been run there"
        raise UserError(message, "run it first, with `taxon study FILE`, or name its folder with --out")
    found = opened.look()
    anew = any(each.state is not State.MISSING for each in found.values())
    if not anew and opened.record.meaning.get("score") != str(study.score):
        message = f"the results in {opened.out} are not scored by {study.score}"
        raise UserError(message, "their runs are not in the store: leave the study's score as it was")
    recorded = read(folder, study, opened.tables(found) if anew else None)
    return Gathered(folder, opened.record, recorded, anew, max(opened.begun(found), recorded.complete))


def report(opened: Opened, file: str, modules: Sequence[str] = ()) -> Iterator[str]:
    """Write the report of a study; yields the lines for a person. file, modules: how it and edited modules were named
    on the command line.

    Claims that were not declared yet are, after as many runs as there are. Raises UserError where there are no results,
    or others than the study's.
    """
    study, there = opened.plan.study, gather(opened)
    there.write()
    declared = record.declare(there.folder, there.record, study, opened.plan.settings, there.begun)
    name = Path(file.removesuffix(f":{study.name}")).name
    words = [f"{name}:{study.name}", *(word for module in modules for word in ("--module", module))]
    yield from write(there.folder, study, declared, there.recorded, shlex.join(words))
