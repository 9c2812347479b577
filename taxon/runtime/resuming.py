"""What a run that goes on is held against, what it takes from its checkpoint, and what is not as it was."""

import os
from collections.abc import Sequence
from typing import Any

from taxon.runtime.anew import Anew
from taxon.runtime.edited.blame import FILE as FAILURE
from taxon.runtime.environments.state.checkpointing import EnvironmentCheckpoint
from taxon.runtime.environments.vectors.subprocess_vector import RemoteCheckpoint
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder import best, checkpoint, manifest, module, replay_file, tensorboard
from taxon.runtime.folder.logging import METRICS, Log
from taxon.runtime.folder.run_folder import CURVE, SPEC, UNFINISHED, RunFolder, failure_file
from taxon.runtime.folder.snapshot import MISFITS, UnfitError, begin_anew, restore, whole
from taxon.runtime.loggers.opening import FILES
from taxon.runtime.program import Program
from taxon.runtime.progress import Display
from taxon.runtime.run import Run

FEW_THREADS = 64  # which any machine can start


def check_files(folder: RunFolder, record: manifest.Manifest) -> None:
    """Raise UserError where one of the names that a run writes is a link, say, before anything is written."""
    files = [manifest.FILE, SPEC, module.FILE, METRICS, CURVE, checkpoint.INDEX, best.INDEX, UNFINISHED, *FILES]
    files.append(FAILURE)
    folder.check([*files, *map(failure_file, record.seeds)], [replay_file.FOLDER, tensorboard.FOLDER])


def check_same(
    folder: RunFolder,
    program: Program,
    record: manifest.Manifest,
    sealed: checkpoint.Checkpoint,
    steps: int | None,
    anew: Anew,
) -> None:
    """Raise UserError where the folder's parts do not belong together, or there is nothing left to do."""
    record.check_program(folder, program.identity)
    if sealed.row != record.identity or sealed.seeds != record.seeds:
        raise UserError(f"{folder.path / checkpoint.INDEX} belongs to another run", "restore the folder from a copy")
    if sealed.state.keys() == {"agent"}:
        message = f"{folder.path} was published: it has agents that act, and nothing with which training goes on"
        raise UserError(message, f"train its spec anew: taxon run {folder.path / SPEC} --env ID")
    if len(sealed.frozen) == len(record.seeds):
        raise UserError(f"every seed of {folder.path} was frozen: nothing can go on", "begin another run")
    if record.status == "reached" and anew.stop_at is None:
        raise UserError(
            f"{folder.path} is done at step {sealed.steps:,}: {one_line(record.reason or 'it has reached its return')}",
            "ask for more, as in --stop-at never, or --stop-at return= with a higher one",
        )
    wanted = steps or record.steps
    if wanted < sealed.steps:
        raise UserError(
            f"{folder.path} has made {sealed.steps:,} steps already, more than {wanted:,}",
            f"ask for more, as in --steps {2 * sealed.steps}",
        )
    if wanted == sealed.steps and record.status == "finished":
        raise UserError(
            f"{folder.path} is finished: it has made all of its {sealed.steps:,} steps",
            f"ask for more, as in --steps {2 * sealed.steps}",
        )


def threads_of(record: manifest.Manifest) -> int:
    """How many threads torch takes: as before, since how a sum is split among them shows in its last bits.

    But not as many as a record from elsewhere may name, where this machine has fewer cores.
    """
    return min(record.machine.threads, max(os.cpu_count() or 1, FEW_THREADS))


def metrics_behind(folder: RunFolder, saved: dict[str, Any]) -> tuple[int, int]:
    """How many bytes of the metrics a checkpoint stands behind, and the last step of these; -1 where there are none."""
    try:
        run = saved["run"]
        logged, evaluated = whole(run["logged"]), whole(run["evaluated"] + 1) - 1
        return whole(run["metrics"]), max(logged, evaluated) if run["metrics"] else -1
    except UnfitError as error:
        raise checkpoint.misfit(folder, error) from error
    except MISFITS as error:
        raise checkpoint.misfit(folder, UnfitError("it holds no run")) from error


def restore_run(
    folder: RunFolder,
    run: Run,
    checkpoints: Sequence[EnvironmentCheckpoint | RemoteCheckpoint],
    sealed: checkpoint.Checkpoint,
    saved: dict[str, Any],
    reached: bool,
) -> None:
    """Bring a new run to a checkpoint. Raises UserError where it does not fit."""
    loop = run.loop
    try:
        anew = restore(loop, saved, [checkpoint.restore for checkpoint in checkpoints])
        if run.replay is not None:
            run.replay.load(sealed.replay)
        for index, why in anew.items():
            begin_anew(loop, index, [loop.streams.environment[index], loop.steps])
            if run.record.restorable:
                seed = run.seeds[index // loop.collector.width]
                run.say(f"an environment of seed {seed} cannot be restored and begins a new episode: {why}")
        run.restore(saved["run"], reached)
        if loop.steps != sealed.steps:
            raise UnfitError(f"it is of step {loop.steps:,}, and its index of {sealed.steps:,}")
    except UnfitError as error:
        raise checkpoint.misfit(folder, error) from error
    except MISFITS as error:
        raise checkpoint.misfit(folder, UnfitError(str(error))) from error


def say_differences(record: manifest.Manifest, log: Log, shown: Display) -> None:
    """Say what is not as it was, since the numbers may differ then."""
    now = record.resumed[-1]
    if now.machine.threads != record.machine.threads:
        fewer = f"torch takes {now.machine.threads} threads on this machine and took {record.machine.threads}"
        shown.say(f"{fewer}: the last bits may differ from an unbroken run's")
    if log.unread:
        shown.say(f"{log.unread:,} lines of {METRICS} cannot be read, and are not in TensorBoard's files")
    recorded = record.packages | record.extensions
    for package, version in (now.packages | now.extensions).items():
        if (before := recorded.get(package)) != version:
            shown.say(f"{package} is {version} now and was {before}: the numbers may differ from an unbroken run's")
    if now.environment_file != record.environment_file:
        shown.say(f"{record.recipe().file} is not what it was: the numbers may differ from an unbroken run's")
    if now.taxon != record.taxon:
        shown.say(f"taxon is {now.taxon} now and was {record.taxon}: the numbers may differ from an unbroken run's")
    if now.machine.processor != record.machine.processor or now.machine.accelerator != record.machine.accelerator:
        shown.say("this is another machine: the last bits may differ from an unbroken run's")
