"""`taxon study export --runs`: the finished runs of a study as a store without checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taxon.runtime.amounts import size
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.logging import METRICS
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.moving.lines import read, written
from taxon.studies.running import random_return
from taxon.studies.running.opened import Opened
from taxon.studies.running.store import PLACE, SPEC, Store, subfolder
from taxon.studies.running.units import Place


@dataclass
class Left:
    """What was exported."""

    path: Path
    runs: int
    seeds: int
    edited: Sequence[str] = ()  # what stays, since its module was edited: code does not travel
    bytes: int = 0

    def __str__(self) -> str:
        stays = f"; the runs of {', '.join(self.edited)} stay, since an edited module does not travel"
        return (
            f"{self.runs:,} runs with {self.seeds:,} seeds, {size(self.bytes)}: {self.path}{stays * bool(self.edited)}"
        )


def leave(opened: Opened, path: Path) -> Left:
    """Write the finished runs of a study, and the returns of random policies, into a folder.

    What is there of them is replaced where it is another; nothing is removed. Raises UserError where the study has no
    finished runs, or the folder cannot be used.
    """
    runs: dict[Path, tuple[Place, RunFolder, manifest.Manifest]] = {}
    for unit, found in opened.look().items():
        done = found.state.complete and unit.place.program.source is None
        if done and found.run is not None and found.record is not None:
            runs[found.run.path] = (unit.place, found.run, found.record)
    edited = sorted({unit.place.program.name for unit in opened.plan.units() if unit.place.program.source is not None})
    if not runs and edited:
        message = f"the runs of {', '.join(edited)} are of an edited module, which is code and does not travel"
        raise UserError(message, "make them on the other machine, with the same --module")
    if not runs:
        raise UserError("the study has no finished runs yet", "run it first, with `taxon study FILE`")
    if path.resolve() == opened.store.path.resolve():
        raise UserError(f"{path} is the store itself", "name another folder")
    target = Store(path)
    left = Left(path, len(runs), sum(len(record.seeds) for _, _, record in runs.values()), edited)
    for place, run, record in runs.values():
        described = target.describe(place)
        files = {manifest.FILE: record.model_dump_json(indent=1).encode(), METRICS: written(*read(run))}
        _put(left, subfolder(described, run.path.name), files)
    for folder in {place.key: target.describe(place) for place, _, _ in runs.values()}.values():
        left.bytes += sum(len(folder.read(name, 2**30)) for name in (PLACE, SPEC))
    for environment in opened.plan.study.environments:
        measured = opened.store.measured(environment)
        if measured is not None:
            _put(left, target.random(environment), {random_return.FILE: measured.model_dump_json().encode()})
    return left


def _put(left: Left, folder: RunFolder, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        folder.write(name, content)
        left.bytes += len(content)
