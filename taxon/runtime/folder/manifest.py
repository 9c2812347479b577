"""run.json: what was run, on what, and how it ended."""

import importlib.metadata
import math
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from taxon.operators.observations import layout_text
from taxon.runtime.environments.importing import digest
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.words import read_recipe
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.events import Status
from taxon.runtime.folder.fields import (
    Cadence,
    Compared,
    Count,
    Device,
    Hash,
    OfSeed,
    PackageName,
    RowName,
    Seeds,
    Several,
    Time,
    first_of,
)
from taxon.runtime.folder.run_folder import MODULE, RECORD, SPEC, RunFolder
from taxon.runtime.folder.spaces import ActionSpace, ObservationSpace, check_size
from taxon.runtime.options import MOST_ENVIRONMENTS, MOST_EPISODES, MOST_WORKERS, Precision
from taxon.version import VERSION

if TYPE_CHECKING:
    import torch

FILE = RECORD
LARGEST = 16 * 2**20  # bytes; ten thousand seeds that all failed take a tenth of it
PACKAGES = ("torch", "numpy", "gymnasium", "mujoco", "dm_control", "safetensors")
MOST_THREADS = 4_096  # of torch: the cores of a machine are not many more


class Machine(BaseModel):
    """Where a run happened."""

    model_config = ConfigDict(extra="forbid", strict=True)
    system: Compared
    processor: Compared
    cores: Several
    threads: int = Field(ge=1, le=MOST_THREADS)  # of torch
    accelerator: Compared | None


class Resumption(BaseModel):
    """A run that went on."""

    model_config = ConfigDict(extra="forbid", strict=True)
    step: Count
    at: Time  # UTC, ISO 8601
    taxon: Compared
    packages: dict[Compared, Compared]
    extensions: dict[PackageName, Compared] = {}
    environment_file: Hash | None = None
    machine: Machine


