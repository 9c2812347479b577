"""A trial: values that were proposed, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from taxon.semantics.tuning.model import Values
from taxon.studies.running.units import Unit
from taxon.studies.statistics.estimate import Estimate


class State(Enum):
    """What became of a trial."""

    OPEN = "open"
    """It is run, or still to be run."""
    DONE = "done"
    PRUNED = "pruned"
    """It was stopped for its intermediate evaluations."""
    FAILED = "failed"
    """A run of it failed, or it has no finite score."""
    REFUSED = "refused"
    """Its row means nothing."""
    STALE = "stale"
    """Another version of taxon emitted another module: neither run again unless that is asked for, nor compared."""


@dataclass(frozen=True)
class Trial:
    """A trial as it was found.

    score: in units of the tune's `scale` where it has several environments, else of the return; of a pruned trial its
    mean at the step `at`, where it was stopped. evaluations: by their number, from 1 on, the mean over seeds and
    environments of as much of it as counts. kept: what the pruner keeps of it for later trials. why: what failed or is
    refused, or what froze the first of its frozen seeds.
    """

    number: int
    values: Values
    state: State
    units: tuple[Unit, ...] = ()
    score: float | None = None
    estimate: Estimate | None = None
    frozen: int = 0  # seeds
    at: int | None = None
    evaluations: Mapping[int, float] = field(default_factory=dict)
    kept: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)
    why: str = ""

    @property
    def settled(self) -> bool:
        return self.state is not State.OPEN
