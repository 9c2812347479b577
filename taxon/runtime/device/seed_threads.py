"""Compiled updates in place; on a CPU those of several seeds each by itself, on threads of one core each.

A seed's parameters and moments stay in a core's cache where those of ten do not, and threads with seeds of their own
wait for each other once an update, where threads that share a product do so many times (benchmarks/findings.md).
A compiled update lets go of Python's lock while it runs. It is compiled for one seed, so what a seed computes depends
neither on the others nor on how many threads there are. All else then takes one core: after a product that took more,
their threads would wait for the next one in a busy loop, on the cores that the seeds need. What is long and no compiled
update needs all of them (`on_all_cores`).
"""

import functools
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from taxon.runtime.agent import Agent, map_state
from taxon.runtime.device.in_place import InPlace, copy_into
from taxon.runtime.device.packs import Compiler

# Numbers in the largest part of a seed's state (an ensemble's parameters, say) times the batch: the work of one update,
# from which on threads save more than calling an update for each seed costs.
WORTH = 1_500_000
# The same numbers times a seed's environments: the work of acting, up to which one core does a layer in 5 us.
SHORT = 500_000

Update = Callable[..., Any]  # (carry, clock, batch, noise) -> carry, names, values [K, S]


class SeedThreads:
    """Threads that share the seeds of a run, whose carry they update where it lies.

    home: where the carry lies; what comes from elsewhere is copied there. `begin` comes before anything is compiled or
    computed; left as a context, everything is as it was.
    """

    def __init__(self, place: InPlace) -> None:
        self._place = place
        self._own: list[Any] = []  # the parts of what is kept that are updated at once
        self._pool: ThreadPoolExecutor | None = None
        self._all = torch.get_num_threads()
        self._alone = False  # whether what is not an update takes one core

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        if self._alone:
            torch.set_num_threads(self._all)

    def begin(self, threads: int, alone: bool = False) -> None:
        """Start them. One is this one: all seeds stay side by side in one graph, whose products may take every core.

        alone: whether what is not an update takes one core in either case.
        """
        if threads > 1:
            self._pool = ThreadPoolExecutor(threads, "seeds")
            list(self._pool.map(_alone, [threading.Barrier(threads)] * threads))
        self._alone = threads > 1 or alone
        if self._alone:
            torch.set_num_threads(1)

    def on_all_cores(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose products may take every core also where all else takes one."""

        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            if not self._alone:
                return function(*arguments)
            torch.set_num_threads(self._all)
            try:
                return function(*arguments)
            finally:
                torch.set_num_threads(1)

        return call

    def compiled(self, compiler: Compiler, update: Update, *arguments: Any) -> tuple[Update, Any]:
        """An update of all seeds, and what it gives for the arguments. Raises what `compiler` raises."""

        def in_place(carry: Any, *given: Any) -> Any:
            new, names, values = update(carry, *given)
            copy_into(new, carry)
            return names, values

        carry, clock, *given = arguments
        place = self._settle(carry)
        parts = self._parts(given)
        spread = self.on_all_cores if self._pool is None else _as_it_is
        one, first = spread(compiler)(in_place, self._own[0], clock, *parts[0])
        one = spread(one)

        def run(numbers: range, clock: Tensor, parts: list[Any]) -> list[Any]:
            def part(number: int) -> Any:
                return one(self._own[number], clock, *parts[number])

            return list(map(part, numbers) if self._pool is None else self._pool.map(part, numbers))

        def together(results: list[Any]) -> tuple[Any, Any, Tensor]:
            names, values = results[0]
            return place, names, values if len(results) == 1 else torch.cat([values for _, values in results], 1)

        def call(carry: Any, clock: Tensor, *given: Any) -> tuple[Any, Any, Tensor]:
            self._settle(carry)
            return together(run(range(len(self._own)), clock, self._parts(given)))

        return call, together([first, *run(range(1, len(self._own)), clock, parts)])

    def _settle(self, carry: Any) -> Any:
        place = self._place.put(carry)
        self._own = self._own or ([place] if self._pool is None else _of_seeds(place, len(carry.alive)))
        return place

    def _parts(self, given: Any) -> list[Any]:
        return [given] if self._pool is None else _of_seeds(given, len(self._own))


def choose_threads(agent: Agent, batch: int, seeds: int) -> int:
    """How many threads share the seeds on a CPU: 1 where an update is too short for several."""
    return min(torch.get_num_threads(), seeds) if _largest(agent) * batch >= WORTH else 1


def acts_alone(agent: Agent, environments: int) -> bool:
    """Whether rollouts on a CPU take one core; it is the same for any number of seeds, and so are their bits."""
    return _largest(agent) * environments < SHORT


def _largest(agent: Agent) -> int:
    largest: int = max(leaf.numel() for leaf in tree_leaves(agent.init([torch.Generator()])))
    return largest


def _as_it_is(function: Update) -> Update:
    return function


def _of_seeds(given: Any, seeds: int) -> list[Any]:
    """What belongs to each seed: every tensor leads with S."""
    return [map_state(lambda leaf, seed=seed: leaf[seed : seed + 1], given) for seed in range(seeds)]


def _alone(ready: threading.Barrier) -> None:
    """Have a thread of the pool compute on its own core, once all of them are there."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # the run's matter
    torch.get_num_threads()  # the first answer sets the number as well, to that of the process
    torch.set_num_threads(1)
    ready.wait()
