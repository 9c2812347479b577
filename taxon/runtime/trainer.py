"""A training run from emitted text to a folder: the loop with evaluation, logs, checkpoints and a clean stop."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from rich.console import Console

from taxon.operators.data import Replay, Rollouts
from taxon.runtime.anew import AS_BEFORE, Anew
from taxon.runtime.device.captured import Captured, CudaGraphs
from taxon.runtime.device.compiled import Compiling, mode_on
from taxon.runtime.device.device import choose_device, described
from taxon.runtime.device.garbage import search_again
from taxon.runtime.device.in_place import InPlace
from taxon.runtime.device.made_from import made_from
from taxon.runtime.device.memory import is_exhausted, keep_freed
from taxon.runtime.device.packs import Packs
from taxon.runtime.device.precision import check_phases, check_precision, lowering, phases_of
from taxon.runtime.device.seed_threads import SeedThreads, acts_alone, choose_threads
from taxon.runtime.device.units import ACTING, Direct, Units
from taxon.runtime.edited.blame import FILE as FAILURE
from taxon.runtime.edited.blame import blamed
from taxon.runtime.edited.contract import Module, check_names
from taxon.runtime.edited.trial import check_module
from taxon.runtime.environments.checkpointing import EnvironmentCheckpoint
from taxon.runtime.environments.closing import close_all
from taxon.runtime.environments.environment import Environment, check_actions, make
from taxon.runtime.environments.environment_state import restorable
from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.environments.mixed_vector import MixedVector
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.subprocess_vector import RemoteCheckpoint, SubprocessVector, shares
from taxon.runtime.environments.travelling import travels
from taxon.runtime.environments.trust import trusted
from taxon.runtime.environments.worker_count import busy_cores, choose_workers, have_cores
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.events import Callback
from taxon.runtime.experience.replay import SMALL
from taxon.runtime.folder import best, checkpoint, manifest, module, replay_file, tensorboard
from taxon.runtime.folder.describing import action_space, check_spaces, observation_space
from taxon.runtime.folder.logging import METRICS, Log
from taxon.runtime.folder.run_folder import CURVE, SPEC, UNFINISHED, RunFolder
from taxon.runtime.folder.snapshot import MISFITS, Capture, UnfitError, begin_anew, restore, whole
from taxon.runtime.listeners import check_callbacks
from taxon.runtime.loggers.opening import DIFFERENCE, FILES, check_loggers, loggers
from taxon.runtime.loggers.tool import About
from taxon.runtime.loop.loop import Agent, Loop, Streams, streams
from taxon.runtime.options import Crowd, Mode, Options, make_folder, parse_cadence
from taxon.runtime.program import Program
from taxon.runtime.progress import Display, RunConsole, display
from taxon.runtime.readings import failure_file
from taxon.runtime.run import Run
from taxon.runtime.stopping import stop_on_signals
from taxon.runtime.summary import resume_command

__all__ = ["Outcome", "Program", "resume", "train"]

FEW_THREADS = 64  # which any machine can start


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    folder: Path
    manifest: manifest.Manifest

    @property
    def exit_code(self) -> int:
        """0 finished, or ended where `stop_at` or a callback asked; 1 every seed became non-finite; 130 interrupted."""
        return {"finished": 0, "reached": 0, "stopped": 0, "frozen": 1}.get(self.manifest.status, 130)


def train(
    program: Program, options: Options, console: Console | Display | None = None, callbacks: Sequence[Callback] = ()
) -> Outcome:
    """Train every seed and leave a folder that describes the run whole.

    callbacks: what the run's events are given to, beside its own listeners; they change none of its numbers.
    Raises UserError for what the user can mend, a callback that fails included: the run is saved then. SIGINT and
    SIGTERM end the run after the present step, with a checkpoint; a second SIGINT ends it at once, without one.
    """
    here = Path.cwd()
    check_callbacks(callbacks)
    check_loggers(options.log)
    device = choose_device(options.device)
    check_precision(options.precision, device)
    mode = mode_on(options.compile, device)
    declared = _declared(program)
    width, discrete = declared.DATA.environments, declared.Agent.discrete
    _check_duration(program, declared.DATA, options.steps)
    numbers = streams(options.seeds, device, width)
    workers = _workers(options.workers, options.environment, numbers, device, declared.DATA)
    idle = declared.DATA.alternates
    with _environments(options.environment, numbers, discrete, workers, idle) as (training, evaluating):
        if program.edited is not None:
            with blamed(program.edited, Path(program.edited.file)):
                check_module(program.edited.file, Path(program.edited.file), declared, evaluating[0], device)
        check_phases(options.precision, declared.Agent(evaluating[0].layout, evaluating[0].action).phases)
        folder = RunFolder(make_folder(options.out, program.name, options.environment.name, here))
        record = manifest.begin(
            name=program.name,
            row=program.row,
            edited=None if program.edited is None else program.edited.record(program.source),
            environment=options.environment,
            observation=observation_space(evaluating[0].raw.observation_space),
            action=action_space(evaluating[0].raw.action_space),
            seeds=list(options.seeds),
            steps=options.steps,
            environments=width,
            evaluate_every=options.evaluate_every,
            evaluation_episodes=options.evaluation_episodes,
            evaluation_seed=options.evaluation_seed,
            stop_at=options.stop_at,
            keep_best=options.keep_best,
            log=options.log,
            save_every=options.save_every.text,
            restorable=restorable(options.environment, numbers.environment[0]),
            device=device,
            precision=options.precision,
            workers=workers,
            captured=device.type == "cuda" and mode != "off",
            extensions=program.extensions,
        )
        with folder.claimed(), _explained(folder, record), _blamed(program, folder):
            record.write(folder)
            if program.resolved is not None:
                folder.write(SPEC, program.resolved.encode())
            if program.difference:
                folder.write(DIFFERENCE, program.difference.encode())
            return _train(
                program,
                record,
                folder,
                options.environment,
                numbers,
                training,
                evaluating,
                device,
                console,
                callbacks,
                mode=mode,
            )


def resume(
    program: Program,
    path: Path,
    steps: int | None = None,
    console: Console | Display | None = None,
    workers: Crowd | None = None,
    environment: Recipe | None = None,
    callbacks: Sequence[Callback] = (),
    anew: Anew = AS_BEFORE,
) -> Outcome:
    """Go on where the latest checkpoint in the run's folder at `path` left it, to more `steps` where they are given.

    workers: how many processes step the environments from now on; as before where it is None. environment: the run's
    again, as the user says it, where it is more than an id. callbacks: as in `train`; those of before are not kept.
    anew: what else may be another from now on.

    program: compiled anew from the folder's resolved spec, or read where the user says, since text found in a folder is
    never executed.
    Raises UserError for what the user can mend; signals are as in `train`.
    """
    check_callbacks(callbacks)
    folder = RunFolder(path)
    with folder.claimed():
        record = manifest.read(folder)
        recipe = trusted(record.recipe(), environment)
        _check_names(folder, record)
        sealed = checkpoint.read(folder)
        _check_same(folder, program, record, sealed, steps, anew)
        anew.put(record)
        check_loggers(record.log)
        device = choose_device(record.device)
        check_precision(record.precision, device)
        declared = _declared(program)
        width, discrete = declared.DATA.environments, declared.Agent.discrete
        if record.environments != width:
            message = f"{folder.path / manifest.FILE} has {record.environments:,} environments of a seed"
            raise UserError(f"{message}, and the spec {width:,}", "restore the file from a copy")
        threads = _threads(record)
        torch.set_num_threads(threads)
        record.seed_threads = min(record.seed_threads, threads)
        numbers = streams(record.seeds, device, width)
        if workers is not None:
            record.workers = _workers(workers, recipe, numbers, device, declared.DATA)
        idle = declared.DATA.alternates
        with (
            _environments(recipe, numbers, discrete, record.workers, idle) as (training, evaluating),
            _explained(folder, record),
            _blamed(program, folder),
        ):
            check_spaces(record, evaluating[0])
            record.steps = steps or record.steps
            record.status, record.reason, record.ended = "running", None, None
            record.resumed.append(manifest.resumption(sealed.steps, recipe, device, program.extensions))
            return _train(
                program,
                record,
                folder,
                recipe,
                numbers,
                training,
                evaluating,
                device,
                console,
                callbacks,
                sealed,
                reached=anew.stop_at is None,
            )


def _train(
    program: Program,
    record: manifest.Manifest,
    folder: RunFolder,
    recipe: Recipe,
    numbers: Streams,
    training: list[Environment] | SubprocessVector | MixedVector,
    evaluating: list[Environment],
    device: torch.device,
    console: Console | Display | None,
    callbacks: Sequence[Callback],
    sealed: checkpoint.Checkpoint | None = None,
    mode: Mode = "auto",
    reached: bool = True,
) -> Outcome:
    """The run itself, from its start, where `mode` says what is compiled, or from a checkpoint.

    reached: as `Run.restore` has it.
    """
    keep_freed()
    checkpoints: Sequence[EnvironmentCheckpoint | RemoteCheckpoint]
    checkpoints = (
        [EnvironmentCheckpoint(environment) for environment in training]
        if isinstance(training, list)
        else training.checkpoints()
    )
    folder.write(module.FILE, program.source.encode())
    emitted = module.execute(program.source, folder.path / module.FILE)
    build = partial(emitted.Agent, evaluating[0].layout, evaluating[0].action)
    agent: Agent = build()
    captures: list[Capture | None] = [checkpoint.capture if record.restorable else None for checkpoint in checkpoints]
    cadence = parse_cadence(record.save_every, "save_every")
    saved = None if sealed is None else checkpoint.load(folder, sealed)
    kept, last = (0, None) if saved is None else _metrics(folder, saved)
    place = InPlace()
    with (
        Log(folder, record.seeds, kept, last) as log,
        display(console or RunConsole()) as shown,
        loggers(folder, record, log, _about(program, record, folder), shown.say) as tools,
        stop_on_signals() as stop,
        SeedThreads(place) as updates,
    ):
        recorded = None if sealed is None else record.compiled
        phases = phases_of(agent, build, record.precision)
        phases = tuple(p._replace(refresh=p.refresh and updates.on_all_cores(p.refresh)) for p in phases)
        environment = evaluating[0]
        own = made_from(program.source, environment.layout, environment.action, record.precision, program.extensions)
        compiling = Compiling(
            phases,
            emitted.DATA,
            record.steps,
            mode,
            shown.say,
            recorded,
            updates.compiled,
            updates.on_all_cores,
            Packs(own, shown.say),
        )
        record.compiled = compiling.compiled  # the same list: a phase that turns out not to compile leaves it
        if sealed is None and device.type == "cpu" and set(record.compiled) - {ACTING}:
            record.seed_threads = choose_threads(agent, emitted.DATA.batch, len(record.seeds))
        resting = device.type == "cpu" and emitted.DATA.alternates  # the updates, between two rounds
        alone = resting and acts_alone(agent, emitted.DATA.environments)
        if not isinstance(training, list) and have_cores(record.workers, busy_cores(device, resting=alone)):
            training.spin()
        updates.begin(record.seed_threads, alone)
        prepare = lowering(compiling.prepare, phases, record.precision)
        units: Units = Direct(device)
        if record.captured:
            graphs = CudaGraphs([*numbers.acting, *numbers.sampling, *numbers.noise])
            units = Captured(graphs, device, place, shown.say)
        # Where the environments and the updates do not share the same cores, neither waits for the other.
        overlap = device.type == "cuda" or record.workers > 0
        stored_as = SMALL.get(evaluating[0].dtype.name, torch.float32)
        data = emitted.DATA
        loop = Loop(agent, data, training, numbers, record.steps, device, phases, prepare, units, overlap, stored_as)
        run = Run(folder, record, loop, captures, evaluating, cadence, log, shown, tools, callbacks)
        if sealed is not None and saved is not None:
            _restore(folder, run, checkpoints, sealed, saved, reached)
            _say_differences(record, log, shown)
        threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
        graphs_too = ", updates recorded as CUDA graphs" if record.captured else ""
        shown.say(f"on {described(device)}{threads}: {compiling.chosen()}{graphs_too}")
        if record.workers:
            others = f"{record.workers} processes beside this one"
            if isinstance(training, MixedVector):
                others = f"this process and {record.workers} beside it"
            shown.say(f"{len(checkpoints)} environments are stepped by {others}")
        if not travels(recipe) and len(checkpoints) > 1:
            help = "define its function at the top level of a module for worker processes"
            shown.say(f"{recipe} is stepped by this process alone: {help}")
        if record.edited is not None:
            shown.say(f"the module is {record.edited}")
        record.write(folder)
        try:
            run.go(stop)
        except KeyboardInterrupt:
            record.status, record.ended = "interrupted", manifest.now()
            record.write(folder)
            run.screen.finish(record.status, loop.steps)
            shown.say(f"stopped at once, in the middle of a step{_whole(folder, record)}")
        finally:
            search_again()
    return Outcome(folder.path, record)


def _about(program: Program, record: manifest.Manifest, folder: RunFolder) -> About:
    """The run for tools that show runs."""
    asked = (
        "name",
        "row",
        "edited",
        "environment",
        "environment_arguments",
        "environment_wrappers",
        "seeds",
        "steps",
        "precision",
    )
    own = record.model_dump(include={*asked, "device", "evaluate_every", "evaluation_episodes", "taxon"})
    return About(folder.path.name, own | {f"spec.{path}": value for path, value in program.leaves.items()})


def _restore(
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


def _metrics(folder: RunFolder, saved: dict[str, Any]) -> tuple[int, int]:
    """How many bytes of the metrics a checkpoint stands behind, and the last step of these; -1 where there are none."""
    try:
        run = saved["run"]
        return whole(run["metrics"]), max(whole(run["logged"]), whole(run["evaluated"] + 1) - 1) if run[
            "metrics"
        ] else -1
    except UnfitError as error:
        raise checkpoint.misfit(folder, error) from error
    except MISFITS as error:
        raise checkpoint.misfit(folder, UnfitError("it holds no run")) from error


def _check_names(folder: RunFolder, record: manifest.Manifest) -> None:
    """Raise UserError where one of the names that a run writes is a link, say, before anything is written."""
    files = [manifest.FILE, SPEC, module.FILE, METRICS, CURVE, checkpoint.INDEX, best.INDEX, UNFINISHED, *FILES]
    files.append(FAILURE)
    folder.check([*files, *map(failure_file, record.seeds)], [replay_file.FOLDER, tensorboard.FOLDER])


def _threads(record: manifest.Manifest) -> int:
    """How many threads torch takes: as before, since how a sum is split among them shows in its last bits.

    But not as many as a record from elsewhere may name, where this machine has fewer cores.
    """
    return min(record.machine.threads, max(os.cpu_count() or 1, FEW_THREADS))


def _check_same(
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


def _say_differences(record: manifest.Manifest, log: Log, shown: Display) -> None:
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


@contextmanager
def _explained(folder: RunFolder, record: manifest.Manifest) -> Iterator[None]:
    """Whatever breaks a run is recorded, and said in the user's terms where the user can mend it."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        _failed(folder, record)
        if not is_exhausted(error):
            raise
        fewer = "data.capacity=100k or --set data.batch=64"
        raise UserError(
            f"the device has too little memory for {len(record.seeds)} seeds",
            f"train fewer seeds at once, or keep fewer steps, with --set {fewer}" + _whole(folder, record),
        ) from error
    except OSError as error:
        _failed(folder, record)
        where = error.filename or folder.path
        raise UserError(
            f"{where} cannot be written: {error.strerror or error}",
            "make room or mend the folder's permissions" + _whole(folder, record),
        ) from error
    except BaseException:
        _failed(folder, record)
        raise


