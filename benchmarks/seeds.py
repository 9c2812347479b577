"""Seeds in one process with every core, or spread over processes with one core each: `python -m benchmarks.seeds`.

What the two give in all, in turns. It is why `taxon run --seeds` keeps its seeds in one process on a CPU, and has
threads share them where an update is long.
"""

import argparse
import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from benchmarks.contenders import CONTENDERS, locate
from benchmarks.launch import Started
from benchmarks.results import machine
from benchmarks.rounds import interleave
from benchmarks.workload import ALGORITHMS, ROLLOUTS, workload

OURS, LONGEST = "taxon", 600.0


@contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def total(algorithm: str, seeds: int, processes: int, steps: int | None) -> float:
    """Steps a second of all seeds, which so many processes train at once."""
    cores = sorted(os.sched_getaffinity(0))
    each, threads = seeds // processes, len(cores) // processes
    measured = None if algorithm in ROLLOUTS else max(50, (steps or 1000) // each)
    work = workload(algorithm, threads=threads, seeds=each, measured=measured)
    with ExitStack() as stack:
        under_way = []
        for number in range(processes):
            with on(set(cores[number * threads : (number + 1) * threads])):
                under_way.append(Started(CONTENDERS[OURS], work, locate(None)))
            stack.callback(under_way[-1].end)
        return each * sum(started.wait(LONGEST).steps_per_second for started in under_way)


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.seeds", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=["sac", "ppo"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 10])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, help="measured steps of all of a process's seeds [default: 1,000]")
    options = parser.parse_args()
    cores, where = len(os.sched_getaffinity(0)), machine()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {where['processor']}, a load of {where['load']:.1f} at the start")
    print(f"steps a second of all seeds, {cores} cores, medians of {options.rounds} rounds in turns")
    print(f"{'':8} {'seeds':>5} {'one process':>12} {f'{cores} processes':>12} {'one / several':>14}")
    for algorithm in options.algorithms:
        for seeds in options.seeds:
            found: dict[int, list[float]] = {1: [], cores: []}
            for _, processes in interleave(list(found), options.rounds):
                found[processes].append(total(algorithm, seeds, processes, options.steps))
            together, apart = (statistics.median(several) for several in found.values())
            ratio = statistics.median(a / b for a, b in zip(found[1], found[cores], strict=True))
            print(f"{algorithm:8} {seeds:5} {together:12,.1f} {apart:12,.1f} {ratio:14.2f}", flush=True)


if __name__ == "__main__":
    main()
