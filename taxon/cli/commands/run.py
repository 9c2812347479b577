"""taxon run: train a spec, or go on with a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.own import named, named_again
from taxon.cli.arguments.parameters import Sets, Settings, Unsets, Wraps
from taxon.cli.specs.failure import user_errors
from taxon.runtime.errors import UserError

if TYPE_CHECKING:
    from taxon.runtime.environments.recipe import Recipe
    from taxon.runtime.options import Options
    from taxon.runtime.program import Program

Words = tuple[str | None, list[str] | None, list[str] | None]  # of --env, --env-set and --wrap

# What a run that goes on may be asked for anew; all else it keeps.
_ANEW = {"resume", "env", "env_set", "wrap", "module", "steps", "workers", "stop_at", "log", "device"}


def run(
    context: typer.Context,
    spec: Annotated[
        str | None,
        typer.Argument(help="A .tx file, or a shipped spec such as std.sac.", autocompletion=completing.specs),
    ] = None,
    env: Annotated[
        str | None,
        typer.Option(
            help="A gymnasium id, dm_control/<domain>-<task>, or your own: module:Id-v0, path/to/file.py:Id-v0.",
            autocompletion=completing.environments,
        ),
    ] = None,
    module: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Train this module, which `taxon emit` printed and you have edited. It is checked first. SPEC, where "
            "given, is what it was emitted from: recorded, and no more.",
            autocompletion=completing.modules,
        ),
    ] = None,
    env_set: Settings = None,
    wrap: Wraps = None,
    seeds: Annotated[str, typer.Option(help="How many (5: seeds 0 to 4), or which (3,7,9).")] = "1",
    steps: Annotated[str, typer.Option(help="Environment steps of every seed; 100k and 1M are understood.")] = "1M",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", autocompletion=completing.devices)
    ] = "auto",
    set: Sets = None,
    unset: Unsets = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; otherwise runs/<spec>-<env>-<n>.")] = None,
    eval_every: Annotated[
        str,
        typer.Option(
            help="Environment steps between two evaluations, the first before training begins; or never: the curve is "
            "that of the training episodes then.",
        ),
    ] = "20k",
    eval_episodes: Annotated[
        str, typer.Option(help="Episodes of an evaluation, with the mean action or the most probable one.")
    ] = "10",
    eval_seed: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Draw the starts of every evaluation, of every seed, from this number, so that all begin alike; "
            "otherwise each evaluation has new ones.",
        ),
    ] = None,
    stop_at: Annotated[
        str | None,
        typer.Option(
            metavar="return=R",
            help="End the run at the first evaluation whose mean return, over all seeds, is R or more; never, with "
            "--resume, for no longer.",
            autocompletion=completing.stops,
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(
            help="What is kept of the policies: last, in the latest checkpoint, or best: those of each seed's best "
            "evaluation too, for taxon eval --best.",
            autocompletion=completing.policies,
        ),
    ] = "last",
    log: Annotated[
        str,
        typer.Option(
            help="What is written beside metrics.jsonl, with commas between: tensorboard, csv, and, where they are "
            "installed, wandb, mlflow and trackio; or none.",
            autocompletion=completing.loggers,
        ),
    ] = "tensorboard",
    save_every: Annotated[
        str, typer.Option(help="What passes between two checkpoints: 90s, 5min, 1h, or steps.")
    ] = "5min",
    compile: Annotated[
        str,
        typer.Option(
            help="Compile the updates: on, off, or auto, where a run is long enough.", autocompletion=completing.modes
        ),
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            help="Of the networks' matrix products in updates: float32, tf32 (on a GPU) or bf16.",
            autocompletion=completing.precisions,
        ),
    ] = "float32",
    workers: Annotated[
        str,
        typer.Option(
            help="Processes that step the environments beside this one: a number, 0 for none, or auto: as many as "
            "save time on the cores that the updates leave free."
        ),
    ] = "auto",
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Go on with the run in this folder; --steps may ask for more, and --workers, --stop-at, --log and "
            "--device for others. A run of an edited module needs --module again.",
            metavar="RUN",
            autocompletion=completing.runs,
        ),
    ] = None,
) -> None:
    """Train a spec, or a module that you have edited, on an environment, several seeds in one process.

    Leaves the resolved spec, the emitted module, metrics, checkpoints and a learning curve in a folder.
    Ctrl-C stops cleanly, with a checkpoint; --resume goes on from the latest one as if nothing had happened.
    """
    from taxon.runtime.device.garbage import put_off
    from taxon.runtime.options import (
        Options,
        parse_cadence,
        parse_count,
        parse_evaluation_seed,
        parse_evaluations,
        parse_keep,
        parse_log,
        parse_mode,
        parse_precision,
        parse_seeds,
        parse_stop,
        parse_workers,
    )

    with user_errors():
        if resume is not None:
            given = _given(context)
            kept = [word for name, word in given.items() if name not in _ANEW]
            asked = {"steps": steps, "workers": workers, "stop_at": stop_at, "log": log, "device": device}
            anew = {name: text for name, text in asked.items() if name in given}
            raise typer.Exit(_resume(resume, (env, env_set, wrap), module, anew, kept))
        if spec is None and module is None:
            raise UserError("there is no spec to train", "name one, as in taxon run sac --env Hopper-v4")
        environment = named(env, env_set, wrap)
        if environment is None:
            raise UserError("there is no environment to train on", "name one, as in --env Hopper-v4")
        own = eval_episodes if "eval_episodes" in _given(context) else None
        evaluate_every, evaluation_episodes = parse_evaluations(eval_every, own)
        options = Options(
            environment=environment,
            seeds=parse_seeds(seeds),
            steps=parse_count(steps, "--steps"),
            device=device,
            out=out,
            evaluate_every=evaluate_every,
            evaluation_episodes=evaluation_episodes,
            save_every=parse_cadence(save_every, "--save-every"),
            compile=parse_mode(compile),
            precision=parse_precision(precision),
            workers=parse_workers(workers),
            evaluation_seed=None if eval_seed is None else parse_evaluation_seed(eval_seed, "--eval-seed"),
            stop_at=None if stop_at is None else parse_stop(stop_at),
            keep_best=parse_keep(keep),
            log=parse_log(log),
        )
        with put_off():
            program = _program(spec, module, set or [], environment, unset or [], options)
            from taxon.runtime.trainer import train

        outcome = train(program, options)
    raise typer.Exit(outcome.exit_code)


def _program(
    spec: str | None, module: Path | None, sets: list[str], environment: Recipe, unsets: list[str], options: Options
) -> Program:
    """What is to be trained."""
    from taxon.cli.arguments import modules
    from taxon.cli.specs.loading import load
    from taxon.compiler import emit
    from taxon.runtime.options import TOOLS
    from taxon.runtime.program import Program

    if module is not None:
        return modules.program(module, spec, sets, environment, unsets, options.steps)
    assert spec is not None  # one of the two is there
    resolved = load(spec, sets, environment, unsets, options.steps)
    program = Program(resolved.name, resolved.hash, resolved.canonical, emit(resolved.row), resolved.packages)
    if not any(name in TOOLS for name in options.log):
        return program
    from taxon.cli.specs.tracking import difference_to_parent, leaves

    apart = difference_to_parent(spec, resolved.row, environment, bool(sets or unsets))
    return replace(program, leaves=leaves(resolved.row), difference=apart)


def _given(context: typer.Context) -> dict[str, str]:
    """The parameters that the command line gives, by name, as they are written there."""
    given: dict[str, str] = {}
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        if source is not None and source.name == "COMMANDLINE":
            option = parameter.param_type_name == "option"
            given[str(parameter.name)] = parameter.opts[0] if option else str(parameter.name).upper()
    return given


def _resume(folder: Path, words: Words, module: Path | None, anew: Mapping[str, str | None], given: list[str]) -> int:
    """Go on with a run: its exit code.

    anew: what is asked for anew, by name. given: options that ask for what a run keeps.
    """
    from taxon.cli.specs.run_folder import program_of
    from taxon.runtime.device.garbage import put_off
    from taxon.runtime.environments.trust import trusted
    from taxon.runtime.folder import manifest
    from taxon.runtime.folder.run_folder import RunFolder
    from taxon.runtime.options import parse_count, parse_log, parse_stop, parse_workers

    if given:
        message = f"a run that goes on keeps its own settings, and {given[0]} asks for another"
        raise UserError(message, f"leave {' and '.join(given)} out, or begin another run")
    count = None if (steps := anew.get("steps")) is None else parse_count(steps, "--steps")
    workers = None if (text := anew.get("workers")) is None else parse_workers(text)
    stop = None if (text := anew.get("stop_at")) is None else parse_stop(text)
    log = None if (text := anew.get("log")) is None else parse_log(text)
    opened = RunFolder(folder)
    record = manifest.read(opened)
    environment = trusted(record.recipe(), named_again(record.recipe(), *words))
    with put_off():
        # Of a finished run more is asked for; any other one may have nothing left to do but to end.
        done = record.steps_done if record.status == "finished" and count is not None else 0
        wanted = None if count is not None and count <= record.steps_done else count or record.steps
        program = program_of(opened, record, environment, module, wanted, done)
        from taxon.runtime.anew import Anew
        from taxon.runtime.trainer import resume

    other = Anew("never" if "stop_at" in anew and stop is None else stop, log, anew.get("device"))
    return resume(program, folder, count, workers=workers, environment=environment, anew=other).exit_code
