"""The head, its rewards and its time; the target of every rule; and policies that reach the maximum."""

from collections.abc import Callable

import gymnasium
import numpy as np
import pytest
from tasks.episodes import play

import taxon.tasks  # noqa: F401
from taxon.tasks.addition import ReversedAddition
from taxon.tasks.reading_head import ReadingHead
from taxon.tasks.tapes import Copy, DuplicatedInput, RepeatCopy, Reverse

LEFT, RIGHT, UP, DOWN = 0, 1, 2, 3


def started(environment: ReadingHead, text: list[list[int]], target: list[int]) -> ReadingHead:
    """A fresh episode whose input is given instead of drawn."""
    environment.draw = lambda length: (np.array(text), np.array(target))  # type: ignore[method-assign]
    environment.reset(seed=0)
    return environment


def seen(environment: ReadingHead, observation: np.ndarray) -> tuple[int, tuple[int, int, int] | None]:
    """The character under the head and the previous action (direction, write, character), from an observation."""
    count = environment.base + 1
    assert observation[:count].sum() == 1.0
    previous = observation[count:]
    assert previous.sum() in (0.0, 1.0)
    return int(observation[:count].argmax()), environment.decode(int(previous.argmax())) if previous.any() else None


# Policies without memory: the character (`blank` = base) and the previous action to an action.


def copy(character, previous, blank):
    return RIGHT, 1, character


def duplicated_input(character, previous, blank):
    second = previous is not None and previous[1] == 1
    return RIGHT, 0 if second else 1, character


def repeat_copy(character, previous, blank):
    direction = RIGHT if previous is None else previous[0]
    if character == blank:
        return RIGHT + LEFT - direction, 0, 0
    return direction, 1, character


def reverse(character, previous, blank):
    if character == blank:
        return LEFT, 0, 0
    back = previous is not None and previous[0] == LEFT
    return (LEFT, 1, character) if back else (RIGHT, 0, 0)


def memoryless(environment: ReadingHead, rule: Callable) -> Callable:
    def policy(observation):
        character, previous = seen(environment, observation)
        direction, write, letter = rule(character, previous, environment.base)
        return environment.encode(direction, write, letter % environment.base)

    return policy


SOLVED = [
    (Copy, copy, 1),
    (DuplicatedInput, duplicated_input, 1),
    (RepeatCopy, repeat_copy, 3),
    (Reverse, reverse, 1),
]


@pytest.mark.parametrize(("task", "rule", "passes"), SOLVED)
@pytest.mark.parametrize("base", [2, 5])
def test_a_policy_without_memory_reaches_the_maximum(task, rule, passes, base):
    environment = task(base=base, min_length=1, max_length=30)
    policy, lengths = memoryless(environment, rule), set()
    for seed in range(100):
        length = environment.reset(seed=seed)[1]["length"]
        rewards, terminated, truncated = play(environment, policy, seed)
        assert sum(rewards) == passes * length == environment.reset(seed=seed)[1]["optimal_return"]
        assert (terminated, truncated) == (True, False)
        lengths.add(length)
    assert min(lengths) <= 2
    assert max(lengths) >= 28


@pytest.mark.parametrize(
    ("task", "rule"), [(DuplicatedInput, duplicated_input), (RepeatCopy, repeat_copy), (Reverse, reverse)]
)
def test_the_previous_action_is_needed(task, rule):
    """The same character asks for different actions in one optimal episode."""
    environment = task(min_length=4, max_length=4)
    policy, asked = memoryless(environment, rule), {}
    observation, _ = environment.reset(seed=0)
    terminated = False
    while not terminated:
        action = policy(observation)
        asked.setdefault(seen(environment, observation)[0], set()).add(environment.decode(action)[:2])
        observation, _, terminated, _, _ = environment.step(action)
    assert any(len(actions) > 1 for actions in asked.values())


def adder(environment: ReversedAddition, remembers: bool) -> Callable:
    """Reads column after column, down and up in turn; without memory it takes every carry for zero."""
    state = {"row": 0, "sum": 0, "read": 0, "down": True}

    def policy(observation):
        character, _ = seen(environment, observation)
        state["read"] += 1
        if character == environment.base:
            return environment.encode(RIGHT, 1, state["sum"] % environment.base)
        state["sum"] += character
        if state["read"] < environment.rows:
            return environment.encode(DOWN if state["down"] else UP, 0, 0)
        carry, digit = divmod(state["sum"], environment.base)
        state.update(sum=carry if remembers else 0, read=0, down=not state["down"])
        return environment.encode(RIGHT, 1, digit)

    return policy


@pytest.mark.parametrize(("base", "rows"), [(3, 2), (3, 3), (10, 4)])
def test_addition_with_a_remembered_carry_reaches_the_maximum(base, rows):
    environment = ReversedAddition(base=base, rows=rows, min_length=1, max_length=20)
    carried = 0
    for seed in range(100):
        info = environment.reset(seed=seed)[1]
        rewards, terminated, _ = play(environment, adder(environment, True), seed)
        assert sum(rewards) == info["optimal_return"]
        assert terminated
        carried += info["optimal_return"] == info["length"] + 1
    assert 10 < carried < 95


def test_addition_asks_for_different_digits_at_equal_sights():
    """Two sums whose head sees the same column, after the same previous action, and must write different digits."""

    def before_the_second_digit(text, target):
        environment = started(ReversedAddition(min_length=2, max_length=2), text, target)
        for action in ((DOWN, 0, text[0][0]), (RIGHT, 1, target[0])):
            observation, *_ = environment.step(environment.encode(*action))
        ahead = [observation.tolist()]
        observation, *_ = environment.step(environment.encode(UP, 0, text[1][1]))
        return ahead, observation.tolist(), target[1]

    without = before_the_second_digit([[0, 1], [1, 1]], [1, 2])
    carried = before_the_second_digit([[2, 1], [2, 1]], [1, 0, 1])
    assert without[:2] == carried[:2]
    assert without[2] != carried[2]


