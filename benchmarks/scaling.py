"""How taxon's speed and memory go with seeds, environments, batch and width.

python -m benchmarks.scaling --algorithm sac --vary seeds batch width
python -m benchmarks.scaling --algorithm ppo --vary environments
"""

import argparse
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.contenders import CONTENDERS, locate
from benchmarks.end_to_end import measure
from benchmarks.results import Results, machine, told
from benchmarks.workload import ALGORITHMS, ROLLOUTS, Workload, workload

SERIES = {
    "seeds": (1, 2, 5, 10, 20, 50),
    "environments": (1, 4, 16),
    "batch": (64, 256, 1024, 4096),
    "width": (64, 256, 512, 1024),
}


def series(vary: str, algorithm: str, environment: str, device: str, threads: int, steps: int | None) -> list[Workload]:
    """The workloads of one axis; with k seeds or a batch of many, fewer steps are made, since each takes longer."""
    works = []
    for value in SERIES[vary]:
        share = 1.0
        if algorithm not in ROLLOUTS and device == "cpu":
            share = min(1.0, {"seeds": 1, "environments": 1, "batch": 256, "width": 256}[vary] / value)
        measured = None if algorithm in ROLLOUTS else max(50, round((steps or 2000) * share))
        works.append(workload(algorithm, environment, device, threads, measured=measured, **{vary: value}))
    return works


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    options = argparse.ArgumentParser("python -m benchmarks.scaling", description=(__doc__ or "").split("\n")[0])
    options.add_argument("--algorithm", choices=ALGORITHMS, default="sac")
    options.add_argument("--vary", nargs="+", choices=SERIES, default=["seeds", "batch", "width"])
    options.add_argument("--contender", default="taxon", help="taxon, taxon-compiled or taxon-eager")
    options.add_argument("--env", default="HalfCheetah-v4")
    options.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--steps", type=int, help="measured steps at one seed, batch and width 256 [default: 2,000]")
    options.add_argument("--timeout", type=float, default=600.0, help="seconds for one process")
    options.add_argument("--out", type=Path, default=Path("benchmarks/results/scaling.json"))
    return options


def main() -> None:
    options = parser().parse_args()
    if options.contender not in CONTENDERS:
        sys.exit(f"{options.contender}: not a contender; there are {', '.join(CONTENDERS)}")
    if "environments" in options.vary and options.algorithm not in ROLLOUTS:
        sys.exit(f"{options.algorithm} has one environment a seed; vary environments with {', '.join(ROLLOUTS)}")
    results = Results("Scaling", told(" ".join(sys.argv[1:])), machine())
    for vary in options.vary:
        for work in series(vary, options.algorithm, options.env, options.device, options.threads, options.steps):
            measure(results, [options.contender], work, locate(None), options.rounds, options.out, options.timeout)
    print(report.scaling(results))
    print(f"in {options.out}")
    sys.exit(0 if results.samples else 1)


if __name__ == "__main__":
    main()