class Edited(BaseModel):
    """A module that the user has changed, which was trained in place of what is emitted of a spec.

    Of the spec that it was emitted from there is something only where the user named it.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    module: Hash  # SHA-256 of its text, which is agent.py in the folder
    file: Compared = Field(min_length=1)  # as the user named it
    spec: RowName | None = None
    emitted: Hash | None = None  # SHA-256 of what is emitted of the spec
    added: Count | None = None  # lines that are not there
    removed: Count | None = None  # lines of it that are gone

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len({each is None for each in (self.spec, self.emitted, self.added, self.removed)}) > 1:
            raise ValueError("spec, emitted, added and removed are there together or not at all")
        return self

    def __str__(self) -> str:
        """For a person."""
        if self.spec is None:
            return f"{self.file}, whose spec was not named"
        return f"{self.file}, edited from {self.spec} (+{self.added:,} -{self.removed:,} lines)"


class Manifest(BaseModel):
    """A run as its folder records it. What reads a record takes each of its numbers as it is: their ranges are here."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[4] = 4
    taxon: Compared
    name: RowName  # of the spec, or of an edited module's file
    row: Hash | None  # of the resolved row; None where a module was edited whose spec was not named
    edited: Edited | None = None
    environment: Compared = Field(min_length=1)
    environment_arguments: dict[Compared, Compared] = {}  # name -> value, as `--env-set` takes them
    environment_wrappers: list[Compared] = []  # as `--wrap` takes them, from the innermost
    environment_file: Hash | None = None  # SHA-256 of the file that `environment` names, where it names one
    observation: Annotated[ObservationSpace, AfterValidator(check_size)]  # what the environment shows
    action: ActionSpace  # what it takes
    seeds: Seeds
    steps: Several  # environment steps of every seed
    steps_done: Count = 0  # as every algorithm counts them: `environments` of them at once, waiting or not
    environments: int = Field(default=1, ge=1, le=MOST_ENVIRONMENTS)  # of one seed
    environment_steps: dict[OfSeed, Count] = {}  # seed -> what its training environments have really made
    evaluation_steps: dict[OfSeed, Count] = {}  # seed -> what its evaluations took beside them
    updates: dict[RowName, Count] = {}  # of every phase, and of every seed that is not frozen
    samples: Count = 0  # stored steps of a seed that those updates read
    evaluate_every: Several | None  # environment steps; None: never
    evaluation_episodes: int = Field(ge=1, le=MOST_EPISODES)
    evaluation_seed: Count | None = None  # that every evaluation's starts are drawn from; None: from new ones each time
    stop_at: float | None = None  # the mean return of an evaluation at which the run ends
    keep_best: bool = False
    log: list[RowName] = []  # what is written beside metrics.jsonl
    save_every: Cadence  # as given
    # Whether the environment goes on exactly where a checkpoint left it, as far as a trial of twice 40 steps shows. It
    # cannot see what comes into play later and lives in globals, classes, functions or a library's memory. A string or
    # another part that is no number is noticed when the run goes on, and said.
    restorable: bool
    device: Device
    precision: Precision = "float32"  # of the matrix products of the networks in updates
    workers: int = Field(default=0, ge=0, le=MOST_WORKERS)  # that step the environments; 0: the run's own process does
    compiled: list[RowName] = []  # the phases whose updates are compiled graphs, and `act`; the others run eagerly
    seed_threads: int = Field(default=1, ge=1, le=MOST_THREADS)  # that share the seeds of a compiled update
    captured: bool = False  # whether the GPU's work is issued as recorded CUDA graphs
    python: Compared
    packages: dict[Compared, Compared]
    extensions: dict[PackageName, Compared] = {}  # the packages that the spec has choices of, with their versions
    machine: Machine
    started: Time  # UTC, ISO 8601
    ended: Time | None = None
    # finished: all steps; reached: `stop_at`; stopped: by a callback; frozen: every seed is
    status: Status = "running"
    reason: str | None = None  # why it was stopped or failed, where the run could say so
    frozen: dict[OfSeed, Count] = {}  # seed -> the environment step at which it was frozen
    causes: dict[OfSeed, str] = {}  # seed -> why: what of it was no longer finite, or how its environment failed
    resumed: list[Resumption] = []

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """What one field says must agree with the others."""
        if (self.row is None) != (self.edited is not None and self.edited.spec is None):
            raise ValueError("row is that of a spec, and there is none of an edited module whose spec was not named")
        if self.captured and not self.device.startswith("cuda"):
            raise ValueError(f"captured is true of the device {self.device}, whose work is not recorded")
        if self.seed_threads > len(self.seeds):
            raise ValueError(f"seed_threads is {self.seed_threads}, and there are {len(self.seeds)} seeds")
        if self.workers > len(self.seeds) * self.environments:
            raise ValueError(f"workers is {self.workers}, more than there are environments")
        if self.evaluate_every is None and (self.stop_at is not None or self.keep_best):
            raise ValueError("stop_at and keep_best are of evaluations, and evaluate_every is null")
        if self.stop_at is not None and not math.isfinite(self.stop_at):
            raise ValueError("stop_at is no finite number")
        try:
            recipe = self.recipe()
        except UserError as error:
            raise ValueError(one_line(error.message)) from None
        if [*recipe.written.values(), *map(str, recipe.wrappers)] != [
            *self.environment_arguments.values(),
            *self.environment_wrappers,
        ]:
            raise ValueError("environment_arguments or environment_wrappers are not written as a run writes them")
        return self

    @property
    def identity(self) -> str:
        """The hash of what was trained: of the edited module, or of the row."""
        return self.edited.module if self.edited is not None else self.row or ""

    @property
    def title(self) -> str:
        """What was trained, for people."""
        if self.edited is None:
            return self.name
        return f"{self.name} (edited{'' if self.edited.spec is None else f' from {self.edited.spec}'})"

    def check_program(self, folder: RunFolder, identity: str) -> None:
        """Raise UserError where this is the record of another program; identity: as the property has it."""
        if identity == self.identity:
            return
        if self.edited is None:
            raise UserError(f"{folder.path / SPEC} is not the spec that was run: its hash differs", "restore the file")
        raise UserError(
            f"{folder.path} trained another module: the SHA-256 of its text begins {self.edited.module[:12]}, "
            f"and that of this one {identity[:12]}",
            f"name the text that was trained, a copy of which is {folder.path / MODULE}, or begin another run",
        )

    def recipe(self) -> Recipe:
        """How the environment was made. Nothing is imported for it on the word of this record: see `trusted`."""
        settings = [f"{name}={text}" for name, text in self.environment_arguments.items()]
        return read_recipe(self.environment, settings, self.environment_wrappers)

    def check_spaces(self, observation: ObservationSpace, action: ActionSpace) -> None:
        """Raise UserError where the environment no longer shows or takes what the run's agents were built for."""
        pairs = [("shows", _told(observation), _told(self.observation)), ("takes", action.text(), self.action.text())]
        if (observation, action) == (self.observation, self.action):
            return
        does, now, before = next((pair for pair in pairs if pair[1] != pair[2]), ("has", "other bounds", "those"))
        raise UserError(
            f"{self.recipe()} {does} {one_line(now, 200)} and not {one_line(before, 200)}, as it did",
            "install the version of the environment that run.json names, or train again",
        )

    def write(self, folder: RunFolder) -> None:
        folder.write(FILE, self.model_dump_json(indent=2).encode())


