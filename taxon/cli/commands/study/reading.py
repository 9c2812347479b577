"""taxon study status and report: what there is of a study."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from taxon.cli.arguments.running import STORE, Kept, Own
from taxon.cli.commands.study.opening import File, Modules, Out, opened_to_read
from taxon.cli.screen.writing import write
from taxon.cli.specs.failure import user_errors


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
        standing = Standing.of(opened_to_read(file, module, env, out, store))
        if as_json:
            print(json.dumps(standing.data(), indent=2))
        else:
            write("\n".join(standing.lines()))
        raise typer.Exit(0 if standing.counts.complete == standing.counts.units else 1)


def report(file: File, module: Modules = None, env: Own = None, out: Out = None, store: Kept = STORE) -> None:
    """Write a study's report beside its results: report.html, figures and tables, of a part of its runs as well.

    Results are read anew from the runs where the store has them, otherwise from the study's folder. Made again from the
    same results, a report has the same bytes.
    """
    from taxon.studies.report.making import report as make

    with user_errors():
        opened = opened_to_read(file, module, env, out, store)
        for line in make(opened, file, module or ()):
            write(line)
