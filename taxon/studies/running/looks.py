"""Which units a study asks for: of an adaptive one more at each look, until its claims are decided.

What is asked for follows from the results alone, so every process that looks at a study finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from taxon.runtime.errors import UserError
from taxon.studies.running import evidence
from taxon.studies.running.plan import Plan
from taxon.studies.running.results import Result
from taxon.studies.running.store import Found, State
from taxon.studies.running.units import Unit
from taxon.studies.statistics.comparison import Row
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.frozen import Treatment
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.looks import unfinished
from taxon.studies.statistics.results import ClaimResult

ALPHA = 0.05  # of all looks together

OPEN = (State.MISSING, State.UNFINISHED, State.STALE)  # what a look waits for


@dataclass
class Looks:
    """A study's looks so far. read: the results of units. floors: the random policies' returns that were measured."""

    plan: Plan
    read: Callable[[Mapping[Unit, Found]], Mapping[Unit, Result]]
    floors: Callable[[], Mapping[str, float]]
    look: int = 0
    units: list[Unit] = field(default_factory=list)
    earlier: list[ClaimResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        study = self.plan.study
        self.seeds: dict[tuple[Row, str], tuple[int, ...]] = {
            (run.hash, run.environment): run.seeds.looks for run in study.runs
        }
        self.count = max((len(looks) for looks in self.seeds.values()), default=1)
        self.asked = {where: looks[0] for where, looks in self.seeds.items()}
        self._gather()

    def more(self, found: Mapping[Unit, Found]) -> list[Unit]:
        """The units that are asked for, as far as those that were found decide it, in the order in which they are run.

        Raises UserError where claims cannot be judged.
        """
        while self.look + 1 < self.count and self._settled(found):
            self._judge(found)
        return self.units

    def _settled(self, found: Mapping[Unit, Found]) -> bool:
        """Whether this look's runs are over: what failed stays out of it."""
        if any(unit not in found or found[unit].state in OPEN for unit in self.units):
            return False
        frozen = {unit.place.environment for unit, each in found.items() if each.state is State.FROZEN}
        return frozen <= self.floors().keys()

    def _judge(self, found: Mapping[Unit, Found]) -> None:
        study = self.plan.study
        claims = evidence.claims(study)
        cells = evidence.cells(self.read({unit: found[unit] for unit in self.units}), self.floors())
        failure, alpha = Treatment(study.failure), ALPHA / self.count
        try:
            self.earlier = judge(
                claims, cells, study.environments, dict(study.scale) or None, failure, alpha, self.earlier
            )
        except StatisticsError as error:
            raise UserError(
                f"the claims cannot be judged: {error}", "mend the study, or give it a number of seeds"
            ) from None
        self.look += 1
        for where in unfinished(self.earlier):
            looks = self.seeds[where]
            self.asked[where] = looks[min(self.look, len(looks) - 1)]
        self._gather()

    def _gather(self) -> None:
        self.units = [
            unit for unit in self.plan.units() if unit.seed < self.asked[unit.place.program.row, unit.place.environment]
        ]
