"""The numbers that the engine is held to: computed by hand, rliable, scipy or statsmodels, or printed in a paper."""

from __future__ import annotations

import numpy as np

from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.expectation import Above, Expectation
from taxon.studies.statistics.frozen import Cell
from taxon.studies.statistics.results import Claim

# A: seeds x environments
X = np.array([[0.1, 0.9], [0.2, 0.5], [0.3, 1.4], [0.8, 0.7], [0.4, 0.6]])
Y = np.array([[0.1, 0.5], [0.2, 0.5], [0.2, 0.6], [0.5, 0.6]])

# B: KL on, KL off, EM on, EM off
ROWS = ("kl_on", "kl_off", "em_on", "em_off")
SCORES = {
    "E1": ([12, 14, 13, 17], [6, 9, 5, 8], [10, 11, 9, 14], [9, 12, 10, 13]),
    "E2": ([30, 26, 28, 32], [31, 29, 33, 27], [20, 22, 19, 23], [20, 18, 21, 25]),
    "E3": ([5, 7, 6, 6], [1, 3, 2, 2], [4, 4, 5, 3], [2, 4, 3, 3]),
}
SCALE = {"E1": (0.0, 10.0), "E2": (0.0, 30.0), "E3": (0.0, 5.0)}

# E: Furuta et al. 2021, Table 2, mean and deviation of 10 seeds: SAC (D), SAC (S), MPO (D), MPO (S)
TABLE2 = {
    "Hopper-v4": ((3013, 602), (1601, 733), (2352, 959), (2136, 1047)),
    "Walker2d-v4": ((5820, 411), (1888, 922), (4471, 281), (3972, 849)),
    "HalfCheetah-v4": ((15254, 751), (15701, 630), (12028, 191), (11769, 321)),
    "Ant-v4": ((5532, 1266), (1163, 1326), (7179, 190), (6584, 455)),
    "Humanoid-v4": ((8081, 1149), (768, 215), (6858, 373), (5709, 1081)),
    "Swimmer-v4": ((114, 21), (143, 3), (69, 29), (70, 40)),
}
SCALE2 = {name: (0.0, float(cells[0][0])) for name, cells in TABLE2.items()}

KL = Comparison("kl_on", "kl_off", 1.0, "KL control")
EM = Comparison("em_on", "em_off", 1.0, "EM control")
BOTH = (KL, Comparison("em_on", "em_off", -1.0, "EM control"))


def columns(scores: np.ndarray) -> list[np.ndarray]:
    """Seeds x environments as an array an environment."""
    return [*scores.T]


def cells() -> dict[tuple[str, str], Cell]:
    return {(row, name): Cell(s) for name, rows in SCORES.items() for row, s in zip(ROWS, rows, strict=True)}


def table2() -> dict[tuple[str, str], Cell]:
    """Ten scores a cell with exactly the printed mean and deviation."""
    shape = np.linspace(-1, 1, 10)
    shape /= shape.std(ddof=1)
    return {
        (row, name): Cell(mean + deviation * shape)
        for name, printed in TABLE2.items()
        for row, (mean, deviation) in zip(ROWS, printed, strict=True)
    }


def effect(comparison: Comparison, expectation: Expectation | None = None, name: str = "effect") -> Claim:
    return Claim(name, (comparison,), expectation or Above(0.0))


def interaction(expectation: Expectation | None = None) -> Claim:
    return Claim("coadapted", BOTH, expectation or Above(0.0), "interaction")