def _failed(folder: RunFolder, record: manifest.Manifest) -> None:
    if record.status == "running":
        record.status = "failed"
    with contextlib.suppress(OSError):  # the disk may be what failed
        record.write(folder)


def _whole(folder: RunFolder, record: manifest.Manifest) -> str:
    """What is left of a run that broke off, if anything."""
    try:
        steps = checkpoint.read(folder).steps
    except UserError:
        return ""
    return f"; the checkpoint of step {steps:,} is whole: {_go_on(folder, record)}"


def _go_on(folder: RunFolder, record: manifest.Manifest) -> str:
    return resume_command(folder.path, record.recipe(), None if record.edited is None else record.edited.file)


def _blamed(program: Program, folder: RunFolder) -> contextlib.AbstractContextManager[None]:
    """What an edited module raises while it is trained is its author's."""
    return blamed(program.edited, folder.path / module.FILE, folder)


def _declared(program: Program) -> ModuleType:
    """The module before there is a run, for what it says of its data and its actions."""
    edit = program.edited
    if edit is None:
        with tempfile.TemporaryDirectory() as folder:
            return module.load(program.source, Path(folder) / "agent.py")
    path = Path(edit.file)
    with blamed(edit, path):
        declared = module.execute(program.source, path)
        check_names(Module(edit.file, path, declared))
    return declared


