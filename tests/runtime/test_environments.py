import os
from types import SimpleNamespace

import numpy as np
import pytest

from taxon.runtime.environments.environment import check_actions, make, spaces_of
from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.environments.recipe import Recipe

# Every task of Furuta et al. 2021, Table 12.
TABLE_12 = """
cartpole-balance cartpole-balance_sparse cartpole-swingup cartpole-swingup_sparse acrobot-swingup
acrobot-swingup_sparse ball_in_cup-catch finger-spin finger-turn_easy finger-turn_hard reacher-easy reacher-hard
cheetah-run hopper-stand hopper-hop walker-stand walker-walk walker-run fish-upright fish-swim
swimmer-swimmer6 swimmer-swimmer15 pendulum-swingup humanoid-stand humanoid-walk humanoid-run manipulator-bring_ball
point_mass-easy
"""


def test_actions_are_clipped_and_rescaled_to_the_box():
    environment = make(Recipe("known/Terminates-v0"), 0)
    assert (environment.observation, environment.action) == (2, 2)
    environment.reset()
    for action in ([-1.0, -1.0], [0.0, 0.5], [7.0, -7.0]):
        environment.step(np.array(action, dtype=np.float32))
    received = environment.raw.unwrapped.received
    np.testing.assert_allclose(received, [[-2.0, 0.0], [1.0, 0.75], [4.0, 0.0]])
    assert received[0].dtype == environment.raw.action_space.dtype


@pytest.mark.parametrize(
    ("id", "flags"),
    [
        ("known/Terminates-v0", (True, False)),
        ("known/Truncates-v0", (False, True)),
        ("known/TimeLimit-v0", (False, True)),
    ],
)
def test_the_last_step_carries_the_true_observation_and_flag(id, flags):
    environment = make(Recipe(id), 0)
    np.testing.assert_array_equal(environment.reset(), np.array([0.0, 0.5], dtype=np.float32))
    steps = [environment.step(np.zeros(2)) for _ in range(3)]
    assert [step[0].tolist() for step in steps] == [[1.0, 0.5], [2.0, 0.5], [3.0, 0.5]]
    assert [step[1] for step in steps] == [1.0, 2.0, 3.0]
    assert [step[2:] for step in steps] == [(False, False), (False, False), flags]
    assert steps[0][0].dtype == np.float32


def test_dictionaries_flatten_in_alphabetical_order():
    environment = make(Recipe("known/Dictionary-v0"), 0)
    assert environment.observation == 3
    assert environment.reset().tolist() == [1.0, 2.0, 7.0]


def test_a_discrete_row_acts_with_its_largest_entry():
    environment = make(Recipe("known/Discrete-v0"), 0)
    assert (environment.discrete, environment.observation, environment.action) == (True, 4, 3)
    assert environment.reset().tolist() == [1, 0, 0, 0]
    observations = [environment.step(np.array(row))[0].tolist() for row in ([1.0, 0, 0], [0, 0, 1.0], [-3.0, -1, -2])]
    assert observations == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert environment.raw.unwrapped.received == [5, 7, 6]


@pytest.mark.parametrize(
    ("id", "observation", "action"), [("CartPole-v1", 4, 2), ("Acrobot-v1", 6, 3), ("LunarLander-v3", 8, 4)]
)
def test_discrete_tasks(id, observation, action):
    environment = make(Recipe(id), 3)
    assert (environment.discrete, environment.observation, environment.action) == (True, observation, action)
    assert environment.reset().shape == (observation,)
    following, reward, terminated, truncated = environment.step(np.eye(action)[action - 1])
    assert following.shape == (observation,)
    assert isinstance(reward, float)
    assert not terminated
    assert not truncated


def test_kinds_of_action():
    assert [spaces_of(Recipe(id)) for id in ("CartPole-v1", "Pendulum-v1")] == [
        ("discrete", 2, 4),
        ("continuous", 1, 3),
    ]
    with pytest.raises(UnusableEnvironmentError, match="no environment Hoper-v4"):
        spaces_of(Recipe("Hoper-v4"))
    check_actions(make(Recipe("CartPole-v1"), 0), True)
    with pytest.raises(UnusableEnvironmentError, match="Pendulum-v1 has continuous actions, and the policy has disc"):
        check_actions(make(Recipe("Pendulum-v1"), 0), True)


