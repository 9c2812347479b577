"""The studies behind docs/results.md, whose runs take many hours: in sittings, each of which goes on from the last.

    python -m benchmarks.sittings --hours 2 tanh double_q     goes on with these studies, in this order
    python -m benchmarks.sittings                             with all of them, until they are complete
    python -m benchmarks.sittings --peers-folder DIR fidelity  and with the same rows by Stable-Baselines3

What is finished is kept in benchmarks/studies, which the repository has: the runs without checkpoints, as `taxon study
export --runs` writes them, and of each study its study.json, which says when its claims were declared. The next sitting
takes them up, here or on another machine. Runs that are not finished go on where their store is; the peer's begin anew.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taxon.studies.running import record

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks" / "studies"
RUNS = FOLDER / "store"
PEERS = FOLDER / "peers"
TOGETHER = ("--stack", "5")  # updates of small networks, most of whose time is calling them, are shorter side by side
LATE = 120.0  # seconds that runs have for their checkpoints


@dataclass(frozen=True)
class Sitting:
    """A study of which runs are kept; options: what it is run with.

    peer: whether Stable-Baselines3 trains the same rows, too. published: which published curve is for which base.
    """

    name: str
    file: str
    options: tuple[str, ...] = ()
    peer: bool = False
    published: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return f"{ROOT / self.file}:{self.name}"

    @property
    def kept(self) -> Path:
        """Where its study.json is kept."""
        return FOLDER / self.name


def _example(name: str, *options: str, **published: str) -> Sitting:
    curves = {f"std.{base}": curve for base, curve in published.items()}
    return Sitting(name, f"examples/studies/{name}.tx", options, published=curves)


STUDIES = (
    _example("tanh"),
    _example("double_q"),
    _example("elu_layernorm"),
    _example("sac_to_mpo"),
    _example("relatives", "--eval-every", "2k", "--compile", "on"),
    _example("clip", "--eval-every", "2k", "--compile", "on"),
    _example("divergences"),
    _example("mpo_ablation"),
    _example("on_policy", ppo_clip="PPO", trpo_gae="TRPO"),  # side by side V-MPO's networks outgrow the cache
    _example("ppo_start", *TOGETHER, "--eval-every", "30k", ppo_clip="PPO"),
    Sitting(
        "ppo_long",
        "benchmarks/specs/ppo_long.tx",
        (*TOGETHER, "--eval-every", "30k"),
        published={"std.ppo_clip": "PPO"},
    ),
    _example("trpo_rounds", *TOGETHER, "--eval-every", "30k", trpo_gae="TRPO"),
    Sitting("fidelity", "benchmarks/specs/fidelity.tx", peer=True),
    Sitting("fidelity_ppo", "benchmarks/specs/fidelity.tx", TOGETHER, peer=True),
)


@dataclass(frozen=True)
class Places:
    """Where a sitting's runs and tables are; jobs: runs at a time, None as many as there are cores.

    peers: what `python -m benchmarks.peers install` filled.
    """

    store: Path
    studies: Path
    jobs: int | None
    peers: Path | None = None

    def run(self, sitting: Sitting, seconds: float) -> int | None:
        """The exit code of `taxon study`; None where it was stopped after so many seconds, with checkpoints."""
        jobs = [] if self.jobs is None else ["--jobs", str(self.jobs)]
        return _until(seconds, _taxon("run", sitting.target, *self._places(sitting), *jobs, *sitting.options))

    def run_peer(self, sitting: Sitting, seconds: float) -> int | None:
        """The exit code of the same runs by the peer; None where they were stopped after so many seconds."""
        if self.peers is None:
            print(f"{sitting.name}: the peer's runs need --peers-folder", file=sys.stderr)
            return 1
        own = "--peers-folder", str(self.peers), "--runs", str(PEERS), "--jobs", str(self.jobs or os.cpu_count() or 1)
        words = [sys.executable, "-m", "benchmarks.fidelity", sitting.target, *self._places(sitting), *own]
        return _until(seconds, words)

    def take_up(self, sittings: Sequence[Sitting]) -> None:
        """Put what is kept where studies look for it."""
        if RUNS.is_dir():
            subprocess.run(_taxon("import", str(RUNS), "--store", str(self.store)), check=True)
        for sitting in sittings:
            declared = self.studies / sitting.name / record.FILE
            if (sitting.kept / record.FILE).is_file() and not declared.exists():
                declared.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(sitting.kept / record.FILE, declared)

    def keep(self, sitting: Sitting) -> None:
        """Keep what is finished of a study, if anything is."""
        done = subprocess.run(
            _taxon("export", sitting.target, *self._places(sitting), "--runs", str(RUNS)),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            print(f"{sitting.name}: nothing is kept: {done.stderr.strip()}", file=sys.stderr)
            return
        print(f"{sitting.name}: {done.stdout.strip()}")
        sitting.kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.studies / sitting.name / record.FILE, sitting.kept)

    def _places(self, sitting: Sitting) -> tuple[str, ...]:
        return "--store", str(self.store), "--out", str(self.studies / sitting.name)


def _until(seconds: float, words: Sequence[str]) -> int | None:
    """The exit code of a process; None where it was interrupted after so many seconds."""
    with subprocess.Popen(words) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait(LATE)
            return None
        except KeyboardInterrupt:
            process.wait(LATE)  # the terminal has told it too
            raise


def _taxon(*words: str) -> list[str]:
    return [sys.executable, "-m", "taxon", "study", *words]


def main() -> None:
    options = argparse.ArgumentParser("python -m benchmarks.sittings", description=(__doc__ or "").split("\n")[0])
    named = {sitting.name: sitting for sitting in STUDIES}
    options.add_argument("studies", nargs="*", metavar="STUDY", help=f"{', '.join(named)}; otherwise all")
    options.add_argument("--hours", type=float, default=float("inf"), help="how long the sitting may take")
    options.add_argument("--jobs", type=int, help="runs at a time; otherwise as many as there are cores")
    options.add_argument("--store", type=Path, default=Path("runs/store"))
    options.add_argument("--out", type=Path, default=Path("studies"), help="the folder of the studies' tables")
    options.add_argument("--peers-folder", type=Path, help="what `python -m benchmarks.peers install` filled")
    chosen = options.parse_args()
    if unknown := sorted(set(chosen.studies) - set(named)):
        options.error(f"no study is kept as {', '.join(unknown)}; there are {', '.join(named)}")
    sittings = [named[name] for name in chosen.studies] or list(STUDIES)
    places = Places(chosen.store, chosen.out, chosen.jobs, chosen.peers_folder)
    until = time.monotonic() + 3600 * chosen.hours
    places.take_up(sittings)
    failed = []
    for sitting in sittings:
        steps = [places.run, places.run_peer] if sitting.peer else [places.run]
        for step in steps:
            if (left := until - time.monotonic()) <= 0:
                break
            try:
                if step(sitting, left):
                    failed.append(sitting.name)
            finally:
                places.keep(sitting)
    if failed:
        sys.exit(f"not complete: {', '.join(failed)}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