def begin(
    *,
    name: str,
    row: str | None,
    edited: Edited | None,
    environment: Recipe,
    observation: ObservationSpace,
    action: ActionSpace,
    seeds: list[int],
    steps: int,
    environments: int,
    evaluate_every: int | None,
    evaluation_episodes: int,
    evaluation_seed: int | None,
    stop_at: float | None,
    keep_best: bool,
    log: Sequence[str],
    save_every: str,
    restorable: bool,
    device: "torch.device",
    precision: Precision,
    workers: int,
    captured: bool,
    extensions: Mapping[str, str],
) -> Manifest:
    """The manifest of a run that starts now, on this machine."""
    return Manifest(
        taxon=VERSION,
        name=name,
        row=row,
        edited=edited,
        environment=environment.id,
        environment_arguments=environment.written,
        environment_wrappers=list(map(str, environment.wrappers)),
        environment_file=digest(environment),
        observation=observation,
        action=action,
        seeds=seeds,
        steps=steps,
        environments=environments,
        evaluate_every=evaluate_every,
        evaluation_episodes=evaluation_episodes,
        evaluation_seed=evaluation_seed,
        stop_at=stop_at,
        keep_best=keep_best,
        log=list(log),
        save_every=save_every,
        restorable=restorable,
        device=str(device),
        precision=precision,
        workers=workers,
        captured=captured,
        python=platform.python_version(),
        packages=_packages(),
        extensions=dict(extensions),
        machine=_machine(device),
        started=now(),
    )


def resumption(step: int, environment: Recipe, device: "torch.device", extensions: Mapping[str, str]) -> Resumption:
    """A run that goes on now, on this machine."""
    return Resumption(
        step=step,
        at=now(),
        taxon=VERSION,
        packages=_packages(),
        extensions=dict(extensions),
        environment_file=digest(environment),
        machine=_machine(device),
    )


def read(folder: RunFolder) -> Manifest:
    """The manifest of a run's folder. Raises UserError where it is missing or not one."""
    path = folder.path / FILE
    try:
        return Manifest.model_validate_json(folder.read(FILE, LARGEST))
    except FileNotFoundError:
        help = "name a folder that `taxon run` wrote"
        raise UserError(f"{folder.path} is not the folder of a run: it has no {FILE}", help) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "name a folder that `taxon run` wrote") from None
    except ValidationError as error:
        raise UserError(f"{path}: {first_of(error)}", "restore the file from a copy, or run again") from error


def _told(space: ObservationSpace) -> str:
    return layout_text(space.layout())


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _machine(device: "torch.device") -> Machine:
    import torch  # who reads a record has no need of it

    return Machine(
        system=platform.platform(),
        processor=platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        accelerator=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
    )


def _packages() -> dict[str, str]:
    return {package: version for package in PACKAGES if (version := _version(package))}


@cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
