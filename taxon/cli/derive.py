"""taxon derive: the equations of a spec, and the lines of its module that compute them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from taxon.cli.frontend import load, write


class Shape(StrEnum):
    """How a derivation looks."""

    TEXT = "text"
    MARKDOWN = "markdown"
    LATEX = "latex"


def derive(
    spec: Annotated[str, typer.Argument(help="A .tx file, `file.tx:name`, or a shipped spec.")],
    format: Annotated[Shape, typer.Option(help="Plain text, Markdown, or a LaTeX document.")] = Shape.TEXT,
    env: Annotated[str | None, typer.Option(help="Apply the `when env` blocks that match this environment.")] = None,
    set: Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override one leaf.")] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="PATH", help="Return one path to its default.")
    ] = None,
) -> None:
    """Derive what a spec computes: objective, E-step or KL objective, M-step, bounds, targets and data.

    Each equation has the row's numbers, its source, and the lines of `taxon emit` (with the same options) behind it.
    """
    from taxon.derivation import derive, rendering

    derivation = derive(load(spec, set or [], env, unset or []).row)
    shown = {Shape.TEXT: rendering.text, Shape.MARKDOWN: rendering.markdown, Shape.LATEX: rendering.latex}
    write(shown[format](derivation))
