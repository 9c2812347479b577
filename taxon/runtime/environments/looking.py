"""What an environment is: its spaces, its limit, how fast it steps, and what a policy that acts at random returns."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, Literal

import gymnasium
import numpy as np

from taxon.operators.observations import layout_text
from taxon.runtime.environments.closing import closed
from taxon.runtime.environments.environment import Environment, beside, make
from taxon.runtime.environments.faults import UnusableEnvironmentError, described, is_the_users
from taxon.runtime.environments.random_policy import RandomEpisode, random_action, random_episode
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.state.environment_state import restorable
from taxon.runtime.errors import UserError

TIMED = 0.5  # seconds of steps that are timed


@dataclass(frozen=True)
class Look:
    """An environment as a run sees it. All times are of one process of this machine.

    shown: numbers of an observation. numbers: of an action, or how many there are to choose from. limit: steps after
    which gymnasium truncates an episode. exact: whether a resumed run goes on in the middle of its episode.
    """

    observation_space: str
    observation: str  # the arrays, as run.json has them
    shown: int
    action_space: str
    actions: Literal["continuous", "discrete"]
    numbers: int
    limit: int | None
    steps_per_second: float
    reset_seconds: float
    exact: bool
    episodes: tuple[RandomEpisode, ...]

    def lines(self) -> Iterator[tuple[str, str]]:
        """What to print, with what each line is about."""
        continuous = self.actions == "continuous"
        yield "observation", f"{self.observation_space}: {_several(self.shown, 'number')}"
        choice = "rescaled from [-1, 1]" if continuous else "of which a policy chooses one"
        yield "action", f"{self.action_space}: {_several(self.numbers, 'number' if continuous else 'action')}, {choice}"
        yield "time limit", "none that gymnasium knows of" if self.limit is None else _several(self.limit, "step")
        yield "speed", f"{self.steps_per_second:,.0f} steps a second; a reset takes {self.reset_seconds * 1e3:.3g} ms"
        yield "resume", "goes on in the middle of an episode" if self.exact else "begins a new episode"
        totals, lengths = self._totals, [episode.length for episode in self.episodes]
        spread = f", standard deviation {pstdev(totals):,.4g}" if len(totals) > 1 else ""
        yield "random", f"return {fmean(totals):,.4g}{spread}, over {_several(len(totals), 'episode')}"
        cut = sum(not episode.ended for episode in self.episodes)
        whole = f"; {_several(cut, 'episode')} did not end" if cut else ""
        yield "length", f"{fmean(lengths):,.4g} steps, {min(lengths):,} to {max(lengths):,}{whole}"

    def data(self, recipe: Recipe) -> dict[str, Any]:
        """The same for a program."""
        return {
            "environment": recipe.id,
            "arguments": recipe.written,
            "wrappers": list(map(str, recipe.wrappers)),
            "observation": {"space": self.observation_space, "arrays": self.observation, "numbers": self.shown},
            "action": {"space": self.action_space, "kind": self.actions, "numbers": self.numbers},
            "time_limit": self.limit,
            "steps_per_second": self.steps_per_second,
            "reset_seconds": self.reset_seconds,
            "restorable": self.exact,
            "random": {
                "return": fmean(self._totals),
                "standard_deviation": pstdev(self._totals),
                "returns": self._totals,
                "lengths": [episode.length for episode in self.episodes],
                "ended": [episode.ended for episode in self.episodes],
            },
        }

    @property
    def _totals(self) -> list[float]:
        return [episode.total for episode in self.episodes]


def look(recipe: Recipe, episodes: int, frame: Path | None = None) -> Look:
    """Make an environment, time it, and act at random in it, seeded with 0.

    frame: where to leave a picture of an episode's start, a PNG.
    Raises UserError where it cannot be used, fails, or has no picture.
    """
    frame = frame and frame.absolute()  # an environment may change the working directory
    try:
        with beside():
            if frame is not None:
                _picture(recipe, frame)
            environment = make(recipe, 0)
            try:
                draw = np.random.default_rng(0)
                played = tuple(random_episode(environment, draw) for _ in range(episodes))
                seconds, reset = _times(environment, draw)
            finally:
                closed([environment])
            return Look(
                observation_space=_one_line(environment.raw.observation_space),
                observation=layout_text(environment.layout),
                shown=environment.observation,
                action_space=_one_line(environment.raw.action_space),
                actions="discrete" if environment.discrete else "continuous",
                numbers=environment.action,
                limit=_limit(environment.raw),
                steps_per_second=1.0 / seconds,
                reset_seconds=reset,
                exact=restorable(recipe, 0),
                episodes=played,
            )
    except UnusableEnvironmentError as error:
        raise UserError(error.message, error.help) from error
    except UserError:
        raise
    except BaseException as error:  # whatever an environment raises
        if is_the_users(error):
            raise
        help = f"taxon check SPEC --env {recipe.id} shows where"
        raise UserError(f"{recipe} failed under random actions: {described(error)}", help) from error


def _times(environment: Environment, draw: np.random.Generator) -> tuple[float, float]:
    """Seconds of a step and of a reset: means over TIMED seconds of steps, or one episode where that is longer."""
    began = time.perf_counter()
    environment.reset()
    resets, reset = 1, time.perf_counter() - began
    steps, stepping = 0, 0.0
    while stepping < TIMED:
        action = random_action(environment, draw)
        began = time.perf_counter()
        _, _, *over = environment.step(action)
        stepping, steps = stepping + time.perf_counter() - began, steps + 1
        if any(over):
            began = time.perf_counter()
            environment.reset()
            resets, reset = resets + 1, reset + time.perf_counter() - began
    return stepping / steps, reset / resets


def _limit(raw: gymnasium.Env[Any, Any]) -> int | None:
    """The smallest time limit around an environment, or the control suite's own."""
    limits: list[int] = []
    layer = raw
    while isinstance(layer, gymnasium.Wrapper):
        if isinstance(layer, gymnasium.wrappers.TimeLimit):
            limits.append(int(layer._max_episode_steps))
        layer = layer.env
    suite = getattr(getattr(layer, "environment", None), "_step_limit", None)
    if isinstance(suite, int | float) and np.isfinite(suite):
        limits.append(int(np.ceil(suite)))
    return min(limits, default=None)


def _picture(recipe: Recipe, frame: Path) -> None:
    """Leave a picture of the start of an episode. Raises UserError where there is none."""
    import imageio.v2 as imageio

    if frame.suffix != ".png":
        raise UserError(f"--frame {frame.name} names no picture", "name a file that ends in .png")
    environment = make(recipe, 0, render=True)
    try:
        environment.reset()
        picture = environment.frame()
    except BaseException as error:  # whatever an environment, a window system or a driver raises
        if is_the_users(error):
            raise
        help = "leave --frame out, or give the environment a render that returns a picture for rgb_array"
        raise UserError(f"{recipe} has no picture: {described(error)}", help) from error
    finally:
        with contextlib.suppress(Exception):
            environment.close()
    try:
        imageio.imwrite(frame, picture)
    except OSError as error:
        raise UserError(f"{frame} cannot be written: {error.strerror or error}", "name another file") from error


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _one_line(space: object) -> str:
    return " ".join(str(space).split())
