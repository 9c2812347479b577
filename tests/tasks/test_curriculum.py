import gymnasium
import pytest
from tasks.episodes import play

import taxon.tasks  # noqa: F401
from taxon.tasks.curriculum import Curriculum
from taxon.tasks.tapes import Copy


def perfect(observation):
    return 10 + 5 + int(observation[:6].argmax()) % 5  # right, write, the character


def wrong(observation):
    return 10 + 5 + (int(observation[:6].argmax()) + 1) % 5


def test_ten_good_episodes_promote():
    curriculum = Curriculum(2, 6)
    for _ in range(9):
        curriculum.record(1.0)
    assert (curriculum.lengths, len(curriculum.recent)) == ((2, 4), 9)
    curriculum.record(0.0)
    assert (curriculum.lengths, len(curriculum.recent)) == ((3, 5), 0)


def test_the_mean_of_the_last_ten_counts():
    curriculum = Curriculum(2, 6)
    for share in [1.0] * 9 + [-0.1] + [1.0] * 9:
        curriculum.record(share)
    assert curriculum.min_length == 2
    curriculum.record(1.0)
    assert curriculum.min_length == 3


def test_lengths_stop_growing_at_the_longest():
    curriculum = Curriculum(2, 4)
    seen = []
    for _ in range(40):
        curriculum.record(1.0)
        seen.append(curriculum.lengths)
    assert seen[-1] == (4, 4)
    assert set(seen) == {(2, 4), (3, 4), (4, 4)}


def lengths(environment: gymnasium.Env, episodes: int, policy) -> list[int]:
    found = []
    for episode in range(episodes):
        found.append(environment.reset(seed=episode)[1]["length"])
        play(environment, policy, episode)
    return found


def test_inputs_grow_with_mastery_and_reproducibly():
    def run():
        environment = gymnasium.make("taxon/Copy-v0", curriculum=True, max_length=12)
        return lengths(environment, 80, perfect), environment.unwrapped.curriculum.lengths

    found, level = run()
    assert (found, level) == run()
    assert level == (10, 12)
    assert max(found[:10]) <= 4
    assert min(found[70:]) >= 9


def test_failure_keeps_the_level():
    environment = Copy(curriculum=True)
    assert max(lengths(environment, 60, wrong)) <= 4
    assert environment.curriculum.lengths == (2, 4)


@pytest.mark.parametrize("shared", [True, False])
def test_copies_agree_on_their_input_if_they_share_the_level(shared):
    first, second = Copy(curriculum=True, max_length=30), Copy(curriculum=True, max_length=30)
    if shared:
        second.curriculum = first.curriculum
    lengths(first, 50, perfect)
    agree = [first.reset(seed=seed)[1] == second.reset(seed=seed)[1] for seed in range(5)]
    assert all(agree) if shared else not any(agree)
