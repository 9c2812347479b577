"""A study as data: what is run, and what is compared with what. Nothing here computes with returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taxon.taxonomy.schema import Row


@dataclass(frozen=True)
class Seeds:
    """How many seeds a cell has: `first`, and with `adaptive` more by `step` up to `most`."""

    first: int
    most: int
    step: int = 0

    @property
    def adaptive(self) -> bool:
        return self.step > 0

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of seeds at which the claims are looked at, the largest last."""
        between = range(self.first, self.most, self.step) if self.adaptive else ()
        return (*between, self.most)


@dataclass(frozen=True)
class Score:
    """What of a seed's evaluations counts: `final` of the last fraction of the steps, `auc` or `best`."""

    kind: str
    fraction: float = 1.0

    def __str__(self) -> str:
        return f"final({self.fraction:g})" if self.kind == "final" else self.kind


@dataclass(frozen=True)
class Factor:
    """What varies, by the name that claims use; `about` is its path, `base`, `with` or `ladder`."""

    name: str
    about: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A level of each factor in one environment. Where `left_out` says why, there is no row and nothing is run."""

    levels: tuple[str, ...]  # in the order of the factors
    name: str  # for people: `base = std.sac, double = + clipped_double`
    environment: str
    steps: int
    seeds: Seeds
    row: Row | None = field(repr=False)
    hash: str  # of the row, and of an edited module beside it; empty where it is left out
    lints: tuple[str, ...]  # the warnings about the row, allowed or not: what may go wrong with it, said beforehand
    left_out: str = ""
    edited: str = ""  # the SHA-256 of the module that is trained in place of what is emitted of the row


@dataclass(frozen=True)
class Run:
    """What is trained: a row in an environment. Cells with equal rows share it."""

    hash: str
    environment: str
    steps: int
    seeds: Seeds
    row: Row = field(compare=False, repr=False)
    cells: tuple[str, ...]  # by their names
    lints: tuple[str, ...]
    edited: str = ""  # as of its cells


@dataclass(frozen=True)
class Difference:
    """One row less another in an environment, and the weight of that in a contrast."""

    given: str  # what both have in common: `base = std.sac`, or an order of a ladder
    weight: float
    high: str  # the hash of a row
    low: str


Differences = Mapping[str, tuple[Difference, ...]]  # by environment


def contrast(differences: tuple[Difference, ...]) -> dict[str, float]:
    """The weight of each row, by its hash; a row whose weights cancel is left out. The weights sum to zero."""
    weights: dict[str, float] = {}
    for each in differences:
        weights[each.high] = weights.get(each.high, 0.0) + each.weight
        weights[each.low] = weights.get(each.low, 0.0) - each.weight
    return {row: weight for row, weight in weights.items() if abs(weight) > 1e-12}


@dataclass(frozen=True)
class Claim:
    """A contrast that is claimed to be above, below or within a margin, declared before anything is run."""

    name: str
    sentence: str  # the doc comment; empty where there is none
    text: str  # `effect(double, base = std.sac, above = 0)`
    kind: str  # a choice of `vocabulary.CLAIMS`
    relation: str  # "above", "below" or "within"
    margin: float
    differences: Differences

    def contrasts(self) -> dict[str, dict[str, float]]:
        """By environment the weight of each row, by its hash."""
        return {environment: contrast(parts) for environment, parts in self.differences.items()}


@dataclass(frozen=True)
class Rung:
    """A step of a ladder: choices that move together, and what that changes in each order that was sampled."""

    name: str
    choices: tuple[str, ...]
    differences: Differences


@dataclass(frozen=True)
class Study:
    """A study that means something, resolved."""

    name: str
    doc: str
    factors: tuple[Factor, ...]
    environments: tuple[str, ...]
    score: Score
    failure: str  # "floor", "last" or "exclude"
    scale: Mapping[str, tuple[float, float]]  # by environment, the returns that are 0 and 1; empty where none is said
    cells: tuple[Cell, ...]
    claims: tuple[Claim, ...]
    rungs: tuple[Rung, ...] = ()  # of a ladder, in the order of its first walk

    @property
    def runs(self) -> tuple[Run, ...]:
        """What is trained, in the order of the cells."""
        found: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.cells:
            if not cell.left_out:
                found.setdefault((cell.hash, cell.environment), []).append(cell)
        return tuple(
            Run(row, env, one.steps, one.seeds, _row(one), tuple(cell.name for cell in cells), one.lints, one.edited)
            for (row, env), cells in found.items()
            for one in cells[:1]
        )


def _row(cell: Cell) -> Row:
    assert cell.row is not None  # of a cell that is not left out
    return cell.row
