"""What there is before a run: its module's declarations, its environments and the processes that step them."""

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch

from taxon.operators.data import Replay, Rollouts
from taxon.runtime.edited.blame import blamed
from taxon.runtime.edited.contract import Module, check_names
from taxon.runtime.environments.closing import close_all
from taxon.runtime.environments.environment import Environment, check_actions, make
from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.travelling import travels
from taxon.runtime.environments.vectors.mixed_vector import MixedVector
from taxon.runtime.environments.vectors.subprocess_vector import SubprocessVector, shares
from taxon.runtime.environments.vectors.worker_count import choose_workers
from taxon.runtime.errors import UserError
from taxon.runtime.folder import module
from taxon.runtime.loop.loop import Streams
from taxon.runtime.options import Crowd
from taxon.runtime.program import Program


def declared_by(program: Program) -> ModuleType:
    """The module before there is a run, for what it says of its data and its actions."""
    edit = program.edited
    if edit is None:
        with tempfile.TemporaryDirectory() as folder:
            return module.load(program.source, Path(folder) / "agent.py")
    path = Path(edit.file)
    with blamed(edit, path):
        declared = module.execute(program.source, path)
        check_names(Module(edit.file, path, declared))
    return declared


def check_duration(program: Program, data: Replay | Rollouts, steps: int) -> None:
    """Raise UserError where an edited module makes no update in so many steps; of a spec `load` says so."""
    if program.edited is not None and steps < data.fewest:
        message = f"{steps:,} steps end before the first update of {program.edited.file}, at step {data.fewest:,}"
        raise UserError(message, "ask for more with --steps, or change DATA in the module")


def workers_of(asked: Crowd, recipe: Recipe, numbers: Streams, device: torch.device, data: Replay | Rollouts) -> int:
    """How many worker processes there are to be. Raises UserError for some that cannot have what makes environments."""
    count = len(numbers.environment)
    if not travels(recipe):
        if asked not in ("auto", 0):
            message = f"{recipe} cannot be made in a worker process, which finds no such function"
            raise UserError(
                message, "define the function at the top level of a module that is imported, or leave workers out"
            )
        return 0
    if asked != "auto":
        return min(asked, count)
    return choose_workers(recipe, numbers.environment[0], count, device, beside=not data.alternates)


@contextmanager
def environments_of(
    recipe: Recipe, numbers: Streams, discrete: bool, workers: int, idle: bool
) -> Iterator[tuple[list[Environment] | SubprocessVector | MixedVector, list[Environment]]]:
    """Every seed's environments to train on, and one per seed to evaluate on, closed at the end.

    idle: this process has nothing to do while workers step, and takes a share where that leaves each of them one.
    """
    count = len(numbers.environment)
    here = len(shares(range(count), workers + 1)[0]) if not workers or (idle and workers < count) else 0
    with contextlib.ExitStack() as stack:
        living: list[Environment] = []
        stack.callback(close_all, living)

        def made(number: int) -> Environment:
            environment = make(recipe, number)
            living.append(environment)
            check_actions(environment, discrete)
            return environment

        try:
            evaluating = [made(number) for number in numbers.evaluation]
            own = [made(number) for number in numbers.environment[:here]]
        except UnusableEnvironmentError as error:
            raise UserError(error.message, error.help) from error
        if not workers:
            yield own, evaluating
            return
        sizes = evaluating[0].observation, evaluating[0].action
        with contextlib.closing(SubprocessVector(recipe, numbers.environment, workers, *sizes, here)) as away:
            yield MixedVector(own, away) if own else away, evaluating
