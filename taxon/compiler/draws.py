"""The random numbers of one update: which fields a module's noise has, and their shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taxon.compiler.plan import Plan


@dataclass(frozen=True)
class Draws:
    """The standard normal draws of a plan."""

    plan: Plan

    @property
    def update(self) -> dict[str, tuple[str, ...]]:
        """Field -> shape after S."""
        p = self.plan
        fields: dict[str, tuple[str, ...]] = {}
        if p.head == "softmax":
            return fields
        if p.q and not p.phased and p.head != "mean":
            fields["next_action"] = self._shape(p.value_samples)
        if "SMOOTHING_STD" in p.constants and not p.phased:
            fields["smoothing"] = self._shape(p.value_samples)
        if p.fresh and not p.shared:
            fields["action"] = (str(p.samples), self._batch, "self.actions")
        if p.fragments["policy_loss"] == "objective" and p.head != "mean":
            fields["action"] = (self._batch, "self.actions")
        if p.baseline:
            fields["baseline"] = self._shape(p.baseline)
        if p.bound_samples:
            fields["bounds"] = (str(p.bound_samples), self._batch, "self.actions")
        return fields

    @property
    def _batch(self) -> str:
        if self.plan.whole:
            return "ENVIRONMENTS * STEPS"
        return "BATCH * LENGTH" if self.plan.windows else "BATCH"

    def _shape(self, samples: int) -> tuple[str, ...]:
        return (str(samples), self._batch, "self.actions") if samples > 1 else (self._batch, "self.actions")
