"""Seconds from the command `taxon run` to the end of the first update, with the compiler's cache empty and filled.

    python -m benchmarks.first_update --algorithms sac td3 ppo mpo

The first update comes after 256 steps, not after a spec's own warm-up; PPO's is its first round, of 80 minibatches.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import report
from benchmarks.contenders import CONTENDERS, Places, locate
from benchmarks.launch import FailedError, launch
from benchmarks.results import Results, Sample, machine, told
from benchmarks.workload import ALGORITHMS, Workload, workload


def early(algorithm: str, environment: str, device: str, threads: int) -> Workload:
    """A workload that ends right after its first update."""
    return replace(workload(algorithm, environment, device, threads), first=256, settle=0, measured=1)


def caches(folder: str) -> dict[str, str]:
    """The environment variables that keep what is compiled in a folder."""
    return {"TORCHINDUCTOR_CACHE_DIR": f"{folder}/inductor", "TRITON_CACHE_DIR": f"{folder}/triton"}


def measure(results: Results, contender: str, work: Workload, places: Places, number: int, timeout: float) -> None:
    """Once with an empty cache, once with what that left."""
    with tempfile.TemporaryDirectory(prefix="benchmark-cache-", ignore_cleanup_errors=True) as folder:
        for cache in ("cold", "warm"):
            try:
                measured = launch(CONTENDERS[contender], work, places, timeout=timeout, variables=caches(folder))
            except FailedError as error:
                results.failures.append(told(f"first update, {contender}, {work.algorithm}, {cache}: {error}"))
                print(f"  failed: {error}", file=sys.stderr, flush=True)
                return
            results.samples.append(Sample(contender, number, work, measured, cache))
            used = measured.update_processor
            print(f"  {work.algorithm}, {cache}: {measured.first_update:.1f} s, of processors {used:.1f}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser("python -m benchmarks.first_update", description=(__doc__ or "").split("\n")[0])
    options.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=["sac", "td3", "ppo", "mpo"])
    options.add_argument("--contender", choices=["taxon", "taxon-compiled", "taxon-eager"], default="taxon")
    options.add_argument("--env", default="HalfCheetah-v4")
    options.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--timeout", type=float, default=300.0, help="seconds for one process")
    options.add_argument("--out", type=Path, default=Path("benchmarks/results/first_update.json"))
    chosen = options.parse_args()
    results = Results("First update", told(" ".join(sys.argv[1:])), machine())
    for number in range(chosen.rounds):
        for algorithm in chosen.algorithms:
            work = early(algorithm, chosen.env, chosen.device, chosen.threads)
            measure(results, chosen.contender, work, locate(None), number, chosen.timeout)
            results.write(chosen.out)
    print(report.first_update(results))
    print(f"in {chosen.out}")
    sys.exit(0 if results.samples else 1)


if __name__ == "__main__":
    main()
