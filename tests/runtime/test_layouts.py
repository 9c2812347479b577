"""Observations as trees: a flat row, read by the layout of its space, is what the environment showed."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from taxon.operators.observations import Array, flat_size, layout_text
from taxon.operators.unflatten import unflatten
from taxon.runtime.environments.layouts import layout_of

FLAT = spaces.Box(-1.0, 1.0, (3,), np.float32)
PICTURE = spaces.Box(0, 255, (4, 5, 3), np.uint8)
CASES = [
    (FLAT, "float32[3]"),
    (spaces.Box(0.0, 1.0, (), np.float64), "float64[]"),
    (PICTURE, "uint8[4, 5, 3]"),
    (spaces.Discrete(4), "int64[4]"),
    (spaces.MultiBinary((2, 3)), "int8[6]"),
    (
        spaces.Dict({"speed": FLAT, "the eye": PICTURE, "pair": spaces.Tuple((FLAT, spaces.Discrete(2)))}),
        "{pair: (float32[3], int64[2]), speed: float32[3], 'the eye': uint8[4, 5, 3]}",
    ),
]


def shown(space, value):
    """What a space's value is as a tree of arrays: choices are one-hot."""
    if isinstance(space, spaces.Dict):
        return {name: shown(part, value[name]) for name, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(shown(part, one) for part, one in zip(space.spaces, value, strict=True))
    if isinstance(space, spaces.Discrete):
        return np.eye(int(space.n))[value]
    return np.asarray(value).reshape(-1) if isinstance(space, spaces.MultiBinary) else np.asarray(value)


def assert_same(tree, value):
    if isinstance(value, np.ndarray):
        np.testing.assert_array_equal(tree, np.stack([np.stack([value] * 2)] * 3))
        return
    assert type(tree) is type(value)
    if isinstance(value, dict):
        assert list(tree) == list(value)
        tree, value = tuple(tree.values()), tuple(value.values())
    for one, other in zip(tree, value, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize(("space", "text"), CASES, ids=[text for _, text in CASES])
def test_a_row_is_read_as_the_environment_showed_it(space, text):
    space.seed(3)
    value, layout = space.sample(), layout_of(space)
    row = spaces.flatten(space, value)
    assert layout_text(layout) == text
    assert flat_size(layout) == len(row)
    rows = torch.tensor(row).expand(3, 2, -1)  # [S, N, O]
    assert_same(unflatten(rows, layout), shown(space, value))


def test_leaves_are_views():
    rows = torch.zeros(2, 1, 5)
    tree = unflatten(rows, {"a": Array((2, 2)), "b": (Array((1,)),)})
    tree["a"][0, 0, 1, 0] = 7.0
    tree["b"][0][1, 0, 0] = 8.0
    assert rows[0, 0, 2] == 7
    assert rows[1, 0, 4] == 8
