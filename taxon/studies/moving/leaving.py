"""`taxon study export --runs`: the finished runs of a study as a store without checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxon.runtime.amounts import size
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.logging import METRICS
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.moving.whole import Whole, whole
from taxon.studies.running import random_return
from taxon.studies.running.opened import Opened
from taxon.studies.running.store import PLACE, SPEC, State, Store, subfolder


@dataclass
class Left:
    """What was exported.

    edited: whose runs stay, since their module was edited: code does not travel. out: why runs that have ended are left
    out.
    """

    path: Path
    runs: int
    seeds: int
    edited: Sequence[str] = ()
    out: Sequence[str] = ()
    bytes: int = 0

    def lines(self) -> Iterator[str]:
        """For a person."""
        stays = f"; the runs of {', '.join(self.edited)} stay, since an edited module does not travel"
        yield (
            f"{self.runs:,} runs with {self.seeds:,} seeds, {size(self.bytes)}: {self.path}{stays * bool(self.edited)}"
        )
        yield from (f"left out: {why}" for why in self.out)


def leave(opened: Opened, path: Path) -> Left:
    """Write the finished runs of a study, and the returns of random policies, into a folder.

    What is there of them is replaced where it is another; nothing is removed. A run that an import would refuse, as one
    whose evaluations are not all there, is left out. Raises UserError where the study has no finished runs, or where
    the folder cannot be used.
    """
    edited = sorted({unit.place.program.name for unit in opened.plan.units() if unit.place.program.source is not None})
    runs, out = _ended(opened)
    if not runs and edited:
        message = f"the runs of {', '.join(edited)} are of an edited module, which is code and does not travel"
        raise UserError(message, "make them on the other machine, with the same --module")
    if not runs and out:
        raise UserError(f"no run of the study is whole: {out[0]}", "mend the store, or run the study again")
    if not runs:
        raise UserError("the study has no finished runs yet", "run it first, with `taxon study FILE`")
    if path.resolve() == opened.store.path.resolve():
        raise UserError(f"{path} is the store itself", "name another folder")
    target = Store(path)
    left = Left(path, len(runs), sum(len(run.record.seeds) for run in runs), edited, out)
    for run in runs:
        described = target.describe(run.place)
        files = {manifest.FILE: run.record.model_dump_json(indent=1).encode(), METRICS: run.metrics}
        _put(left, subfolder(described, run.path.name), files)
    for folder in {run.place.key: target.describe(run.place) for run in runs}.values():
        left.bytes += sum(len(folder.read(name, 2**30)) for name in (PLACE, SPEC))
    for environment in opened.plan.study.environments:
        measured = opened.store.measured(environment)
        if measured is not None:
            _put(left, target.random(environment), {random_return.FILE: measured.model_dump_json().encode()})
    return left


def _ended(opened: Opened) -> tuple[list[Whole], list[str]]:
    """The whole runs of a study, and why others that have ended are none; those of edited modules are in neither."""
    runs: list[Whole] = []
    out: list[str] = []
    seen: set[Path] = set()
    for unit, found in opened.look().items():
        broken, edited = found.state is State.BROKEN, unit.place.program.source is not None
        if edited or not (found.state.complete or broken) or (found.run is not None and found.run.path in seen):
            continue
        if found.run is not None:
            seen.add(found.run.path)
        if broken or found.run is None:
            out.append(found.why)
            continue
        try:
            runs.append(whole(unit.place, found.run))
        except UserError as error:
            out.append(f"{error.message}; {error.help}")
    return runs, list(dict.fromkeys(out))


def _put(left: Left, folder: RunFolder, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        folder.write(name, content)
        left.bytes += len(content)
