"""The spaces that run.json records: what gymnasium's own say, and nothing that a stranger could make of them."""

import re

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from pydantic import TypeAdapter, ValidationError

from taxon.runtime.environments.boxes import BoxActions
from taxon.runtime.environments.layouts import layout_of
from taxon.runtime.errors import UserError
from taxon.runtime.folder.describing import action_space, observation_space
from taxon.runtime.folder.spaces import ActionSpace, ObservationSpace, check_size
from taxon.runtime.policies.actions import actions_of
from taxon.runtime.policies.observations import rows

FLAT = spaces.Box(-1.0, 1.0, (3,), np.float32)
PICTURE = spaces.Box(0, 255, (4, 5, 3), np.uint8)
OBSERVED = [
    FLAT,
    spaces.Box(0.0, 1.0, (), np.float64),
    PICTURE,
    spaces.Discrete(4),
    spaces.Discrete(3, start=-1),
    spaces.MultiDiscrete([3, 2], start=[1, 5]),
    spaces.MultiDiscrete([[3, 2], [4, 1]]),
    spaces.MultiBinary((2, 3)),
    spaces.Dict({"speed": FLAT, "the eye": PICTURE, "pair": spaces.Tuple((FLAT, spaces.Discrete(2)))}),
    spaces.Tuple((spaces.MultiBinary(2), spaces.Dict({"a": FLAT}))),
]
TAKEN = [
    spaces.Box(-2.0, 2.0, (1,), np.float32),
    spaces.Box(np.array([-2.0, 0.1]), np.array([4.0, 1.0]), dtype=np.float64),
    spaces.Box(-1.0, 1.0, (2, 3), np.float16),
    spaces.Box(np.array([[0], [3]], np.uint8), np.array([[255], [7]], np.uint8), dtype=np.uint8),
    spaces.Box(-(2**63), -(2**63) + 9, (2,), np.int64),
    spaces.Box(2**64 - 9, 2**64 - 1, (1,), np.uint64),
]


def read_again(kind, space):
    adapter = TypeAdapter(kind)
    return adapter.validate_json(adapter.dump_json(space))


@pytest.mark.parametrize("space", OBSERVED, ids=str)
def test_a_recorded_observation_has_gymnasiums_layout_and_rows(space):
    recorded = observation_space(space)
    assert read_again(ObservationSpace, recorded) == recorded
    assert recorded.layout() == layout_of(space)
    space.seed(1)
    value = space.sample()
    row, several = rows(recorded, value)
    assert not several
    np.testing.assert_array_equal(row, spaces.flatten(space, value).astype(np.float32)[None])

    batched = batch_space(space, 5)
    batched.seed(2)
    batch = batched.sample()
    many, several = rows(recorded, batch)
    assert several
    for place in range(5):
        np.testing.assert_array_equal(many[place], spaces.flatten(space, one_of(batch, place)).astype(np.float32))


def one_of(batch, place):
    if isinstance(batch, dict):
        return {name: one_of(part, place) for name, part in batch.items()}
    return tuple(one_of(part, place) for part in batch) if isinstance(batch, tuple) else batch[place]


def test_a_space_of_another_kind_is_what_it_flattens_to():
    text = spaces.Text(7)
    recorded = observation_space(text)
    assert recorded.layout() == layout_of(text)
    row, _ = rows(recorded, spaces.flatten(text, "abc"))
    np.testing.assert_array_equal(row[0], spaces.flatten(text, "abc"))


def test_keys_that_are_no_texts_are_found():
    recorded = observation_space(spaces.Dict({2: FLAT, 1: spaces.Discrete(2)}))
    row, _ = rows(recorded, {2: [0.1, 0.2, 0.3], 1: 1})
    np.testing.assert_array_equal(row, np.float32([[0, 1, 0.1, 0.2, 0.3]]))


@pytest.mark.parametrize("space", TAKEN, ids=str)
def test_rows_are_rescaled_as_for_the_environment(space):
    recorded = action_space(space)
    assert read_again(ActionSpace, recorded) == recorded
    row = np.random.default_rng(0).uniform(-1.3, 1.3, (6, recorded.size)).astype(np.float32)
    row[0], row[1] = -1, 1
    actions, own = actions_of(recorded)(row), BoxActions("it", space)
    assert actions.dtype == space.dtype
    assert actions.shape == (6, *space.shape)
    for place in range(6):
        np.testing.assert_array_equal(actions[place], own(row[place]))
        assert space.contains(actions[place])
    np.testing.assert_array_equal(actions[:2], np.stack([space.low, space.high]))


