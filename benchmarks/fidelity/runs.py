"""The peer's runs: one file each by what was asked for, kept and not made again."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Interpreter
from benchmarks.fidelity.mapping import Peer, peer
from benchmarks.fidelity.reading import CannotError
from taxon.runtime.errors import UserError
from taxon.studies.running.plan import Plan
from taxon.studies.running.units import Settings, Unit

TRAIN = Path(__file__).with_name("train.py")
TAIL = 600  # characters of what a failed process printed


@dataclass(frozen=True)
class Job:
    """A run of the peer: how it is trained, and everything that a unit of a study asks for."""

    peer: Peer
    unit: Unit
    threads: int = 1

    def data(self) -> dict[str, Any]:
        """What the process reads."""
        settings: Settings = self.unit.place.settings
        said = asdict(self.peer)
        del said["differences"]
        return {
            **said,
            "environment": self.unit.place.environment,
            "seed": self.unit.seed,
            "steps": self.unit.steps,
            "every": settings.evaluate_every,
            "episodes": settings.evaluation_episodes,
            "threads": self.threads,
        }

    @property
    def name(self) -> str:
        """The name of its files: of all that its result depends on."""
        said = json.dumps({**self.data(), "threads": None}, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Made:
    """What a run of the peer came to."""

    curve: tuple[tuple[int, float], ...]
    versions: dict[str, str]
    device: str


def jobs(plan: Plan, threads: int = 1) -> dict[Unit, Job]:
    """A run of the peer for each of a study's. Raises UserError where the peer cannot train a row."""
    trained = {}
    for run in plan.study.runs:
        try:
            trained[run.hash] = peer(run.row)
        except CannotError as error:
            raise UserError(f"{run.cells[0]}: {error}", "compare a row that both can train") from None
    return {unit: Job(trained[unit.place.program.row], unit, threads) for unit in plan.units()}


def read(folder: Path, job: Job) -> Made | None:
    """A run that was made; None where it was not."""
    try:
        said = json.loads((folder / f"{job.name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Made(tuple((int(step), float(value)) for step, value in said["curve"]), said["versions"], said["device"])


def make(folder: Path, jobs: Sequence[Job], python: Interpreter, at_once: int, say: Callable[[str], None]) -> list[str]:
    """Run what is missing, so many processes beside each other: why runs failed. Where it is stopped, they end too."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [job for job in jobs if read(folder, job) is None]
    total, failures = len(waiting), list[str]()
    running: list[tuple[Job, subprocess.Popen[bytes], Path]] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                job = waiting.pop(0)
                running.append((job, _start(folder, job, python), folder / f"{job.name}.txt"))
            time.sleep(0.1)
            for ended in [each for each in running if each[1].poll() is not None]:
                running.remove(ended)
                job, process, output = ended
                label = f"{job.peer.algorithm} on {job.unit.place.environment}, seed {job.unit.seed}"
                if process.returncode == 0:
                    say(f"{label}: done; {len(waiting) + len(running):,} of {total:,} to go")
                else:
                    failures.append(f"{label}: {output.read_text(encoding='utf-8', errors='replace')[-TAIL:].strip()}")
                    say(failures[-1])
    finally:
        for _, process, _ in running:
            process.kill()
            process.wait()
    return failures


def _start(folder: Path, job: Job, python: Interpreter) -> subprocess.Popen[bytes]:
    said = folder / f"{job.name}.job.json"
    said.write_text(json.dumps(job.data(), indent=1), encoding="utf-8")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(job.threads))
    with (folder / f"{job.name}.txt").open("wb") as output:
        return subprocess.Popen(
            [str(python.python), str(TRAIN), str(said), str(folder / f"{job.name}.json")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # The peer's packages alone: none of a folder that was named for taxon.
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | threads,
        )
