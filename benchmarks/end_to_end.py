"""Training as a user runs it, beside the peers: steps a second from the environment's clock.

    python -m benchmarks.end_to_end --peers-folder DIR --algorithms sac td3 ppo --peers sb3 sbx cleanrl leanrl

Each contender runs in a process of its own with the same cores, environment, steps, batch, networks and update ratio;
they take turns round by round. Start-up and compilation are not in the speed: they are measured beside it.
"""

import argparse
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.contenders import CONTENDERS, MissingError, Places, locate
from benchmarks.launch import FailedError, launch
from benchmarks.results import Results, Sample, machine, told
from benchmarks.rounds import interleave
from benchmarks.workload import ALGORITHMS, Workload, workload


def measure(
    results: Results, names: list[str], work: Workload, places: Places, rounds: int, out: Path, timeout: float
) -> None:
    """Every contender on one workload, in turns; a contender that is missing or fails is noted and left out."""
    lost: set[str] = set()
    for number, name in interleave(names, rounds):
        if name in lost or work.algorithm not in CONTENDERS[name].algorithms:
            continue
        try:
            measurement = launch(CONTENDERS[name], work, places, timeout=timeout)
        except (MissingError, FailedError) as error:
            lost.add(name)
            results.failures.append(told(f"{name}, {work.algorithm}, {work.threads} threads: {error}"))
            print(f"  {name} left out: {error}", file=sys.stderr, flush=True)
        else:
            results.samples.append(Sample(name, number, work, measurement))
            print(
                f"  {work.algorithm}, {work.threads} threads, round {number + 1}: {name} "
                f"{measurement.steps_per_second:,.1f} steps/s",
                flush=True,
            )
        results.write(out)


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    options = argparse.ArgumentParser("python -m benchmarks.end_to_end", description=(__doc__ or "").split("\n")[0])
    options.add_argument("--peers-folder", type=Path, help="what `python -m benchmarks.peers install` filled")
    options.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=["sac", "td3", "ppo"])
    options.add_argument("--ours", nargs="+", default=["taxon"], help="taxon, taxon-compiled, taxon-eager")
    options.add_argument("--peers", nargs="*", default=["sb3", "sbx", "cleanrl", "leanrl"])
    options.add_argument("--env", default="HalfCheetah-v4")
    options.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--steps", type=int, help="measured steps [default: 2,000; PPO three rollouts]")
    options.add_argument("--timeout", type=float, default=600.0, help="seconds for one process")
    options.add_argument("--out", type=Path, default=Path("benchmarks/results/end_to_end.json"))
    return options


def main() -> None:
    options = parser().parse_args()
    names = [*options.ours, *options.peers]
    if unknown := [name for name in names if name not in CONTENDERS]:
        sys.exit(f"{', '.join(unknown)}: not a contender; there are {', '.join(CONTENDERS)}")
    results = Results("End to end", told(" ".join(sys.argv[1:])), machine())
    places = locate(options.peers_folder)
    for threads in options.threads:
        for algorithm in options.algorithms:
            work = workload(algorithm, options.env, options.device, threads, measured=options.steps)
            measure(results, names, work, places, options.rounds, options.out, options.timeout)
    print(report.end_to_end(results))
    print(f"in {options.out}")
    sys.exit(0 if results.samples else 1)


if __name__ == "__main__":
    main()