def test_choices_count_from_the_spaces_start():
    space = spaces.Discrete(3, start=5)
    actions = actions_of(action_space(space))(np.float32([[0, 1, 0], [0, 0, 1]]))
    assert actions.tolist() == [6, 7]
    assert all(space.contains(action) for action in actions)


CAMERA = observation_space(spaces.Dict({"eye": PICTURE, "gear": spaces.Discrete(3, start=1)}))
EYE = np.zeros((4, 5, 3), np.uint8)


@pytest.mark.parametrize(
    ("space", "value", "said"),
    [
        (observation_space(FLAT), np.zeros(4), r"the observation has the shape \[4\].*give float32\[3\]"),
        (observation_space(FLAT), np.zeros((2, 2, 3)), r"shape \[2, 2, 3\]"),
        (observation_space(FLAT), [0.0, np.nan, 0.0], "not finite"),
        (observation_space(FLAT), [0.0, 1e39, 0.0], "not finite in float32"),
        (observation_space(FLAT), ["a", "b", "c"], "holds no numbers"),
        (observation_space(FLAT), [[1, 2], 3, 4], "no array"),
        (observation_space(FLAT), None, "holds no numbers"),
        (observation_space(spaces.Discrete(3, start=1)), 0, "none of its choices.*1 to 3"),
        (observation_space(spaces.Discrete(3, start=1)), 1.5, "none of its choices"),
        (observation_space(spaces.MultiDiscrete([3, 2])), [2, 2], "none of its choices.*0 to 1"),
        (CAMERA, EYE, "no dictionary"),
        (CAMERA, {"eye": EYE}, "a dictionary of eye"),
        (CAMERA, {"eye": EYE, "gear": np.array([1, 2])}, r"lead with different axes: \[\] and \[2\]"),
        (CAMERA, {"eye": EYE[0], "gear": 1}, r"the observation's eye has the shape \[5, 3\]"),
        (observation_space(spaces.Tuple((FLAT, FLAT))), np.zeros(3), "no tuple of 2"),
    ],
)
def test_what_is_no_observation_is_refused(space, value, said):
    with pytest.raises(UserError) as raised:
        rows(space, value)
    assert re.search(said, f"{raised.value.message} {raised.value.help}")


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "box", "shape": [3], "dtype": "object"}',
        '{"kind": "box", "shape": [-1], "dtype": "float32"}',
        '{"kind": "box", "shape": [0], "dtype": "float32"}',
        '{"kind": "box", "shape": [100000, 100000], "dtype": "float32"}',
        '{"kind": "choice", "n": 0, "start": 0, "dtype": "int64"}',
        '{"kind": "choice", "n": 100000000, "start": 0, "dtype": "int64"}',
        '{"kind": "choices", "shape": [2], "n": [3], "start": [0], "dtype": "int64"}',
        '{"kind": "named", "parts": {}}',
        '{"kind": "named", "parts": {"a": {"kind": "sphere"}}}',
        '{"kind": "box", "shape": [3], "dtype": "float32", "more": 1}',
    ],
)
def test_a_strangers_observation_is_bounded(text):
    with pytest.raises(ValueError, match=r".") as raised:
        check_size(TypeAdapter(ObservationSpace).validate_json(text))
    assert isinstance(raised.value, ValidationError) or "numbers" in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "box", "shape": [2], "dtype": "float32", "low": [0.0], "high": [1.0, 1.0, 1.0]}',
        '{"kind": "box", "shape": [0], "dtype": "float32", "low": [0.0], "high": [1.0]}',
        '{"kind": "box", "shape": [2], "dtype": "float32", "low": [], "high": [1.0]}',
        '{"kind": "box", "shape": [2], "dtype": "float32", "low": [-Infinity], "high": [1.0]}',
        '{"kind": "box", "shape": [9999, 9999], "dtype": "float32", "low": [0.0], "high": [1.0]}',
    ],
)
def test_a_strangers_action_is_bounded(text):
    with pytest.raises(ValidationError):
        TypeAdapter(ActionSpace).validate_json(text)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [([0], [300], "uint8"), ([-1e39], [1e39], "float32"), ([0], [2**63], "int64"), ([2], [1], "int64")],
)
def test_bounds_that_do_not_fit_the_type_are_refused(low, high, dtype):
    said = TypeAdapter(ActionSpace).validate_python(
        {"kind": "box", "shape": [1], "dtype": dtype, "low": low, "high": high}
    )
    with pytest.raises(UserError):
        actions_of(said)
