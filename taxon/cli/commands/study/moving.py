"""taxon study export and import: results as a table, and runs that travel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments.running import STORE, Kept, Own
from taxon.cli.commands.study.opening import File, Modules, Out, opened_to_read
from taxon.cli.screen.writing import write
from taxon.cli.specs.failure import user_errors
from taxon.runtime.errors import UserError


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
        opened = opened_to_read(file, module, env, out, store)
        if runs is not None:
            from taxon.studies.moving.leaving import leave

            write("\n".join(leave(opened, runs).lines()))
            return
        found = opened.results(opened.look())
        read = table.curves(opened.plan, found) if curves else table.results(opened.plan, found, opened.floors())
        if parquet:
            from taxon.studies.running.parquet import parquet as packed

            sys.stdout.buffer.write(packed(read))
        else:
            sys.stdout.write(read.csv())


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
            write(line)
