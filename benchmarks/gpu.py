"""Every figure that needs a GPU, in one call of under ten minutes.

    python3 -m benchmarks.gpu --wheels DIR --leanrl CHECKOUT --out FILE

First everything is started at once for a few updates, so that all is compiled; then each contender runs alone, in
turns.
What fails or finds no time left is reported and the rest goes on. The file is complete after every sample.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import first_update, report, wheels
from benchmarks.contenders import CONTENDERS, ROOT, Interpreter, MissingError, Places
from benchmarks.launch import FailedError, Measurement, Started
from benchmarks.results import Results, Sample, machine, told
from benchmarks.scaling import SERIES
from benchmarks.workload import ROLLOUTS, Workload, workload

LEAST = 25.0  # seconds that one more process needs
LONGEST = 120.0  # seconds for one process
COMPILING = 240.0  # seconds for compiling everything
ALGORITHMS = ("sac", "td3", "ppo")
OURS, PEER = "taxon", "leanrl-compiled"

Turn = tuple[str, Workload, int]  # contender, workload, round


class Session:
    """What is measured so far, and how much time is left."""

    def __init__(self, results: Results, places: Places, out: Path, budget: float, cache: str) -> None:
        self.results, self.places, self.out = results, places, out
        self.deadline = time.monotonic() + budget
        self.variables = first_update.caches(cache)

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    def fail(self, what: str, why: object) -> None:
        self.results.failures.append(told(f"{what}: {why}"))
        self.results.write(self.out)
        print(f"FAILED {what}: {why}", flush=True)

    def keep(self, sample: Sample, what: str, measurement: Measurement) -> None:
        self.results.samples.append(sample)
        self.results.write(self.out)
        print(
            f"{self.left:4.0f} s left | {what}: {measurement.steps_per_second:,.1f} steps/s, first update after "
            f"{measurement.first_update:.1f} s",
            flush=True,
        )

    def run(self, turn: Turn, cache: str = "") -> None:
        """One process alone."""
        name, work, number = turn
        what = describe(turn) + (f", {cache} cache" if cache else "")
        if self.left < LEAST:
            self.fail(what, "no time left")
            return
        try:
            with tempfile.TemporaryDirectory(prefix="benchmark-cache-", ignore_cleanup_errors=True) as empty:
                variables = first_update.caches(empty) if cache == "cold" else self.variables
                started = Started(CONTENDERS[name], work, self.places, variables)
                measured = started.wait(min(LONGEST, self.left))
        except (MissingError, FailedError) as error:
            self.fail(what, error)
        else:
            self.keep(Sample(name, number, work, measured, cache), what, measured)

    def compile(self, turns: list[Turn]) -> None:
        """All at once, for as few steps as reach every kind of update."""
        under_way: list[tuple[Turn, Started]] = []
        for turn in turns:
            name, work, _ = turn
            short = work.first if work.algorithm in ROLLOUTS else 20
            try:
                brief = replace(work, settle=0, measured=short)
                under_way.append((turn, Started(CONTENDERS[name], brief, self.places, self.variables)))
            except MissingError as error:
                self.fail(f"compiling {describe(turn)}", error)
        end = time.monotonic() + min(COMPILING, self.left - LEAST)
        try:
            for turn, started in under_way:
                try:
                    done = started.wait(max(1.0, end - time.monotonic()))
                except FailedError as error:
                    self.fail(f"compiling {describe(turn)}", error)
                else:
                    print(f"{self.left:4.0f} s left | compiled {describe(turn)}, {done.first_update:.1f} s", flush=True)
        finally:
            for _, started in under_way:
                started.end()


def describe(turn: Turn) -> str:
    """A turn in words."""
    name, work, number = turn
    axes = {"seeds": work.seeds, "environments": work.environments, "batch": work.batch, "width": work.width}
    odd = [f"{axis} {value}" for axis, value in axes.items() if value not in (1, None)]
    return ", ".join([name, work.algorithm, *odd, f"round {number + 1}"])


def turns(device: str, cores: int, steps: int | None, seeds: list[int]) -> Iterator[Turn]:
    """What is measured, the most wanted first."""

    def against(number: int) -> Iterator[Turn]:
        for algorithm in ALGORITHMS:
            measured = None if algorithm in ROLLOUTS else steps
            for name in (OURS, PEER):
                yield name, workload(algorithm, device=device, threads=cores, measured=measured), number

    def ours(
        algorithm: str = "sac", number: int = 0, seeds: int = 1, batch: int | None = None, width: int | None = None
    ) -> Turn:
        work = workload(algorithm, device=device, threads=cores, measured=steps, seeds=seeds, batch=batch, width=width)
        return OURS, work, number

    yield from against(0)
    yield from (ours(seeds=number) for number in seeds)
    yield from against(1)
    yield from (ours(number=1, seeds=number) for number in seeds if number == 10)
    for number in SERIES["environments"][1:]:
        yield OURS, workload("ppo", device=device, threads=cores, environments=number), 0
    yield ours("mpo")
    yield from (ours(batch=number) for number in SERIES["batch"][2:])
    yield from (ours(width=number) for number in SERIES["width"][2:])
    yield from against(2)


def briefly(turn: Turn) -> Turn:
    """The same in as few steps as tell that it works."""
    name, work, number = turn
    rest = 256 if work.algorithm in ROLLOUTS else 20
    return name, replace(work, first=256, settle=rest, measured=rest), number


def update_alone(session: Session, device: str, precision: str = "float32", specs: Sequence[str] = ("sac",)) -> None:
    """The update and its matrix products alone, by the benchmark that measures them."""
    what = "update alone" if precision == "float32" else f"update alone in {precision}"
    if session.left < LEAST:
        session.fail(what, "no time left")
        return
    command = [sys.executable, "-m", "benchmarks.update", *specs, "--threads", "1", "--device", device]
    command += ["--precision", precision]
    packages = os.pathsep.join(map(str, session.places.taxon.packages))
    surroundings = {**os.environ, **session.variables, "PYTHONPATH": packages}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=session.left, check=True
        )
    except subprocess.CalledProcessError as error:
        session.fail(what, (error.stderr or "").strip()[-500:])
    except subprocess.TimeoutExpired:
        session.fail(what, "no time left")
    else:
        session.results.notes[f"{what.capitalize()} ({device})"] = done.stdout
        session.results.write(session.out)
        print(done.stdout, flush=True)


def accelerator(places: Places) -> str:
    """The GPU's name and torch's version, asked of another process: this one stays small."""
    ask = (
        "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else 'none', torch.__version__)"
    )
    done = subprocess.run([str(places.taxon.python), "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip()[-200:]


def main() -> None:
    options = argparse.ArgumentParser("python -m benchmarks.gpu", description=(__doc__ or "").split("\n")[0])
    options.add_argument("--wheels", type=Path, help="what `python -m benchmarks.wheels` filled; else all is installed")
    options.add_argument("--leanrl", type=Path, help="a checkout of LeanRL")
    options.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    options.add_argument("--budget", type=float, default=540.0, help="seconds in all")
    options.add_argument("--steps", type=int, default=3000, help="measured steps, but for PPO's whole rollouts")
    options.add_argument("--seeds", type=int, nargs="*", default=list(SERIES["seeds"][1:]))
    options.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="cores for a process [default: all]")
    options.add_argument("--brief", action="store_true", help="a rehearsal: a few steps of everything")
    options.add_argument("--only", nargs="*", help="measure only turns whose description has one of these words")
    options.add_argument("--out", type=Path, default=Path("benchmarks/results/gpu.json"))
    chosen = options.parse_args()

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmark-site-", ignore_cleanup_errors=True) as site:
        packages = {"taxon": [ROOT], "leanrl": [ROOT]}
        if chosen.wheels is not None:
            for name, path in packages.items():
                wheels.install(chosen.wheels, name, Path(site) / name)
                path.append(Path(site) / name)
        python = Path(sys.executable)
        places = Places(
            taxon=Interpreter(python, tuple(packages["taxon"])),
            single=Interpreter(python, tuple(packages["leanrl"])),
            leanrl=None if chosen.leanrl is None else chosen.leanrl.resolve(),
        )
        results = Results("GPU", told(" ".join(sys.argv[1:])), machine(accelerator(places)))
        budget = chosen.budget - (time.monotonic() - began)
        session = Session(results, places, chosen.out, budget, str(Path(site) / "cache"))

        every = list(turns(chosen.device, chosen.threads, chosen.steps, chosen.seeds))
        if chosen.brief:
            every = [briefly(turn) for turn in every]
        if chosen.only is not None:
            every = [turn for turn in every if any(word in describe(turn) for word in chosen.only)]
        session.compile([turn for turn in every if turn[2] == 0])
        for number, turn in enumerate(every):
            session.run(turn)
            if number + 1 == min(len(every), 2 * len(ALGORITHMS)):
                early = first_update.early("sac", turn[1].environment, chosen.device, turn[1].threads)
                for cache in ("warm", "cold"):
                    session.run((OURS, early, 0), cache)
        update_alone(session, chosen.device, specs=("sac", "mpo"))
        for precision in ("tf32", "bf16") if chosen.device == "cuda" else ("bf16",):
            update_alone(session, chosen.device, precision)
        print(report.targets([results]), report.measurements([results]), sep="\n\n")
        print(f"in {chosen.out}; {time.monotonic() - began:.0f} s")
    sys.exit(0 if results.samples else 1)


if __name__ == "__main__":
    main()
