"""taxon tune: run a search, look at it, take its best row."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.running import (
    STORE,
    Anew,
    Compile,
    Device,
    EvalEpisodes,
    EvalEvery,
    Jobs,
    Kept,
    OnCluster,
    Own,
    Precision,
    SaveEvery,
    Threads,
    asked_of,
    declared,
    launching,
    machine,
    one_of,
)
from taxon.cli.program.defaulting import Defaulting
from taxon.cli.screen.line import Line
from taxon.cli.screen.writing import write
from taxon.cli.specs.environments import space_of
from taxon.cli.specs.failure import user_errors
from taxon.runtime.errors import UserError

if TYPE_CHECKING:
    from taxon.studies.running.driver import Driver, Slots
    from taxon.studies.running.jobs import Ways
    from taxon.studies.running.launching import Launcher
    from taxon.studies.running.plan import Asked
    from taxon.studies.tuning.opened import Opened

tune = typer.Typer(
    cls=Defaulting,
    no_args_is_help=True,
    help="Run a search for the values of a row that score best: its trials, beside each other, each resumed after "
    "whatever ended it.\n\n`taxon tune FILE` is `taxon tune run FILE`.",
)

File = Annotated[
    str,
    typer.Argument(
        help="A .tx file with one tune, or `file.tx:name`.", metavar="FILE[:NAME]", autocompletion=completing.tunes
    ),
]
Out = Annotated[Path | None, typer.Option(help="The search's folder; otherwise tunes/NAME.")]
Keep = Annotated[
    str,
    typer.Option(
        help="What a run that ended keeps: none of what it would need to go on, or last, its latest checkpoint and its "
        "replay.",
        autocompletion=completing.kept,
    ),
]

PerGpu = Annotated[str | None, typer.Option(metavar="K", help="Processes that share a GPU; otherwise 1.")]
Stack = Annotated[str | None, typer.Option(help="Seeds of a trial that share a process; otherwise all of them.")]
_LEASE = 15 * 60.0  # seconds without a sign of life after which another machine's run is taken over


@tune.command("run")
def run(
    file: File,
    env: Own = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print what is searched, what is there and core-hours instead; write nothing."),
    ] = False,
    ray: OnCluster = None,
    out: Out = None,
    store: Kept = STORE,
    jobs: Jobs = None,
    threads: Threads = "1",
    device: Device = "cpu",
    per_gpu: PerGpu = None,
    stack: Stack = None,
    save_every: SaveEvery = "5min",
    keep: Keep = "none",
    eval_every: EvalEvery = None,
    eval_episodes: EvalEpisodes = None,
    compile: Compile = "auto",
    precision: Precision = None,
    anew: Anew = False,
) -> None:
    """Run what is missing of a search, and write its best row as a spec that extends its base.

    Type the same again after a kill, or when the tune has more trials: what is there stays, what was begun goes on, and
    what is proposed is what would have been. Runs are kept in the store and shared with studies and other tunes. The
    seeds of a trial share a process, unless --stack is given.

    Exit code 0: complete; 1: some trials failed or are stale; 2: nothing could be run; 130: stopped.
    """
    with user_errors():
        one_of({"--dry-run": dry_run, "--ray": ray is not None})
        slots, ways = machine(device, jobs, threads, stack or "10k", save_every, keep, per_gpu)
        opened = _opened(file, env, out, store, asked_of(eval_every, eval_episodes, compile, precision), anew)
        if dry_run:
            write("\n".join(_preview(opened, slots)))
            return
        launcher, slots = launching(ray, store, slots, ways, jobs, per_gpu)
        raise typer.Exit(_drive(opened, launcher, slots, ways, anew))


@tune.command("status")
def status(
    file: File,
    env: Own = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
    out: Out = None,
    store: Kept = STORE,
) -> None:
    """Print what there is of a search: a line for each trial, and what failed and why.

    Exit code 0: complete; 1: not, or not yet; 2: the tune or its folders cannot be used.
    """
    from taxon.studies.tuning import telling

    with user_errors():
        opened = _opened(file, env, out, store, asked_of(None, None, "auto", None))
        opened.look()
        search = opened.search
        if as_json:
            print(json.dumps(telling.data(opened.tune, search.trials, search.best()), indent=2))
        else:
            counts = telling.count(opened.tune, search.trials, search.best(), 0)
            write("\n".join([f"tune {opened.tune.name}: {counts.line()}", *telling.lines(search.trials)]))
        raise typer.Exit(0 if _complete(opened) else 1)


@tune.command("best")
def best(file: File, env: Own = None, out: Out = None, store: Kept = STORE) -> None:
    """Write the best row so far as a spec that extends its base, into the search's folder, and print it.

    Exit code 0: written; 2: no trial has a score, or the tune or its folders cannot be used.
    """
    from taxon.studies.tuning.best import write_best

    with user_errors():
        opened = _opened(file, env, out, store, asked_of(None, None, "auto", None))
        opened.look()
        written = write_best(opened.search, opened.out)
        if written is None:
            raise UserError("no trial has a score yet", f"run some: taxon tune {file}")
        path, text = written
        write(text.rstrip("\n"))
        write(f"written to {path}", error_stream=True)


def _opened(
    file: str, env: list[str] | None, out: Path | None, store: Path, asked: Asked, anew: bool = False
) -> Opened:
    """The tune of a file; where it means nothing, the command ends."""
    from taxon.runtime.environments.trust import named_by
    from taxon.semantics import load_tune
    from taxon.studies.tuning.opened import open_tune

    recipe = named_by(file, env)
    expanded = load_tune(file, lambda name: space_of(recipe(name)))
    found = declared(expanded.tune, expanded.diagnostics, env, recipe)
    return open_tune(found, out or Path("tunes") / found.name, store, asked, anew)


def _preview(opened: Opened, slots: Slots) -> list[str]:
    from taxon.studies.tuning.preview import preview

    return list(preview(opened, slots.cores))


def _complete(opened: Opened) -> bool:
    from taxon.studies.tuning.trial import State

    ended = (State.DONE, State.PRUNED, State.REFUSED)
    return sum(trial.state in ended for trial in opened.search.trials) >= opened.tune.trials


def _drive(opened: Opened, launcher: Launcher, slots: Slots, ways: Ways, anew: bool) -> int:
    """Run what is missing, then write the best row: the exit code."""
    from taxon.runtime.stopping import Stop, stop_on_signals
    from taxon.studies.running.attempts import Observer
    from taxon.studies.running.driver import Driver
    from taxon.studies.tuning import telling
    from taxon.studies.tuning.best import write_best
    from taxon.studies.tuning.preview import left

    tune, search, shown, session = opened.tune, opened.search, Line(), uuid.uuid4().hex

    def notice(driver: Driver) -> None:
        opened.write()
        core_seconds = left(opened)
        running = len({running.job.units[0].place.program.name for running in driver.running if running.job.units})
        counts = telling.count(tune, search.trials, search.best(), running)
        shown.show(counts, None if core_seconds is None else core_seconds / slots.cores)

    driver = Driver(
        opened.store,
        search.more,
        tune.environments if tune.failure == "floor" else (),
        Observer(session, _LEASE),
        session,
        launcher,
        slots,
        ways,
        anew,
        True,
        shown.say,
        notice,
    )
    try:
        with opened.claimed(), stop_on_signals() as stop:
            opened.declare()
            driver.run(stop)
    except (Stop, KeyboardInterrupt):
        return 130
    except OSError as error:
        help = "mend what the system says of it, and type the same again"
        raise UserError(f"the store or the search's folder cannot be used: {error}", help) from None
    finally:
        shown.end()
    written = write_best(search, opened.out)
    if written is not None:
        shown.say(f"the best row: {written[0]}")
    return 0 if _complete(opened) else 1
