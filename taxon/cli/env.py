"""taxon env: look at an environment before anything is trained in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Annotated

import typer

from taxon.cli import completing
from taxon.cli.failure import user_errors
from taxon.cli.frontend import write
from taxon.cli.own import named
from taxon.cli.parameters import Settings, Wraps
from taxon.cli.terminal import BOLD, screen
from taxon.diagnostics.visible import visible
from taxon.runtime.environments.recipe import Recipe

if TYPE_CHECKING:
    from taxon.runtime.environments.looking import Look


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
        print(json.dumps(_data(recipe, found), indent=2))
        return
    write(screen().paint(visible(str(recipe)), BOLD))
    width = max(len(name) for name, _ in _lines(found))
    for name, text in _lines(found):
        write(f"  {name:{width}}  {visible(text)}")
    if frame is not None:
        write(f"  {'frame':{width}}  {visible(str(frame))}")


def _lines(found: Look) -> Iterator[tuple[str, str]]:
    yield "observation", f"{found.observation_space}: {_several(found.shown, 'number')}"
    choice = "rescaled from [-1, 1]" if found.actions == "continuous" else "of which a policy chooses one"
    what = "number" if found.actions == "continuous" else "action"
    yield "action", f"{found.action_space}: {_several(found.numbers, what)}, {choice}"
    yield "time limit", "none that gymnasium knows of" if found.limit is None else _several(found.limit, "step")
    yield "speed", f"{found.steps_per_second:,.0f} steps a second; a reset takes {found.reset_seconds * 1e3:.3g} ms"
    yield "resume", "goes on in the middle of an episode" if found.exact else "begins a new episode"
    totals = [episode.total for episode in found.episodes]
    spread = f", standard deviation {pstdev(totals):,.4g}" if len(totals) > 1 else ""
    yield "random", f"return {fmean(totals):,.4g}{spread}, over {_several(len(totals), 'episode')}"
    lengths = [episode.length for episode in found.episodes]
    cut = sum(not episode.ended for episode in found.episodes)
    yield (
        "length",
        f"{fmean(lengths):,.4g} steps, {min(lengths):,} to {max(lengths):,}"
        + (f"; {_several(cut, 'episode')} did not end" if cut else ""),
    )


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _data(recipe: Recipe, found: Look) -> dict[str, object]:
    totals = [episode.total for episode in found.episodes]
    return {
        "format_version": 1,
        "environment": recipe.id,
        "arguments": recipe.written,
        "wrappers": list(map(str, recipe.wrappers)),
        "observation": {"space": found.observation_space, "arrays": found.observation, "numbers": found.shown},
        "action": {"space": found.action_space, "kind": found.actions, "numbers": found.numbers},
        "time_limit": found.limit,
        "steps_per_second": found.steps_per_second,
        "reset_seconds": found.reset_seconds,
        "restorable": found.exact,
        "random": {
            "return": fmean(totals),
            "standard_deviation": pstdev(totals),
            "returns": totals,
            "lengths": [episode.length for episode in found.episodes],
            "ended": [episode.ended for episode in found.episodes],
        },
    }
