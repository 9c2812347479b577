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
    ended,
    launching,
    machine,
    one_of,
)
from taxon.cli.program.defaulting import Defaulting
from taxon.cli.screen.writing import write
from taxon.cli.specs.environments import space_of
from taxon.cli.specs.failure import user_errors
from taxon.runtime.errors import UserError

if TYPE_CHECKING:
    from taxon.studies.running.driver import Slots
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
    from taxon.studies.running.driving import Means
    from taxon.studies.running.showing import Line
    from taxon.studies.tuning import driving

    with user_errors():
        one_of({"--dry-run": dry_run, "--ray": ray is not None})
        slots, ways = machine(device, jobs, threads, stack or "10k", save_every, keep, per_gpu)
        opened = _opened(file, env, out, store, asked_of(eval_every, eval_episodes, compile, precision), anew)
        if dry_run:
            write("\n".join(_preview(opened, slots)))
            return
        launcher, slots = launching(ray, store, slots, ways, jobs, per_gpu)
        ending = driving.run(opened, Means(launcher, slots, ways, anew), Line(), uuid.uuid4().hex)
        raise ended(ending)


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
        raise typer.Exit(0 if opened.complete else 1)


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
    from taxon.runtime.folder.naming import file_name
    from taxon.semantics import load_tune
    from taxon.studies.tuning.opened import open_tune

    recipe = named_by(file, env)
    expanded = load_tune(file, lambda name: space_of(recipe(name)))
    found = declared(expanded.tune, expanded.diagnostics, env, recipe)
    return open_tune(found, out or Path("tunes", file_name(found.name)), store, asked, anew)


def _preview(opened: Opened, slots: Slots) -> list[str]:
    from taxon.studies.tuning.preview import preview

    return list(preview(opened, slots.cores))
