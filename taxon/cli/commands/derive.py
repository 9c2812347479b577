"""taxon derive: the equations of a spec, and the lines of its module that compute them."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from taxon.cli.arguments.own import named
from taxon.cli.arguments.parameters import Env, Sets, Spec, Unsets
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import BOLD, CYAN, DIM, screen
from taxon.cli.specs.loading import load


class Shape(StrEnum):
    """How a derivation looks."""

    TEXT = "text"
    MARKDOWN = "markdown"
    LATEX = "latex"


def derive(
    spec: Spec,
    format: Annotated[Shape, typer.Option(help="Plain text, Markdown, or a LaTeX document.")] = Shape.TEXT,
    env: Env = None,
    set: Sets = None,
    unset: Unsets = None,
) -> None:
    """Derive what a spec computes: objective, E-step or KL objective, M-step, bounds, targets and data.

    Each equation has the row's numbers, its source, and the lines of `taxon emit` (with the same options) behind it.
    """
    from taxon.derivation import derive, rendering

    derivation = derive(load(spec, set or [], named(env), unset or []).row)
    match format:
        case Shape.TEXT:
            space = screen()
            style = rendering.Style(*(partial(space.paint, style=style) for style in (BOLD, CYAN, DIM)))
            show(rendering.text(derivation, space.width, style))
        case Shape.MARKDOWN:
            show(rendering.markdown(derivation))
        case Shape.LATEX:
            show(rendering.latex(derivation))
