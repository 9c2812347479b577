"""Updates of several seeds on a CPU: each seed's is made by itself, on threads of one core each.

A seed's parameters and moments stay in a core's cache where those of ten do not, and threads with seeds of their own
wait for each other once an update, where threads that share a product do so many times (docs/performance.md, *Seeds*).
A compiled update lets go of Python's lock while it runs. It is compiled for one seed, so what a seed computes depends
neither on the others nor on how many threads there are.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from taxon.runtime.agent import map_state
from taxon.runtime.home import Home, leave

Update = Callable[..., Any]  # (carry, clock, batch, noise) -> carry, names, values [K, S]


class SeedThreads:
    """Threads that share the seeds of a run, whose carry they update in place.

    compiled: (function, arguments) -> the function as one graph, and what it gives for them.
    """

    def __init__(self, threads: int, compiled: Callable[..., tuple[Update, Any]]) -> None:
        self._compiled = compiled
        self._home = Home()
        self._own: list[Any] = []  # each seed's part of what is at home
        self._pool = ThreadPoolExecutor(threads, "seeds")
        with _restored():
            ready = threading.Barrier(threads)
            list(self._pool.map(_begin, [ready] * threads))

    def compiled(self, update: Update, *arguments: Any) -> tuple[Update, Any]:
        """An update of all seeds, and what it gives for the arguments. Raises what compiling one seed's raises."""

        def in_place(carry: Any, *given: Any) -> Any:
            new, names, values = update(carry, *given)
            leave(new, carry)
            return names, values

        carry, clock, *given = arguments
        home, parts = self._settle(carry), _parts(given, len(carry.alive))
        # As in its thread: a product's sums may depend on how many share it.
        with _restored():
            torch.set_num_threads(1)
            one, first = self._compiled(in_place, self._own[0], clock, *parts[0])

        def run(seeds: list[int], clock: Tensor, parts: list[Any]) -> list[Any]:
            return list(self._pool.map(lambda seed: one(self._own[seed], clock, *parts[seed]), seeds))

        def together(told: list[Any]) -> tuple[Any, Any, Tensor]:
            return home, told[0][0], torch.cat([values for _, values in told], 1)

        def call(carry: Any, clock: Tensor, *given: Any) -> tuple[Any, Any, Tensor]:
            self._settle(carry)
            seeds = list(range(len(self._own)))
            return together(run(seeds, clock, _parts(given, len(seeds))))

        others = list(range(1, len(self._own)))
        return call, together([first, *run(others, clock, parts)])

    def _settle(self, carry: Any) -> Any:
        home = self._home.settle(carry)
        self._own = self._own or _parts(home, len(carry.alive))
        return home


def _parts(given: Any, seeds: int) -> list[Any]:
    """What belongs to each seed: every tensor leads with S."""
    return [map_state(lambda leaf, seed=seed: leaf[seed : seed + 1], given) for seed in range(seeds)]


def _begin(ready: threading.Barrier) -> None:
    """Have a thread of the pool compute on its own core, once all of them are there."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # the run's matter
    torch.get_num_threads()  # the first answer sets the number as well, to that of the process
    torch.set_num_threads(1)
    ready.wait()


@contextmanager
def _restored() -> Iterator[None]:
    """As many threads for this thread's own products afterwards as before."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
