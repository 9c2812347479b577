"""The events of a run, and the callbacks that they are given to.

A run's own log, pictures and screen are listeners of these events, and so is what a user writes. Events are values: a
callback that keeps or changes one changes nothing of the run, whose numbers are the same with callbacks and without.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, Protocol, runtime_checkable

Status = Literal["running", "finished", "reached", "stopped", "interrupted", "frozen", "failed"]
Line = Mapping[str, Any]  # one object of metrics.jsonl


@dataclass(frozen=True)
class Began:
    """The run begins, or goes on from a checkpoint."""

    folder: Path
    name: str  # of the spec
    row: str | None  # the hash of the resolved row; None of an edited module whose spec was not named
    environment: str
    seeds: tuple[int, ...]
    steps: int  # environment steps of every seed that are asked for
    step: int  # how many of them are made
    resumed: bool


@dataclass(frozen=True)
class Logged:
    """Lines that metrics.jsonl now ends with: episodes, means of the metrics, evaluations, seeds that were frozen."""

    step: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Evaluated:
    """An evaluation after `step` steps: the undiscounted returns, and lengths, of each seed that is not frozen.

    There is one seed at least.
    """

    step: int
    returns: Mapping[int, tuple[float, ...]]
    lengths: Mapping[int, tuple[int, ...]]

    @property
    def means(self) -> dict[int, float]:
        """Each seed's mean return."""
        return {seed: fmean(returns) for seed, returns in self.returns.items()}


@dataclass(frozen=True)
class Saved:
    """A checkpoint was written, and the one before removed."""

    step: int


@dataclass(frozen=True)
class Ended:
    """The run is over and its folder whole; the last event, but for a process that is killed."""

    step: int
    status: Status
    reason: str | None  # why it was stopped or failed
    frozen: Mapping[int, int]  # seed -> the step at which it was frozen


Event = Began | Logged | Evaluated | Saved | Ended


@dataclass(frozen=True)
class Halt:
    """What a callback returns to end the run: cleanly, after the present step, with a checkpoint and this reason."""

    reason: str


@runtime_checkable
class Callback(Protocol):
    """What a run calls at its events; a subclass has those that it has a use for.

    Each may return a Halt. What one raises ends the run: it is saved first, and the error names the callback and place.
    """

    def began(self, event: Began) -> Halt | None:
        """Before the first step, and before the evaluation of the untrained policy."""
        return None

    def logged(self, event: Logged) -> Halt | None:
        """Every 1,000 steps or so, and at every evaluation."""
        return None

    def evaluated(self, event: Evaluated) -> Halt | None:
        """After the lines of the evaluation were logged."""
        return None

    def saved(self, event: Saved) -> Halt | None:
        """After every checkpoint."""
        return None

    def ended(self, event: Ended) -> Halt | None:
        """At the end, whatever it was; a Halt changes nothing any more."""
        return None


def deliver(event: Event, callback: Callback) -> Halt | None:
    """Call what a callback has for an event."""
    match event:
        case Began():
            return callback.began(event)
        case Logged():
            return callback.logged(event)
        case Evaluated():
            return callback.evaluated(event)
        case Saved():
            return callback.saved(event)
        case Ended():
            return callback.ended(event)
