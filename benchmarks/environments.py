"""A step of several environments: one after the other, by threads, by worker processes, and by this one and others.

    python -m benchmarks.environments | tee benchmarks/results/environments.txt

The contenders take turns: a round is a few dozen steps of each. Shown is the time of a step here, in this process, and
of the others how many times as fast they are, within a round: the median of the rounds, and the extremes. With --busy,
this process also multiplies matrices for so many milliseconds, with --threads of torch, while the environments step.
"""

import argparse
import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.results import machine
from benchmarks.rounds import interleave, summarise
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.vectors.mixed_vector import MixedVector
from taxon.runtime.environments.vectors.step_buffer import StepBuffer, buffer_bytes, buffer_in
from taxon.runtime.environments.vectors.subprocess_vector import SubprocessVector, shares
from taxon.runtime.environments.vectors.sync_vector import SyncVector
from taxon.runtime.environments.vectors.vector import Episode, Fault, VectorEnvironment
from taxon.runtime.environments.vectors.worker_count import have_cores

TURN = 0.1  # seconds that a turn takes in this process, about


class Threads:
    """A VectorEnvironment of threads in this process."""

    def __init__(self, id: str, numbers: Sequence[int], threads: int) -> None:
        self.count = len(numbers)
        self._steppers = [
            SyncVector([make(Recipe(id), numbers[index]) for index in share], share.start)
            for share in shares(range(self.count), threads)
        ]
        self.observation, self.action = self._steppers[0].observation, self._steppers[0].action
        self._pool = ThreadPoolExecutor(threads)
        self._running: list[Future[list[Episode | Fault]]] = []

    def open(self, width: int, waits: bool) -> StepBuffer:
        size = buffer_bytes(self.count, self.observation)
        buffer = buffer_in(bytearray(size), self.count, self.observation)
        for stepper in self._steppers:
            stepper.open(width, waits, buffer)
        return buffer

    def start(self, actions: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        for stepper in self._steppers:
            stepper.start(actions, alive, now, last)
        self._running = [self._pool.submit(stepper.finish) for stepper in self._steppers]

    def finish(self) -> list[Episode | Fault]:
        return [said for running in self._running for said in running.result()]

    def begin(self, starts: Mapping[int, int | None]) -> list[Episode | Fault]:
        return [
            said
            for stepper in self._steppers
            for said in stepper.begin({stepper.first + k: None for k in range(stepper.count)})
        ]

    def close(self) -> None:
        self._pool.shutdown()


@dataclass
class Contender:
    """Somebody who steps, and the seconds of a step in every round."""

    name: str
    vector: VectorEnvironment
    times: list[float] = field(default_factory=list)

    def turn(self, actions: NDArray[np.float32], busy: "Busy") -> None:
        alive = np.ones(self.vector.count, np.bool_)
        began = time.perf_counter()
        for now, action in enumerate(actions):
            self.vector.start(action, alive, now, False)
            busy()
            self.vector.finish()
        self.times.append((time.perf_counter() - began) / len(actions))


class Busy:
    """Some milliseconds of matrix products, as an update makes them; the number is fixed before anything is timed."""

    def __init__(self, milliseconds: float) -> None:
        self._matrix = torch.ones(256, 256) / 256
        self._products = 0
        if milliseconds:
            began, done = time.perf_counter(), 0
            while time.perf_counter() - began < 0.5:
                torch.mm(self._matrix, self._matrix)
                done += 1
            self._products = max(1, round(milliseconds / 500 * done))

    def __call__(self) -> None:
        for _ in range(self._products):
            torch.mm(self._matrix, self._matrix)


@contextlib.contextmanager
def elsewhere(
    like: SyncVector, id: str, numbers: Sequence[int], many: int, threads: int, here: int = 0
) -> Iterator[SubprocessVector]:
    """So many workers with the environments from `here` on, awake where a run would have them so."""
    with contextlib.closing(SubprocessVector(Recipe(id), numbers, many, like.observation, like.action, here)) as vector:
        if have_cores(many, threads):
            vector.spin()
        yield vector


@contextlib.contextmanager
def contenders(id: str, count: int, options: argparse.Namespace) -> Iterator[list[Contender]]:
    """This process alone first; all with the same environments."""
    numbers = list(range(count))
    with contextlib.ExitStack() as stack:
        here = SyncVector([make(Recipe(id), number) for number in numbers])
        found = [Contender("here", here)]
        for many in options.pool:
            if many <= count:
                pool = stack.enter_context(contextlib.closing(Threads(id, numbers, many)))
                found.append(Contender(f"threads {many}", pool))
        for many in options.workers:
            if many <= count:
                away = stack.enter_context(elsewhere(here, id, numbers, many, options.threads))
                found.append(Contender(f"workers {many}", away))
        for many in options.joint:
            if many < count:
                own = shares(range(count), many + 1)[0]
                away = stack.enter_context(elsewhere(here, id, numbers, many, options.threads, len(own)))
                found.append(
                    Contender(f"joint {many}", MixedVector([make(Recipe(id), number) for number in own], away))
                )
        for contender in found:
            contender.vector.open(1, False)
            contender.vector.begin(dict.fromkeys(numbers))
        yield found


def measure(id: str, count: int, options: argparse.Namespace, busy: Busy) -> str:
    """One line of the table."""
    draw = np.random.default_rng(0)
    with contenders(id, count, options) as found:
        first = found[0].vector
        found[0].turn(draw.uniform(-1, 1, (20, count, first.action)).astype(np.float32), busy)
        steps = max(5, int(TURN / found[0].times.pop()))
        for _, contender in interleave(found, options.rounds):
            contender.turn(draw.uniform(-1, 1, (steps, count, first.action)).astype(np.float32), busy)
    here, others = found[0], {contender.name: contender for contender in found[1:]}
    row = [f"{id:15} {count:4} {1e6 * summarise(here.times).median:9,.0f}"]
    for name in names(options):
        if name in others:
            ratio = summarise(one / other for one, other in zip(here.times, others[name].times, strict=True))
            row.append(f"{ratio.median:6.2f} ({ratio.low:.2f}-{ratio.high:.2f})".rjust(19))
        else:
            row.append(" " * 19)
    return " ".join(row).rstrip()


def names(options: argparse.Namespace) -> list[str]:
    """Of all contenders but this process alone, whether there are environments enough for them or not."""
    kinds = {"threads": options.pool, "workers": options.workers, "joint": options.joint}
    return [f"{kind} {many}" for kind, sizes in kinds.items() for many in sizes]


def starting(id: str) -> str:
    """What one worker costs once: seconds, and bytes of its own."""
    small = make(Recipe(id), 0)
    began = time.perf_counter()
    with contextlib.closing(SubprocessVector(Recipe(id), [0], 1, small.observation, small.action)) as vector:
        seconds = time.perf_counter() - began
        own = _own_memory(vector)
    return f"one worker of {id}: {seconds:.1f} s to start, {own:.0f} MB of its own"


def crossing(id: str, workers: Sequence[int]) -> str:
    """What a step takes with an environment in each worker, beside one here: the 5th percentile, and the median."""
    spent: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        here = SyncVector([make(Recipe(id), 0)])
        vectors: dict[str, VectorEnvironment] = {"here": here}
        for many in workers:
            vectors[f"workers {many}"] = stack.enter_context(elsewhere(here, id, range(many), many, 1))
        for vector in vectors.values():
            vector.open(1, False)
            vector.begin(dict.fromkeys(range(vector.count)))
        for _, (name, vector) in interleave(list(vectors.items()), 20):
            actions, alive = np.zeros((vector.count, vector.action), np.float32), np.ones(vector.count, np.bool_)
            for now in range(50):
                began = time.perf_counter()
                vector.start(actions, alive, now, False)
                vector.finish()
                spent.setdefault(name, []).append(1e6 * (time.perf_counter() - began))
    shown = [f"{name} {np.percentile(times, 5):.0f} and {np.median(times):.0f} us" for name, times in spent.items()]
    return f"a step of one {id} each: " + ", ".join(shown)


def _own_memory(vector: SubprocessVector) -> float:
    """The megabytes of the first worker that no other process shares; NaN where Linux does not tell them."""
    try:
        lines = Path(f"/proc/{vector.processes()[0]}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.nan
    return sum(float(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.environments", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ids", nargs="*", default=["HalfCheetah-v4", "Humanoid-v4"])
    parser.add_argument("--count", type=int, nargs="+", default=[1, 2, 8, 16], help="of environments")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--pool", type=int, nargs="*", default=[2], help="sizes of pools of threads")
    parser.add_argument("--joint", type=int, nargs="*", default=[1], help="numbers of workers beside this process")
    parser.add_argument("--busy", type=float, nargs="+", default=[0.0, 5.0], help="milliseconds beside each step")
    parser.add_argument("--threads", type=int, default=1, help="of torch, while it is busy")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    where = machine()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {where['processor']}, {where['cores']} cores, a load of {where['load']:.1f}")
    print("\n".join(starting(id) for id in options.ids))
    print("\n".join(crossing(id, options.workers) for id in options.ids))
    for milliseconds in options.busy:
        print(
            f"\nbusy for {milliseconds:g} ms on {options.threads} threads"
            if milliseconds
            else "\nnothing beside the steps"
        )
        print(" ".join([f"{'':15} {'n':>4} {'here us':>9}", *(name.rjust(19) for name in names(options))]))
        busy = Busy(milliseconds)
        for id in options.ids:
            for count in options.count:
                print(measure(id, count, options, busy), flush=True)


if __name__ == "__main__":
    main()
