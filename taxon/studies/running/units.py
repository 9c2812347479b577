"""What a study runs, and what a run is known by.

A run's key leaves out its steps, since a longer one serves a shorter study, and what may change its speed or its last
bits but not its meaning: threads, device, versions.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from taxon.runtime.options import Precision


@dataclass(frozen=True)
class Settings:
    """How all runs of a study are made: part of their keys."""

    evaluate_every: int  # environment steps
    evaluation_episodes: int
    precision: Precision
    compiled: bool


@dataclass(frozen=True)
class Program:
    """A row that is trained."""

    name: str  # of the first of its cells, for people
    row: str  # its hash, and that of an edited module beside it
    text: str  # canonical, of which `taxon run` makes the same row
    module: str  # SHA-256 of the module that is emitted of it, or that was edited
    source: str | None = field(default=None, compare=False, repr=False)  # the text of an edited module

    @property
    def identity(self) -> str:
        """What the record of a run of it is known by."""
        return self.row if self.source is None else self.module


@dataclass(frozen=True)
class Place:
    """All that the key of a run has but the seed: the runs of a row in an environment, made in one way."""

    program: Program
    environment: str
    settings: Settings

    @property
    def identity(self) -> str:
        """What stays the same when another version of taxon emits another module of the row."""
        said = {"row": self.program.row, "environment": self.environment, **asdict(self.settings)}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:20]

    @property
    def key(self) -> str:
        """The name of its folder in the store."""
        return f"{self.identity}-{self.program.module[:12]}"


@dataclass(frozen=True)
class Unit:
    """One run of a study: a seed of a row in an environment, for so many steps at least."""

    place: Place
    seed: int
    steps: int

    @property
    def key(self) -> str:
        return f"{self.place.key}/{self.seed}"

    def __str__(self) -> str:
        """For people."""
        return f"{self.place.program.name} on {self.place.environment}, seed {self.seed}"