def _check_duration(program: Program, data: Replay | Rollouts, steps: int) -> None:
    """Raise UserError where an edited module makes no update in so many steps; of a spec `load` says so."""
    if program.edited is not None and steps < data.fewest:
        message = f"{steps:,} steps end before the first update of {program.edited.file}, at step {data.fewest:,}"
        raise UserError(message, "ask for more with --steps, or change DATA in the module")


def _workers(asked: Crowd, recipe: Recipe, numbers: Streams, device: torch.device, data: Replay | Rollouts) -> int:
    """How many worker processes there are to be. Raises UserError for some that cannot have what makes environments."""
    count = len(numbers.environment)
    if not travels(recipe):
        if asked not in ("auto", 0):
            message = f"{recipe} cannot be made in a worker process, which finds no such function"
            raise UserError(
                message, "define the function at the top level of a module that is imported, or leave workers out"
            )
        return 0
    if asked != "auto":
        return min(asked, count)
    return choose_workers(recipe, numbers.environment[0], count, device, beside=not data.alternates)


@contextmanager
def _environments(
    recipe: Recipe, numbers: Streams, discrete: bool, workers: int, idle: bool
) -> Iterator[tuple[list[Environment] | SubprocessVector | MixedVector, list[Environment]]]:
    """Every seed's environments to train on, and one per seed to evaluate on, closed at the end.

    idle: this process has nothing to do while workers step, and takes a share where that leaves each of them one.
    """
    count = len(numbers.environment)
    here = len(shares(range(count), workers + 1)[0]) if not workers or (idle and workers < count) else 0
    with contextlib.ExitStack() as stack:
        living: list[Environment] = []
        stack.callback(close_all, living)

        def made(number: int) -> Environment:
            environment = make(recipe, number)
            living.append(environment)
            check_actions(environment, discrete)
            return environment

        try:
            evaluating = [made(number) for number in numbers.evaluation]
            own = [made(number) for number in numbers.environment[:here]]
        except UnusableEnvironmentError as error:
            raise UserError(error.message, error.help) from error
        if not workers:
            yield own, evaluating
            return
        sizes = evaluating[0].observation, evaluating[0].action
        with contextlib.closing(SubprocessVector(recipe, numbers.environment, workers, *sizes, here)) as away:
            yield MixedVector(own, away) if own else away, evaluating
