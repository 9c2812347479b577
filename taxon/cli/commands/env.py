"""taxon env: look at an environment before anything is trained in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.own import named
from taxon.cli.arguments.parameters import Settings, Wraps
from taxon.cli.screen.terminal import BOLD, screen
from taxon.cli.screen.writing import write
from taxon.cli.specs.failure import user_errors
from taxon.diagnostics.visible import visible


def env(
    id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A gymnasium id, dm_control/<domain>-<task>, or your own: module:Id-v0, path/to/file.py:Id-v0.",
            autocompletion=completing.environments,
        ),
    ],
    env_set: Settings = None,
    wrap: Wraps = None,
    episodes: Annotated[str, typer.Option(help="Episodes of random actions.")] = "10",
    frame: Annotated[
        Path | None, typer.Option(help="Write a picture of an episode's start to this file (.png).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show an environment: its spaces, its time limit, how fast it steps, and what random actions return."""
    from taxon.runtime.options import parse_episodes

    with user_errors():
        count = parse_episodes(episodes, "--episodes")
        recipe = named(id, env_set, wrap)
        assert recipe is not None
        from taxon.runtime.environments.offscreen import render_offscreen

        if frame is not None:
            render_offscreen()
        from taxon.runtime.environments.looking import look

        found = look(recipe, count, frame)
    if as_json:
        print(json.dumps({"format_version": 1, **found.data(recipe)}, indent=2))
        return
    write(screen().paint(visible(str(recipe)), BOLD))
    lines = [*found.lines(), *([] if frame is None else [("frame", str(frame))])]
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        write(f"  {name:{width}}  {visible(text)}")