def test_a_reset_with_a_seed_starts_alike_whenever_it_is_made():
    one, other = make(Recipe("known/Drawn-v0"), 1), make(Recipe("known/Drawn-v0"), 2)
    other.reset()
    assert one.reset(7).tolist() == other.reset(7).tolist()
    assert one.reset().tolist() == other.reset().tolist()
    assert one.reset().tolist() != one.reset().tolist()


def test_the_same_seed_starts_the_same_way_and_goes_on_differently():
    def starts(seed):
        environment = make(Recipe("Pendulum-v1"), seed)
        return [environment.reset().tolist() for _ in range(3)]

    assert starts(3) == starts(3)
    assert starts(3) != starts(4)
    assert len({tuple(start) for start in starts(3)}) == 3


@pytest.mark.parametrize(
    ("id", "message", "help"),
    [
        ("Hoper-v4", "no environment Hoper-v4", "Hopper-v4"),
        ("Hopper-v99", "no environment Hopper-v99", "Hopper-v"),
        ("dm_control/walker-wlk", "no environment dm_control/walker-wlk", "dm_control/walker-walk"),
        ("zzz/zzzzzzzzzz", "no environment", "gymnasium id"),
        ("known/Several-v0", "MultiDiscrete", "CartPole-v1"),
        ("taxon/no-such-task", "no environment taxon/no-such-task", "use a gymnasium id"),
        ("known/Unbounded-v0", "unbounded", "finite bounds"),
        ("dm_control/lqr-lqr_2_1", "unbounded", "finite bounds"),
    ],
)
def test_what_cannot_be_used_is_said(id, message, help):
    with pytest.raises(UnusableEnvironmentError) as caught:
        make(Recipe(id), 0)
    assert message in caught.value.message
    assert help in caught.value.help


def test_mujoco_is_quiet(tmp_path, monkeypatch, capfd, recwarn):
    monkeypatch.chdir(tmp_path)
    environment = make(Recipe("HalfCheetah-v4"), 0)
    environment.reset()
    environment.step(np.zeros(environment.action))
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")
    assert len(recwarn) == 0


@pytest.mark.parametrize(
    ("id", "observation", "action"),
    [("dm_control/walker-walk", 24, 6), ("dm_control/ball_in_cup-catch", 8, 2), ("dm_control/cartpole-balance", 5, 1)],
)
def test_control_suite_tasks(id, observation, action):
    environment = make(Recipe(id), 5)
    assert (environment.observation, environment.action) == (observation, action)
    start = environment.reset()
    assert start.dtype == np.float32
    assert start.shape == (observation,)
    np.testing.assert_array_equal(start, make(Recipe(id), 5).reset())
    following, reward, terminated, truncated = environment.step(np.ones(action))
    assert following.shape == (observation,)
    assert 0.0 <= reward <= 1.0
    assert not terminated
    assert not truncated


def test_the_control_suite_has_every_task_of_table_12():
    from taxon.runtime.environments import dm_control

    assert {f"dm_control/{name}" for name in TABLE_12.split()} <= set(dm_control.tasks())


def test_a_control_suite_episode_ends_by_its_time_limit():
    environment = make(Recipe("dm_control/cartpole-balance"), 0)
    environment.reset()
    ends = [environment.step(np.zeros(1))[2:] for _ in range(1000)]
    assert ends[:-1] == [(False, False)] * 999
    assert ends[-1] == (False, True)


@pytest.mark.parametrize(("discount", "flags"), [(0.0, (True, False)), (1.0, (False, True)), (0.9, (False, True))])
def test_a_control_suite_episode_is_terminated_only_by_a_discount_of_zero(discount, flags):
    from dm_env import StepType, TimeStep

    from taxon.runtime.environments import dm_control

    task = dm_control.Task("dm_control/cartpole-balance", 0)
    last = TimeStep(StepType.LAST, 0.5, discount, task.reset()[0])
    task.environment = SimpleNamespace(step=lambda action: last)
    assert task.step(np.zeros(1))[1:4] == (0.5, *flags)
