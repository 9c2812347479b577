"""taxon study run: what is missing of a study, here, on a Ray cluster or by a script for Slurm."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxon.cli.arguments.running import (
    STORE,
    Anew,
    Compile,
    Device,
    EvalEpisodes,
    EvalEvery,
    Jobs,
    Keep,
    Kept,
    OnCluster,
    Own,
    PerGpu,
    Precision,
    SaveEvery,
    Stack,
    Threads,
    asked_of,
    ended,
    launching,
    machine,
    one_of,
)
from taxon.cli.commands.study.opening import File, Modules, Out, opened_study
from taxon.cli.screen.writing import write
from taxon.cli.specs.failure import user_errors
from taxon.runtime.errors import UserError
from taxon.runtime.options import parse_count

if TYPE_CHECKING:
    from taxon.studies.running.driver import Slots
    from taxon.studies.running.jobs import Ways
    from taxon.studies.running.opened import Opened


def run(
    context: typer.Context,
    file: File,
    module: Modules = None,
    env: Own = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the grid, what is there, what is missing, core-hours and power instead."),
    ] = False,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="With --dry-run: measure for 20 s each kind of run whose speed is not known."),
    ] = False,
    slurm: Annotated[
        str | None,
        typer.Option(
            metavar="OPTIONS",
            help="Print a script for sbatch instead, with these options, as in --slurm '--time=24:00:00': an "
            "array of workers that run what is missing.",
        ),
    ] = None,
    ray: OnCluster = None,
    out: Out = None,
    store: Kept = STORE,
    jobs: Jobs = None,
    threads: Threads = "1",
    device: Device = "cpu",
    per_gpu: PerGpu = None,
    stack: Stack = None,
    save_every: SaveEvery = "5min",
    keep: Keep = "last",
    eval_every: EvalEvery = None,
    eval_episodes: EvalEpisodes = None,
    compile: Compile = "auto",
    precision: Precision = None,
    anew: Anew = False,
) -> None:
    """Run what is missing of a study.

    Type the same again after a kill, or when the study has more seeds, environments or steps: what is there stays, and
    what was begun goes on. Runs are kept in the store and shared by the studies that need them; the study's folder has
    study.json, written before the first run, results.csv and curves.csv. Ctrl-C stops the runs with checkpoints.

    Exit code 0: complete; 1: some runs failed or are stale; 2: nothing could be run; 130: stopped.
    """
    from taxon.studies.running import driving
    from taxon.studies.running.showing import Line

    with user_errors():
        slots, ways = machine(device, jobs, threads, stack, save_every, keep, per_gpu)
        one_of({"--dry-run": dry_run, "--slurm": slurm is not None, "--ray": ray is not None})
        if probe and not dry_run:
            raise UserError("--probe measures for --dry-run", "write both, or leave it out")
        opened = opened_study(file, module, env, out, store, asked_of(eval_every, eval_episodes, compile, precision))
        if dry_run:
            _preview(opened, slots, ways if stack else driving.shared(opened, slots, ways), probe)
            return
        if slurm is not None:
            _script(opened, slurm, parse_count(jobs, "--jobs") if jobs else None, ways, context)
            return
        launcher, slots = launching(ray, store, slots, ways, jobs, per_gpu)
        means = driving.Means(launcher, slots, ways if stack else driving.shared(opened, slots, ways), anew)
        raise ended(driving.run(opened, means, Line(), uuid.uuid4().hex))


def _preview(opened: Opened, slots: Slots, ways: Ways, probe: bool) -> None:
    from taxon.studies.running.preview import preview
    from taxon.studies.running.probing import measure
    from taxon.studies.running.progress import Costs
    from taxon.studies.running.showing import Line

    costs, found = Costs(opened.store, opened.plan.places.values()), opened.look()
    costs.read()
    if probe:
        missing = [unit for unit, each in found.items() if not each.state.complete]
        costs.probed.update(measure(missing, costs.known, slots, ways, Line().say))
    write("\n".join(preview(opened.plan, found, costs, slots.cores)))


def _script(opened: Opened, options: str, workers: int | None, ways: Ways, context: typer.Context) -> None:
    from taxon.studies.running import slurm
    from taxon.studies.running.jobs import trainings

    found = opened.look()
    missing = [unit for unit, each in found.items() if not each.state.complete]
    count = workers or max(1, len(trainings(opened.store, missing, found, ways)))
    worker = [sys.executable, "-m", "taxon", "study", "work", *_typed(context, but={"slurm", "jobs"})]
    own = {"--cpus-per-task": str(ways.threads), **({"--gpus-per-task": "1"} if ways.device == "cuda" else {})}
    script = slurm.script(opened.plan.study.name, worker, options, count, own, str(Path.cwd()))
    write(script.rstrip("\n"))


def _typed(context: typer.Context, but: set[str]) -> list[str]:
    """The words of the command line, without some of its options."""
    words: list[str] = []
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE" or name in but:
            continue
        value = context.params[name]
        option = [parameter.opts[0]] if parameter.param_type_name == "option" else []
        for each in value if isinstance(value, list | tuple) else [value]:
            words += option if each is True else [*option, str(each)]
    return words
