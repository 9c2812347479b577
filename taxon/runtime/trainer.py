"""A training run from emitted text to a folder: the loop with evaluation, logs, checkpoints and a clean stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from rich.console import Console

from taxon.runtime.anew import AS_BEFORE, Anew
from taxon.runtime.broken import blame, explained, left_of
from taxon.runtime.device.captured import Captured, CudaGraphs
from taxon.runtime.device.compiled import Compiling, mode_on
from taxon.runtime.device.device import choose_device, described
from taxon.runtime.device.garbage import search_again
from taxon.runtime.device.in_place import InPlace
from taxon.runtime.device.made_from import made_from
from taxon.runtime.device.memory import keep_freed
from taxon.runtime.device.packs import Packs
from taxon.runtime.device.precision import check_phases, check_precision, lowering, phases_of
from taxon.runtime.device.seed_threads import SeedThreads, acts_alone, choose_threads
from taxon.runtime.device.units import ACTING, Direct, Units
from taxon.runtime.edited.blame import blamed
from taxon.runtime.edited.trial import check_module
from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.state.checkpointing import EnvironmentCheckpoint
from taxon.runtime.environments.state.environment_state import restorable
from taxon.runtime.environments.travelling import travels
from taxon.runtime.environments.trust import trusted
from taxon.runtime.environments.vectors.mixed_vector import MixedVector
from taxon.runtime.environments.vectors.subprocess_vector import RemoteCheckpoint, SubprocessVector
from taxon.runtime.environments.vectors.worker_count import busy_cores, have_cores
from taxon.runtime.errors import UserError
from taxon.runtime.events import Callback
from taxon.runtime.experience.replay import SMALL
from taxon.runtime.folder import checkpoint, manifest, module
from taxon.runtime.folder.describing import action_space, check_spaces, observation_space
from taxon.runtime.folder.logging import Log
from taxon.runtime.folder.run_folder import SPEC, RunFolder
from taxon.runtime.folder.snapshot import Capture
from taxon.runtime.listeners import check_callbacks
from taxon.runtime.loggers.opening import DIFFERENCE, check_loggers, loggers
from taxon.runtime.loggers.tool import About
from taxon.runtime.loop.loop import Agent, Loop, Streams, streams
from taxon.runtime.options import Crowd, Mode, Options, make_folder, parse_cadence
from taxon.runtime.prepared import check_duration, declared_by, environments_of, workers_of
from taxon.runtime.program import Program
from taxon.runtime.progress import Display, RunConsole, display
from taxon.runtime.resuming import check_files, check_same, metrics_behind, restore_run, say_differences, threads_of
from taxon.runtime.run import Run
from taxon.runtime.stopping import stop_on_signals

__all__ = ["Outcome", "Program", "resume", "train"]


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
    declared = declared_by(program)
    width, discrete = declared.DATA.environments, declared.Agent.discrete
    check_duration(program, declared.DATA, options.steps)
    numbers = streams(options.seeds, device, width)
    workers = workers_of(options.workers, options.environment, numbers, device, declared.DATA)
    idle = declared.DATA.alternates
    with environments_of(options.environment, numbers, discrete, workers, idle) as (training, evaluating):
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
        with folder.claimed(), explained(folder, record), blame(program, folder):
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
        check_files(folder, record)
        sealed = checkpoint.read(folder)
        check_same(folder, program, record, sealed, steps, anew)
        anew.put(record)
        check_loggers(record.log)
        device = choose_device(record.device)
        check_precision(record.precision, device)
        declared = declared_by(program)
        width, discrete = declared.DATA.environments, declared.Agent.discrete
        if record.environments != width:
            message = f"{folder.path / manifest.FILE} has {record.environments:,} environments of a seed"
            raise UserError(f"{message}, and the spec {width:,}", "restore the file from a copy")
        threads = threads_of(record)
        torch.set_num_threads(threads)
        record.seed_threads = min(record.seed_threads, threads)
        numbers = streams(record.seeds, device, width)
        if workers is not None:
            record.workers = workers_of(workers, recipe, numbers, device, declared.DATA)
        idle = declared.DATA.alternates
        with (
            environments_of(recipe, numbers, discrete, record.workers, idle) as (training, evaluating),
            explained(folder, record),
            blame(program, folder),
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
    kept, last = (0, None) if saved is None else metrics_behind(folder, saved)
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
            restore_run(folder, run, checkpoints, sealed, saved, reached)
            say_differences(record, log, shown)
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
            shown.say(f"stopped at once, in the middle of a step{left_of(folder, record)}")
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
