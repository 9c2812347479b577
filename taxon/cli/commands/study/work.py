"""taxon study work: a worker among others on the same folders."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from taxon.cli.arguments.running import (
    STORE,
    Anew,
    Compile,
    Device,
    EvalEpisodes,
    EvalEvery,
    Keep,
    Kept,
    Own,
    PerGpu,
    Precision,
    SaveEvery,
    Stack,
    Threads,
    asked_of,
    ended,
    machine,
)
from taxon.cli.commands.study.opening import File, Modules, Out, opened_study
from taxon.cli.specs.failure import user_errors
from taxon.runtime.errors import UserError
from taxon.runtime.options import parse_cadence


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
    ] = "15min",
) -> None:
    """Take part in running a study, beside other workers that share its folders.

    A worker runs what no other process is running, and ends when nothing is left. `taxon study FILE --slurm OPTIONS`
    prints a script that starts many. What failed three times is left to `taxon study FILE`, or to the next submission.

    Exit code 0: nothing is missing but what other workers are running; 1: some runs failed or are stale; 2: nothing
    could be run; 130: stopped.
    """
    from taxon.studies.running import driving
    from taxon.studies.running.launching import Here
    from taxon.studies.running.showing import Line

    with user_errors():
        many = jobs or (None if per_gpu else "1")
        slots, ways = machine(device, many, threads, stack, save_every, keep, per_gpu)
        opened = opened_study(file, module, env, out, store, asked_of(eval_every, eval_episodes, compile, precision))
        session = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID") or ""
        seconds = parse_cadence(lease, "--lease").seconds
        if seconds is None:
            raise UserError(f"--lease {lease} is no time", "write a time, as in --lease 15min")
        means = driving.Means(Here(), slots, ways, anew)
        ending = driving.run(opened, means, Line(), session, seconds, patient=False, again=bool(session))
        raise ended(ending)
