"""run.json: what was run, on what, and how it ended."""

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.files import write_atomically
from taxon.runtime.options import MOST_SEEDS, Precision
from taxon.version import VERSION

FILE = "run.json"
LARGEST = 16 * 2**20  # bytes; ten thousand seeds that all failed take a tenth of it
PACKAGES = ("torch", "numpy", "gymnasium", "mujoco", "dm_control", "safetensors")


class Machine(BaseModel):
    """Where a run happened."""

    model_config = ConfigDict(extra="forbid", strict=True)
    system: str
    processor: str
    cores: int
    threads: int  # of torch
    accelerator: str | None


class Resumption(BaseModel):
    """A run that went on."""

    model_config = ConfigDict(extra="forbid", strict=True)
    step: int
    at: str  # UTC, ISO 8601
    taxon: str
    packages: dict[str, str]
    machine: Machine


class Manifest(BaseModel):
    """A run as its folder records it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[2] = 2
    taxon: str
    name: str  # of the spec
    row: str  # the hash of the resolved row
    environment: str
    seeds: list[NonNegativeInt] = Field(min_length=1, max_length=MOST_SEEDS)
    steps: int  # environment steps asked of every seed
    steps_done: int = 0  # as every algorithm counts them: `environments` of them at once, waiting or not
    environments: int = 1  # of one seed
    environment_steps: dict[str, int] = {}  # seed -> what its training environments have really made
    evaluation_steps: dict[str, int] = {}  # seed -> what its evaluations took beside them
    updates: dict[str, int] = {}  # of every phase, and of every seed that is not frozen
    samples: int = 0  # stored steps of a seed that those updates read
    evaluate_every: int
    evaluation_episodes: int
    save_every: str  # as asked: a time or a number of steps
    restorable: bool  # whether the environment goes on exactly where a checkpoint left it
    device: str
    precision: Precision = "float32"  # of the matrix products of the networks in updates
    workers: int = 0  # processes that step the environments; where none, the run's own does
    compiled: list[str] = []  # the phases whose updates are compiled graphs, and `act`; the others run eagerly
    seed_threads: int = 1  # that share the seeds of a compiled update; one has them side by side
    captured: bool = False  # whether the GPU's work is asked for as recorded CUDA graphs
    python: str
    packages: dict[str, str]
    machine: Machine
    started: str  # UTC, ISO 8601
    ended: str | None = None
    status: Literal["running", "finished", "interrupted", "frozen", "failed"] = "running"
    frozen: dict[str, int] = {}  # seed -> the environment step at which it was frozen
    causes: dict[str, str] = {}  # seed -> why, where its environment failed; otherwise it was no longer finite
    resumed: list[Resumption] = []

    def write(self, folder: Path) -> None:
        write_atomically(folder / FILE, self.model_dump_json(indent=2).encode())


def begin(
    *,
    name: str,
    row: str,
    environment: str,
    seeds: list[int],
    steps: int,
    environments: int,
    evaluate_every: int,
    evaluation_episodes: int,
    save_every: str,
    restorable: bool,
    device: torch.device,
    precision: Precision,
    workers: int,
    captured: bool,
) -> Manifest:
    """The manifest of a run that starts now, on this machine."""
    return Manifest(
        taxon=VERSION,
        name=name,
        row=row,
        environment=environment,
        seeds=seeds,
        steps=steps,
        environments=environments,
        evaluate_every=evaluate_every,
        evaluation_episodes=evaluation_episodes,
        save_every=save_every,
        restorable=restorable,
        device=str(device),
        precision=precision,
        workers=workers,
        captured=captured,
        python=platform.python_version(),
        packages=_packages(),
        machine=_machine(device),
        started=now(),
    )


def resumption(step: int, device: torch.device) -> Resumption:
    """A run that goes on now, on this machine."""
    return Resumption(step=step, at=now(), taxon=VERSION, packages=_packages(), machine=_machine(device))


def read(folder: Path) -> Manifest:
    """The manifest of a run's folder. Raises UserError where it is missing or not one."""
    path = folder / FILE
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than any record of a run", "restore the file from a copy, or run again")
        return Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        help = "name a folder that `taxon run` wrote"
        raise UserError(f"{folder} is not the folder of a run: it has no {FILE}", help) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "name a folder that `taxon run` wrote") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UserError(f"{path}: {where}: {first['msg']}", "restore the file from a copy, or run again") from error


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _machine(device: torch.device) -> Machine:
    return Machine(
        system=platform.platform(),
        processor=platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        accelerator=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
    )


def _packages() -> dict[str, str]:
    return {package: version for package in PACKAGES if (version := _version(package))}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