def test_addition_forgetting_the_carry_fails():
    environment = ReversedAddition(min_length=6, max_length=6)
    ends = [play(environment, adder(environment, False), seed)[0][-1] for seed in range(50)]
    assert ends.count(-0.5) > 25


@pytest.mark.parametrize("rows", [2, 3])
def test_the_target_of_an_addition_is_the_sum(rows):
    environment = ReversedAddition(base=3, rows=rows, min_length=1, max_length=12)

    def number(digits):
        return sum(int(digit) * 3**place for place, digit in enumerate(digits))

    for seed in range(50):
        environment.reset(seed=seed)
        assert number(environment.target) == sum(number(row) for row in environment.grid)
        assert len(environment.target) == environment.grid.shape[1] or environment.target[-1] > 0


def test_the_target_of_every_tape():
    def drawn(task):
        environment = task(base=5, min_length=3, max_length=3)
        environment.reset(seed=1)
        return environment.grid.tolist(), environment.target.tolist()

    ((a, b, c),), target = drawn(Copy)
    assert len({a, b, c}) > 1
    assert target == [a, b, c]
    assert drawn(DuplicatedInput) == ([[a, a, b, b, c, c]], [a, b, c])
    assert drawn(RepeatCopy) == ([[a, b, c]], [a, b, c, c, b, a, a, b, c])
    assert drawn(Reverse) == ([[a, b, c]], [c, b, a])


def test_actions_are_direction_write_character():
    environment = ReversedAddition(base=3)
    codes = [environment.encode(d, w, c) for d in range(4) for w in range(2) for c in range(3)]
    assert codes == list(range(24))
    assert [environment.decode(code) for code in (0, 5, 6, 23)] == [(0, 0, 0), (0, 1, 2), (1, 0, 0), (3, 1, 2)]


def test_the_observation_shows_the_character_and_the_previous_action():
    environment = started(Copy(base=2), [[1, 0]], [1, 0])
    observation, _ = environment.reset()
    assert observation.tolist() == [0, 1, 0] + [0] * 8
    observation, reward, *flags, _ = environment.step(environment.encode(RIGHT, 1, 1))
    assert observation.tolist() == [1, 0, 0, *[0, 0, 0, 0, 0, 0, 0, 1]]
    assert (reward, flags) == (1.0, [False, False])
    observation, reward, *_ = environment.step(environment.encode(RIGHT, 0, 0))
    assert observation.tolist() == [0, 0, 1, *[0, 0, 0, 0, 1, 0, 0, 0]]
    assert reward == 0.0


def test_a_wrong_character_ends_the_episode():
    environment = started(Copy(), [[1, 0, 4]], [1, 0, 4])
    rewards, terminated, truncated = play(environment, lambda _: environment.encode(RIGHT, 1, 1), 0)
    assert (rewards, terminated, truncated) == ([1.0, -0.5], True, False)


@pytest.mark.parametrize(
    ("task", "steps"),
    [
        (Copy, 3 + 3 + 4),
        (DuplicatedInput, 6 + 3 + 4),
        (RepeatCopy, 3 + 9 + 4),
        (Reverse, 3 + 3 + 4),
        (ReversedAddition, 6 + 4),
    ],
)
def test_waiting_runs_out_of_time(task, steps):
    environment = task(min_length=3, max_length=3)
    rewards, terminated, truncated = play(environment, lambda _: environment.encode(RIGHT, 0, 0), 0)
    assert rewards == [0.0] * (steps - 1) + [-1.0]
    assert (terminated, truncated) == (True, False)


@pytest.mark.parametrize(("last", "reward"), [([1, 1], 1.0), ([1, 0], -0.5), ([0, 1], -1.0)])
def test_the_last_step_may_still_complete_the_target(last, reward):
    environment = started(Copy(), [[1]], [1])
    for _ in range(5):
        assert environment.step(environment.encode(RIGHT, 0, 0))[1:4] == (0.0, False, False)
    assert environment.step(environment.encode(RIGHT, *last))[1:4] == (reward, True, False)


def test_a_correct_character_too_late_is_punished():
    environment = started(Copy(), [[1, 1]], [1, 1])
    for _ in range(7):
        environment.step(environment.encode(RIGHT, 0, 0))
    assert environment.step(environment.encode(RIGHT, 1, 1))[1:4] == (-1.0, True, False)


@pytest.mark.parametrize("task", [Copy, DuplicatedInput, RepeatCopy, Reverse, ReversedAddition])
def test_copies_with_one_seed_have_one_input(task):
    """Whatever they did before."""
    first, second = task(), task()
    for seed in range(20):
        first.reset(seed=100 + seed)
        first.step(0)
        first.reset()
        first.reset(seed=seed)
        second.reset(seed=seed)
        np.testing.assert_array_equal(first.grid, second.grid)
        np.testing.assert_array_equal(first.target, second.target)


def test_lengths_fill_their_range():
    environment = Copy(min_length=3, max_length=5)
    assert {environment.reset(seed=seed)[1]["length"] for seed in range(60)} == {3, 4, 5}


@pytest.mark.parametrize(
    "settings", [{"base": 1}, {"min_length": 0}, {"min_length": 4, "max_length": 3}, {"rows": 1}, {"rows": 4}]
)
def test_impossible_settings(settings):
    with pytest.raises(ValueError, match=r"base|lengths|rows"):
        gymnasium.make("taxon/ReversedAddition-v0", **settings)
