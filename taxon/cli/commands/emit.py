"""taxon emit: print the PyTorch module of a spec."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments.own import named
from taxon.cli.arguments.parameters import Env, Sets, Spec, Unsets
from taxon.cli.arguments.sides import fail
from taxon.cli.screen.highlighting import highlighted_python
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import screen
from taxon.cli.specs.loading import load
from taxon.diagnostics.visible import visible


def emit(
    spec: Spec,
    env: Env = None,
    set: Sets = None,
    unset: Unsets = None,
    standalone: Annotated[bool, typer.Option(help="A script that needs torch, numpy and gymnasium alone.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file.")] = None,
) -> None:
    """Print the module that `taxon run` executes for a spec.

    To change it: write it to a file with --out, edit that, and train it with `taxon run SPEC --module FILE --env ID`.
    """
    from taxon import compiler

    text = compiler.emit(load(spec, set or [], named(env), unset or []).row)
    if standalone:
        text = compiler.standalone(text)
    if out is None:
        show(highlighted_python(text.rstrip("\n"), screen()))
    else:
        try:
            out.write_text(text, "utf-8")
        except OSError as error:
            fail(f"{out} cannot be written: {error.strerror}", "name another file with --out")
    # Into a file, before someone's eyes.
    if not standalone and sys.stderr.isatty() and (out is not None or not sys.stdout.isatty()):
        file = "FILE" if out is None else shlex.quote(str(out))
        hint = f"to train it once it is edited: taxon run {shlex.quote(spec)} --module {file} --env ID"
        print(visible(hint), file=sys.stderr)
