"""taxon doctor: what is there for training, and what to do about what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from taxon.cli.doctoring.finding import Finding, State, lines
from taxon.cli.screen.terminal import screen
from taxon.cli.screen.writing import write
from taxon.version import VERSION


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at what training needs: Python, packages, torch, devices, a C++ compiler, the cache, rendering, films.

    Says what to do about each thing that is missing. Exit code 0: `taxon run` has all that it needs; 1: it has not.
    """
    found = list(examined())
    wrong = any(each.state is State.WRONG for each in found)
    if as_json:
        document = {"format_version": 1, "taxon": VERSION, "ok": not wrong, "findings": [each.data() for each in found]}
        print(json.dumps(document, indent=2))
    else:
        write("\n".join(lines(found, screen())))
    raise typer.Exit(1 if wrong else 0)


def examined() -> Iterator[Finding]:
    """All that is looked at."""
    from taxon.cli.doctoring import compiling, computing, packages, showing

    for part in (packages, computing, compiling, showing):
        yield from part.findings()
