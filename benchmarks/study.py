"""Runs an hour of a small study: seeds of SAC by `taxon study`, and by Stable-Baselines3 in as many processes.

    python -m benchmarks.study --peers-folder DIR

Both make the same runs with the same constants, an episode of evaluation at a run's start and at its end, and as many
processes at a time as there are cores, a thread each. Time counts from the first start to the last end, with imports
and files; taxon's with compilation, for which its cache is empty, and with the random policy that a study measures.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.contenders import HERE, MissingError, Places, locate
from benchmarks.first_update import caches
from benchmarks.launch import TAIL, FailedError, cores
from benchmarks.results import Results, Study, machine, told
from benchmarks.rounds import interleave
from benchmarks.workload import workload

ALGORITHM = "sac"
TEXT = """taxon 1
import "{algorithm}.tx"

study measured {{
  base  = measured_{algorithm}
  on    = ["{environment}"]
  seeds = {runs}
  steps = {steps}
}}
"""


@dataclass(frozen=True)
class Task:
    """What both are to do."""

    environment: str
    runs: int
    steps: int
    cores: int
    timeout: float


def by_taxon(task: Task, places: Places, folder: Path) -> None:
    """`taxon study`, with everything below a folder. Raises FailedError."""
    shutil.copy(HERE / "specs" / f"{ALGORITHM}.tx", folder)
    text = TEXT.format(algorithm=ALGORITHM, environment=task.environment, runs=task.runs, steps=task.steps)
    (folder / "study.tx").write_text(text, encoding="utf-8")
    arguments = [str(places.taxon.python), "-m", "taxon", "study", "study.tx", "--store", "store", "--out", "out"]
    arguments += ["--jobs", str(task.cores), "--eval-every", str(task.steps), "--eval-episodes", "1"]
    _process([*arguments, "--compile", "on"], places.taxon.packages, caches(str(folder)), folder, task.timeout)


def by_stable(task: Task, places: Places, folder: Path) -> None:
    """A process for each run, as many at a time as there are cores. Raises MissingError or FailedError."""
    stable = places.stable
    if stable is None:
        raise MissingError("Stable-Baselines3: not installed; benchmarks/README.md says how")
    first = workload(ALGORITHM).first

    def run(seed: int) -> None:
        arguments = [str(stable.python), str(HERE / "drivers" / "stable.py"), "stable_baselines3", ALGORITHM]
        arguments += [task.environment, "cpu", str(first), str(task.steps), str(seed), f"model-{seed}"]
        _process(arguments, stable.packages, {}, folder, task.timeout)

    with ThreadPoolExecutor(task.cores) as pool:
        list(pool.map(run, range(task.runs)))


CONTENDERS: Mapping[str, Callable[[Task, Places, Path], None]] = {"taxon": by_taxon, "sb3": by_stable}


def _process(
    arguments: list[str], packages: tuple[Path, ...], variables: Mapping[str, str], folder: Path, timeout: float
) -> None:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    surroundings = {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(map(str, packages)), **variables}
    try:
        done = subprocess.run(arguments, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise FailedError(f"{Path(arguments[1]).name} was not done after {timeout:.0f} s") from None
    if done.returncode:
        raise FailedError(f"it ended with code {done.returncode}: {(done.stdout + done.stderr)[-TAIL:].strip()}")


def measure(name: str, number: int, task: Task, places: Places) -> Study:
    """A contender's study. Raises MissingError or FailedError."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as folder, cores(task.cores):
        before, began = _used(), time.monotonic()
        CONTENDERS[name](task, places, Path(folder))
        seconds, used = time.monotonic() - began, _used() - before
    return Study(name, number, ALGORITHM, task.environment, task.runs, task.steps, task.cores, seconds, used)


def _used() -> float:
    """Processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    options = argparse.ArgumentParser("python -m benchmarks.study", description=(__doc__ or "").split("\n")[0])
    options.add_argument("--peers-folder", type=Path, help="what `python -m benchmarks.peers install` filled")
    options.add_argument("--contenders", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    options.add_argument("--env", default="HalfCheetah-v4")
    options.add_argument("--runs", type=int, default=8)
    options.add_argument("--steps", type=int, default=20_000, help="of each run")
    options.add_argument("--cores", type=int, default=2)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--timeout", type=float, default=7200.0, help="seconds for one study")
    options.add_argument("--out", type=Path, default=Path("benchmarks/results/study.json"))
    chosen = options.parse_args()
    results = Results("Study", told(" ".join(sys.argv[1:])), machine())
    task = Task(chosen.env, chosen.runs, chosen.steps, chosen.cores, chosen.timeout)
    lost: set[str] = set()
    for number, name in interleave(chosen.contenders, chosen.rounds):
        if name in lost:
            continue
        try:
            study = measure(name, number, task, locate(chosen.peers_folder))
        except (MissingError, FailedError) as error:
            lost.add(name)
            results.failures.append(told(f"study, {name}: {error}"))
            print(f"  {name} left out: {error}", file=sys.stderr, flush=True)
        else:
            results.studies.append(study)
            print(f"  round {number + 1}: {name} {study.hourly:,.1f} runs an hour", flush=True)
        results.write(chosen.out)
    print(report.study(results))
    print(f"in {chosen.out}")
    sys.exit(0 if results.studies else 1)


if __name__ == "__main__":
    main()
