"""An observation that its space cannot hold is a fault, and no other numbers are made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from taxon.runtime.environments.observed import misfit

ROOM = spaces.Dict({"room": spaces.Discrete(3), "x": spaces.Box(-1, 1, (1,), np.float32)})
AT = np.zeros(1, np.float32)
PIXELS = spaces.Box(0, 255, (4,), np.uint8)
WRONG = [
    (ROOM, {"room": -1, "x": AT}, "observation['room'] is -1, which is not in Discrete(3)"),
    (ROOM, {"room": 1}, "observation has no 'x'"),
    (ROOM, AT, "observation is an array of float32 [1] and no dictionary"),
    (spaces.Tuple((spaces.MultiDiscrete([3, 3]),)), (np.array([0, -1]),), "observation[0] is an array of int64 [2]"),
    (spaces.Tuple((ROOM, PIXELS)), (1,), "observation is 1 values and no tuple of 2"),
    (spaces.Box(0, 10, (2,), np.int32), np.array([np.nan, 1.0]), "observation holds nan, and its space is of int32"),
    (PIXELS, np.array([0.1, 0.5, 0.9, 1.0]), "observation holds 0.1, and its space is of uint8"),
    (PIXELS, np.array([0, 256, 1, 2]), "observation holds 256, and its space is of uint8"),
    (spaces.Box(-1, 1, (1,), np.float32), np.array([1 + 1j]), "observation is an array of complex128 [1]"),
    (spaces.MultiBinary(2), np.array([0, 2]), "observation is an array of int64 [2], which is not in MultiBinary(2)"),
]
RIGHT = [
    (ROOM, {"room": np.int64(2), "x": AT, "more": 1}),
    (PIXELS, np.array([0.0, 255.0, 3.0, 1.0])),
    (spaces.Box(-1, 1, (2,), np.float32), [5, 1e9]),
    (spaces.Box(-1, 1, (1,), np.float32), np.array([np.nan])),  # told where it is flattened
    (spaces.Tuple((PIXELS, spaces.Discrete(2, start=3))), [np.zeros(4, np.uint8), 4]),
]


@pytest.mark.parametrize(("space", "observation", "said"), WRONG)
def test_what_does_not_fit(space: spaces.Space[Any], observation: Any, said: str) -> None:
    found = misfit(space, observation)
    assert found is not None
    assert found.startswith(said)


@pytest.mark.parametrize(("space", "observation"), RIGHT)
def test_what_fits(space: spaces.Space[Any], observation: Any) -> None:
    assert misfit(space, observation) is None
