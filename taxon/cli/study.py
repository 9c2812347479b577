"""taxon study: run a study, look at it, take its table."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxon.cli import completing, frontend
from taxon.cli.defaulting import Defaulting
from taxon.cli.failure import user_errors
from taxon.cli.line import Line
from taxon.cli.modules import check_bases, edited_modules
from taxon.cli.own import check_named, named_by
from taxon.cli.running import (
    STORE,
    Anew,
    Compile,
    Device,
    EvalEpisodes,
    EvalEvery,
    Jobs,
    Keep,
    Kept,
    Own,
    PerGpu,
    Precision,
    SaveEvery,
    Stack,
    Threads,
    asked_count,
    asked_of,
    machine,
)
from taxon.runtime.errors import UserError
from taxon.runtime.options import parse_cadence, parse_count

if TYPE_CHECKING:
    from taxon.studies.running.driver import Driver, Slots
    from taxon.studies.running.jobs import Ways
    from taxon.studies.running.launching import Launcher
    from taxon.studies.running.opened import Opened
    from taxon.studies.running.plan import Asked

study = typer.Typer(
    cls=Defaulting,
    no_args_is_help=True,
    help="Run a study: what is missing of its runs, beside each other, each resumed after whatever ended it.\n\n"
    "`taxon study FILE` is `taxon study run FILE`.",
)

File = Annotated[
    str,
    typer.Argument(
        help="A .tx file with one study, or `file.tx:name`.", metavar="FILE[:NAME]", autocompletion=completing.studies
    ),
]
Modules = Annotated[
    list[str] | None,
    typer.Option(
        "--module",
        metavar="NAME=FILE",
        help="Train this edited module in the place of the base of that name, which it was emitted from.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="The study's folder; otherwise studies/NAME.")]
_LEASE = "15min"


@study.command("run")
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
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run on the Ray cluster with its head at HOST:PORT, auto for this machine's, or local for one that is "
            "started here. Needs the extra `ray`.",
        ),
    ] = None,
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
    with user_errors():
        slots, ways = machine(device, jobs, threads, stack, save_every, keep, per_gpu)
        if probe and not dry_run:
            raise UserError("--probe measures for --dry-run", "write both, or leave it out")
        opened = _opened(file, module, env, out, store, asked_of(eval_every, eval_episodes, compile, precision))
        if dry_run and slurm is not None:
            raise UserError("--dry-run and --slurm each print something else", "leave one of them out")
        if dry_run:
            _preview(opened, slots, ways if stack else _shared(opened, slots, ways), probe)
            return
        if slurm is not None:
            _script(opened, slurm, parse_count(jobs, "--jobs") if jobs else None, ways, context)
            return
        launcher, slots = _launcher(ray, store, slots, ways, jobs, per_gpu)
        ways = ways if stack else _shared(opened, slots, ways)
        raise typer.Exit(_drive(opened, launcher, slots, ways, anew, uuid.uuid4().hex, _LEASE, True, again=True))


@study.command("work")
def work(
    file: File,
    module: Modules = None,
    env: Own = None,
    out: Out = None,
    store: Kept = STORE,
    jobs: Annotated[
        str | None, typer.Option(help="Runs at a time; otherwise 1, or what --per-gpu has room for.")
    ] = None,
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
    lease: Annotated[
        str,
        typer.Option(help="How long another machine's worker may give no sign of life before its run is taken over."),
    ] = _LEASE,
) -> None:
    """Take part in running a study, beside other workers that share its folders.

    A worker runs what no other process is running, and ends when nothing is left. `taxon study FILE --slurm OPTIONS`
    prints a script that starts many. What failed three times is left to `taxon study FILE`, or to the next submission.

    Exit code 0: nothing is missing but what other workers are running; 1: some runs failed or are stale; 2: nothing
    could be run; 130: stopped.
    """
    from taxon.studies.running.launching import Here

    with user_errors():
        many = jobs or (None if per_gpu else "1")
        slots, ways = machine(device, many, threads, stack, save_every, keep, per_gpu)
        opened = _opened(file, module, env, out, store, asked_of(eval_every, eval_episodes, compile, precision))
        session = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID") or ""
        raise typer.Exit(_drive(opened, Here(), slots, ways, anew, session, lease, False, again=bool(session)))


@study.command("status")
def status(
    file: File,
    module: Modules = None,
    env: Own = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
    out: Out = None,
    store: Kept = STORE,
) -> None:
    """Print what there is of a study: a line for each cell, and what failed and why.

    Exit code 0: complete; 1: not, or not yet; 2: the study or its folders cannot be used.
    """
    from taxon.studies.running.standing import Standing

    with user_errors():
        standing = Standing.of(_opened(file, module, env, out, store, asked_of(None, None, "auto", None)))
        if as_json:
            print(json.dumps(standing.data(), indent=2))
        else:
            frontend.write("\n".join(standing.lines()))
        raise typer.Exit(0 if standing.counts.complete == standing.counts.units else 1)


@study.command("export")
def export(
    file: File,
    module: Modules = None,
    env: Own = None,
    csv: Annotated[bool, typer.Option("--csv", help="The table as comma-separated values.")] = False,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="The table as Parquet, for a file or a pipe. Needs the extra `parquet`.")
    ] = False,
    runs: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The finished runs themselves, without checkpoints, in a folder that `taxon study import` takes.",
        ),
    ] = None,
    curves: Annotated[bool, typer.Option("--curves", help="The evaluations in place of the results.")] = False,
    out: Out = None,
    store: Kept = STORE,
) -> None:
    """Print a study's results, a line for each seed of each cell, read anew from the runs; or write its finished runs
    into a folder for another store."""
    from taxon.studies.running import table

    with user_errors():
        if csv + parquet + (runs is not None) != 1:
            raise UserError("an export has one format", "write --csv, --parquet or --runs FOLDER")
        if runs is not None and curves:
            raise UserError("--curves is of a table, and runs have theirs", "leave it out")
        if parquet and sys.stdout.isatty():
            raise UserError("Parquet is nothing for a terminal", "write it into a file, with > results.parquet")
        opened = _opened(file, module, env, out, store, asked_of(None, None, "auto", None))
        if runs is not None:
            from taxon.studies.moving.leaving import leave

            frontend.write(str(leave(opened, runs)))
            return
        found = opened.results(opened.look())
        read = table.curves(opened.plan, found) if curves else table.results(opened.plan, found, opened.floors())
        if parquet:
            from taxon.studies.running.parquet import parquet as packed

            sys.stdout.buffer.write(packed(read))
        else:
            sys.stdout.write(read.csv())


@study.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `taxon study export --runs` wrote.")],
    store: Kept = STORE,
) -> None:
    """Take the finished runs of another machine into the store: all of them, or none where one is not in order.

    Studies then count them as done. They have no checkpoints: more steps of them begin anew.
    """
    from taxon.studies.moving.arriving import arrive
    from taxon.studies.running.store import Store

    with user_errors():
        for line in arrive(folder, Store(store)).lines(store):
            frontend.write(line)


@study.command("report")
def report(file: File, module: Modules = None, env: Own = None, out: Out = None, store: Kept = STORE) -> None:
    """Write a study's report beside its results: report.html, figures and tables, of a part of its runs as well.

    Results are read anew from the runs where the store has them, otherwise from the study's folder. Made again from the
    same results, a report has the same bytes.
    """
    from taxon.studies.report.making import report as make

    with user_errors():
        opened = _opened(file, module, env, out, store, asked_of(None, None, "auto", None))
        for line in make(opened, file, module or ()):
            frontend.write(line)


def _opened(
    file: str, modules: list[str] | None, env: list[str] | None, out: Path | None, store: Path, asked: Asked
) -> Opened:
    """The study of a file, with edited modules in the place of some bases; where it means nothing, the command ends."""
    from taxon.semantics import load_study
    from taxon.studies.running.opened import open_study

    texts = edited_modules(modules or ())
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    recipe = named_by(file, env)
    expanded = load_study(file, lambda name: frontend.space_of(recipe(name)), edited=digests)
    found = list(expanded.diagnostics)
    if expanded.study is not None:
        check_named(expanded.study.environments, env)
        unusable = (frontend.unusable_environment(recipe(name)) for name in expanded.study.environments)
        found += [each for each in unusable if each is not None]
    if found:
        frontend.report(found, frontend.Format.FULL, error_stream=True)
    code = frontend.exit_code(found)
    if expanded.study is None or code:
        raise typer.Exit(code or 1)
    check_bases(expanded.study, texts)
    folder = out or Path("studies") / expanded.study.name
    return open_study(expanded.study, folder, store, asked, {digests[name]: text for name, text in texts.items()})


def _shared(opened: Opened, slots: Slots, ways: Ways) -> Ways:
    """The same with the seeds of each cell shared out among the processes, on a GPU."""
    from taxon.studies.running.room import share

    if ways.device == "cpu":
        return ways
    missing = [unit for unit, each in opened.look().items() if not each.state.complete]
    return replace(ways, stack=share(missing, slots.processes))


def _launcher(
    ray: str | None, store: Path, slots: Slots, ways: Ways, jobs: str | None, per_gpu: str | None
) -> tuple[Launcher, Slots]:
    """What starts the processes, and what it gives them."""
    from taxon.studies.running.driver import Slots
    from taxon.studies.running.launching import Here
    from taxon.studies.running.on_ray import OnRay

    if ray is None:
        return Here(), slots
    cluster = OnRay(ray, store)
    each = asked_count(per_gpu, "--per-gpu") or 1
    room = int(cluster.devices * each) if ways.device == "cuda" else cluster.cores // ways.threads
    count = max(1, room) if jobs is None else slots.processes
    if ways.device == "cuda":
        cluster.gpus = min(1.0, cluster.devices / count)
    return cluster, Slots(count, max(cluster.cores, count * ways.threads))


def _preview(opened: Opened, slots: Slots, ways: Ways, probe: bool) -> None:
    from taxon.studies.running.preview import preview
    from taxon.studies.running.probing import measure
    from taxon.studies.running.progress import Costs

    costs, found = Costs(opened.store, opened.plan.places.values()), opened.look()
    costs.read()
    if probe:
        missing = [unit for unit, each in found.items() if not each.state.complete]
        costs.probed.update(measure(missing, costs.known, slots, ways, Line().say))
    frontend.write("\n".join(preview(opened.plan, found, costs, slots.cores)))


def _script(opened: Opened, options: str, workers: int | None, ways: Ways, context: typer.Context) -> None:
    from taxon.studies.running import slurm
    from taxon.studies.running.jobs import trainings

    found = opened.look()
    missing = [unit for unit, each in found.items() if not each.state.complete]
    count = workers or max(1, len(trainings(opened.store, missing, found, ways)))
    worker = [sys.executable, "-m", "taxon", "study", "work", *_typed(context, but={"slurm", "jobs"})]
    own = {"--cpus-per-task": str(ways.threads), **({"--gpus-per-task": "1"} if ways.device == "cuda" else {})}
    script = slurm.script(opened.plan.study.name, worker, options, count, own, str(Path.cwd()))
    frontend.write(script.rstrip("\n"))


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


def _drive(
    opened: Opened,
    launcher: Launcher,
    slots: Slots,
    ways: Ways,
    anew: bool,
    session: str,
    lease: str,
    patient: bool,
    again: bool,
) -> int:
    """Run what is missing: the exit code.

    patient: whether it waits for what others are running. again: whether what failed in other sessions is tried again.
    """
    from taxon.runtime.stopping import Stop, stop_on_signals
    from taxon.studies.running.attempts import Observer
    from taxon.studies.running.driver import Driver
    from taxon.studies.running.progress import Costs, count

    seconds = parse_cadence(lease, "--lease").seconds
    if seconds is None:
        raise UserError(f"--lease {lease} is no time", "write a time, as in --lease 15min")
    costs = Costs(opened.store, opened.plan.places.values())
    shown = Line()

    def notice(driver: Driver) -> None:
        opened.write(driver.found)
        costs.read()
        left = costs.left(driver.found)
        shown.show(count(driver.found, driver.busy), None if left is None else left / slots.cores)

    opened.declare()
    driver = Driver(
        opened.store,
        opened.looks().more,
        opened.plan.study.environments,
        Observer(session, seconds),
        session if again else None,
        launcher,
        slots,
        ways,
        anew,
        patient,
        shown.say,
        notice,
    )
    try:
        with stop_on_signals() as stop:
            driver.run(stop)
    except (Stop, KeyboardInterrupt):
        return 130
    except OSError as error:
        help = "mend what the system says of it, and type the same again"
        raise UserError(f"the store or the study's folder cannot be used: {error}", help) from None
    finally:
        shown.end()
    counts = count(driver.found, 0)
    if counts.stale and not anew:
        shown.say(f"{counts.stale:,} runs are another version's: --anew runs them again")
    measured = opened.floors().keys() >= set(opened.plan.study.environments)
    return 0 if counts.complete + driver.elsewhere >= counts.units and (measured or not patient) else 1
