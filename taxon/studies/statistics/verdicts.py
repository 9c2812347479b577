"""Multiplicity and verdicts: questions in, findings out.

Holm's correction goes over the declared claims and, within a claim, over environments. A claim that is read one
environment at a time has the smallest of its corrected p as its own; an environment's p is the larger of that within
the claim and that of its claim, so that no environment is confirmed whose claim is not. The aggregates are readings of
their own, each corrected over the claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taxon.studies.statistics.estimate import Estimate
from taxon.studies.statistics.expectation import Expectation, Verdict
from taxon.studies.statistics.holm import holm
from taxon.studies.statistics.results import Finding


@dataclass(frozen=True)
class Question:
    """Whether an estimate is as expected, in the same units; `earlier` is the finding at the look before."""

    estimate: Estimate
    expected: Expectation
    earlier: Finding | None = None

    @property
    def settled(self) -> Finding | None:
        """What an earlier look decided, which stays."""
        decided = self.earlier is not None and self.earlier.verdict is not None and self.earlier.verdict.decided
        return self.earlier if decided else None

    @property
    def p(self) -> float | None:
        """The p of the look that decided, or of this one."""
        return self.expected.p(self.estimate) if self.settled is None else self.settled.p

    @property
    def counted(self) -> float:
        """The p in a correction: a question without a test remains one of the questions."""
        return 1.0 if self.p is None else self.p

    def finding(self, adjusted: float, alpha: float) -> Finding:
        """The verdict at alpha, given p after the correction."""
        if self.settled is not None:
            return self.settled
        p = self.p
        if p is None:
            return Finding(self.estimate, alpha, self.expected, verdict=Verdict.UNDECIDED)
        if adjusted <= alpha:
            return Finding(self.estimate, alpha, self.expected, p, adjusted, self.expected.side(self.estimate))
        # at the level that the correction leaves to this question: p itself would not be below it
        needed = self.expected.needed(self.estimate, alpha * p / adjusted)
        return Finding(self.estimate, alpha, self.expected, p, adjusted, Verdict.UNDECIDED, needed)


def by_environment(claims: Sequence[Mapping[str, Question]], alpha: float) -> list[dict[str, Finding]]:
    """The findings of claims that are read one environment at a time."""
    within = [holm([question.counted for question in questions.values()]) for questions in claims]
    across = holm([min(adjusted) for adjusted in within])
    return [
        {
            name: question.finding(max(adjusted, claim), alpha)
            for (name, question), adjusted in zip(questions.items(), own, strict=True)
        }
        for questions, own, claim in zip(claims, within, across, strict=True)
    ]


def by_claim(claims: Sequence[Question], alpha: float) -> list[Finding]:
    """The findings of claims that are one question each."""
    adjusted = holm([question.counted for question in claims])
    return [question.finding(p, alpha) for question, p in zip(claims, adjusted, strict=True)]
