"""Evaluation of the agents that a run left behind."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch

from taxon.runtime.environments.closing import close_all
from taxon.runtime.environments.environment import Environment, make
from taxon.runtime.environments.faults import EnvironmentFaultError, UnusableEnvironmentError, described, is_the_users
from taxon.runtime.environments.offscreen import render_offscreen
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.trust import trusted
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.describing import check_spaces
from taxon.runtime.loop.evaluation import MOST_STEPS, Starts, evaluate, evaluation_starts
from taxon.runtime.loop.loop import Agent, streams
from taxon.runtime.policies.opening import open_run
from taxon.runtime.stopping import Stop, stop_on_signals


@dataclass(frozen=True)
class SeedResult:
    """One seed's evaluation episodes; both lists are empty where it has no policy, since it was frozen at `frozen`."""

    seed: int
    steps: int  # environment steps behind the policy
    returns: list[float]
    lengths: list[int]
    frozen: int | None
    cut: int = 0  # how many episodes did not end and were cut


@dataclass(frozen=True)
class Result:
    """What an evaluation of a run found."""

    manifest: manifest.Manifest
    seeds: list[SeedResult]


def evaluate_run(
    path: Path,
    source: str,
    row: str,
    episodes: int = 10,
    device: str = "auto",
    video: Path | None = None,
    environment: Recipe | None = None,
    kept: bool = False,
    evaluation_seed: int | None = None,
) -> Result:
    """Evaluate the checkpoint in the run's folder at `path` with `source`, emitted anew from its resolved spec.

    The folder's own agent.py is never executed: a run may come from a stranger. row: the hash of that spec, which must
    be the one the run recorded. video: where to film one episode of the first seed that is not frozen. environment: the
    run's again, as the user says it, where it is more than an id. kept: evaluate each seed's best policy, where the run
    kept them. evaluation_seed: what all starts are drawn from; otherwise those of the training's own evaluation.
    Raises UserError for a folder, checkpoint, device or environment that cannot be used, KeyboardInterrupt where the
    user asks for an end.
    """
    video = video and video.absolute()  # an environment may change the working directory
    opened = open_run(path, source, row, device, kept)
    record, agent, state, where = opened.record, opened.agent, opened.state, opened.device
    recipe = trusted(record.recipe(), environment)
    if video is not None:
        render_offscreen()
    numbers = streams(record.seeds, where).evaluation
    with _environments(recipe, numbers) as environments, _interrupted() as watch:
        check_spaces(record, environments[0])
        own = record.evaluation_seed if evaluation_seed is None else evaluation_seed
        # As the training's own evaluation after these steps begins.
        starts = evaluation_starts(numbers, opened.steps, own)
        if video is not None:  # first: what cannot be filmed is known at once
            if not opened.alive:
                raise UserError(f"every seed of {path} was frozen: there is nothing to film", "leave out --video")
            _film(agent, state, recipe, starts, opened.alive[0], video, where, watch)
        found = evaluate(agent, state, environments, starts, episodes, where, list(opened.frozen), watch)
        for fault in found.faults:
            raise UserError(fault.cause, "mend the environment")
    seeds = [
        SeedResult(seed, steps, found.returns[index], found.lengths[index], opened.frozen.get(index), found.cut[index])
        for index, (seed, steps) in enumerate(zip(record.seeds, opened.steps, strict=True))
    ]
    return Result(record, seeds)


@contextmanager
def _environments(recipe: Recipe, numbers: Sequence[int]) -> Iterator[list[Environment]]:
    """One environment for each number, closed at the end."""
    made: list[Environment] = []
    try:
        for number in numbers:
            made.append(make(recipe, number))
        yield made
    except UnusableEnvironmentError as error:
        raise UserError(error.message, error.help) from error
    finally:
        close_all(made)


@contextmanager
def _interrupted() -> Iterator[Callable[[], None]]:
    """What is to be called at every step, and ends in KeyboardInterrupt after a signal."""
    try:
        with stop_on_signals() as stop:
            yield stop
    except Stop:
        raise KeyboardInterrupt from None


@torch.no_grad()
def _film(
    agent: Agent,
    state: Any,
    recipe: Recipe,
    starts: Starts,
    index: int,
    path: Path,
    device: torch.device,
    watch: Callable[[], None],
) -> None:
    """One episode of the seed at `index`, in the environment and from the start that its evaluation began with."""
    import imageio.v2 as imageio

    try:
        environment = make(recipe, starts.first(index), render=True)
    except UnusableEnvironmentError as error:
        raise UserError(f"{recipe} cannot be filmed: {error.message}", "leave out --video") from error
    observation = np.zeros((len(starts.numbers), 1, environment.observation), dtype=np.float32)
    memory = agent.memory(len(starts.numbers), 1, device)
    over, frames = False, 0
    try:
        observation[index, 0] = environment.reset()
        environment.frame()  # before a file is opened
        writer: Any  # imageio names the methods of its writers in none of its types
        with imageio.get_writer(path, fps=environment.frames_per_second, macro_block_size=2) as writer:
            while not over and frames < MOST_STEPS:
                watch()
                writer.append_data(environment.frame())
                frames += 1
                memory, taken = agent.act_mean(state, memory, torch.tensor(observation, device=device))
                observation[index, 0], _, terminated, truncated = environment.step(taken[index, 0].cpu().numpy())
                over = terminated or truncated
    except (ImportError, gymnasium.error.DependencyNotInstalled) as error:
        raise UserError(
            f"{recipe} cannot be filmed: {error}", "install what is missing, or leave out --video"
        ) from error
    except EnvironmentFaultError as error:
        raise UserError(f"{recipe} cannot be filmed: {error}", "mend the environment, or leave out --video") from error
    except Stop:
        raise
    except BaseException as error:  # whatever the environment, a window system, a driver or an encoder raises
        if is_the_users(error):
            raise
        raise UserError(
            f"{path} cannot be filmed: {described(error)}",
            "name a file ending in .mp4 in a folder that exists, and where there is no screen set MUJOCO_GL=egl",
        ) from error
    finally:
        close_all([environment])
