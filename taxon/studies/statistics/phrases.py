"""The parts of a sentence about a claim: an estimate, a verdict, an environment's name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from taxon.studies.statistics import numbers
from taxon.studies.statistics.agreement import COUNTED
from taxon.studies.statistics.expectation import Verdict
from taxon.studies.statistics.results import ClaimResult, Finding


def estimate(finding: Finding) -> str:
    """`+1412 [780, 2044]`, or why there is less than that."""
    if finding.value is None:
        return f"no estimate ({finding.reason})"
    if finding.interval is None:
        return f"{numbers.alone(finding.value)} (no interval: {finding.reason})"
    return numbers.estimate(finding.value, finding.interval)


def verdict(finding: Finding) -> str:
    """`confirmed (p = .034)`, `undecided (about 40 seeds would decide it)`, ...; empty for exploration.

    A verdict that depends on frozen seeds says what it is in each way of counting them.
    """
    match finding.verdict:
        case None:
            return ""
        case Verdict.DEPENDS:
            ways: dict[Verdict, list[str]] = {}
            for way, found in finding.by_treatment.items():
                ways.setdefault(found, []).append(COUNTED[way])
            clauses = [f"{found.value} where they {_either(counted)}" for found, counted in ways.items()]
            return f"{depends(finding)}: {', '.join(clauses)}"
        case Verdict.UNDECIDED if finding.reason is not None:
            return f"undecided ({finding.reason})"
        case Verdict.UNDECIDED if finding.needed is not None:
            return f"undecided (about {math.ceil(finding.needed)} seeds would decide it)"
        case Verdict.UNDECIDED:
            return "undecided"
        case decided:
            delta = f"{finding.expected.bound:g}" if finding.expected is not None else ""
            return f"{word(decided, delta)} ({numbers.probability(finding.adjusted or 0.0)})"


def word(kind: Verdict, delta: str) -> str:
    """A verdict without its numbers; `delta` is what an absent effect is within."""
    match kind:
        case Verdict.ABSENT:
            return f"absent within {delta}"
        case Verdict.DEPENDS:
            return "depending on how frozen seeds count"
        case _:
            return str(kind.value)


def depends(finding: Finding) -> str:
    """`depends on how 2 frozen seeds count`."""
    k = finding.frozen.k
    return f"depends on how {k} frozen seed{' counts' if k == 1 else 's count'}"


def _either(counted: list[str]) -> str:
    """`count as the floor or as their last evaluation`."""
    return " or ".join(counted).replace(" or count ", " or ")


def names(result: ClaimResult, environments: Iterable[str]) -> list[str]:
    """Environments without their versions, where that leaves them apart, and with a dagger where a seed froze."""
    short = {name: re.sub(r"-v\d+$", "", name) for name in result.environments}
    froze = {name for (_, name), count in result.frozen.items() if count.k}
    return [
        (short[name] if [*short.values()].count(short[name]) == 1 else name) + ("†" if name in froze else "")
        for name in environments
    ]
