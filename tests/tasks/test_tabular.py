import gymnasium
import numpy as np
import pytest
from tasks.episodes import play

import taxon.tasks  # noqa: F401
from taxon.tasks import chain, goal_grid, grid
from taxon.tasks.backward_induction import optimal_values


def test_backward_induction_by_hand():
    """Leave for 3 or stay for 1: staying is worth it while a step is left to leave in."""
    transition = np.array([[[1.0], [0.0]]])
    reward = np.array([[1.0, 3.0]])
    assert [optimal_values(transition, reward, steps)[0] for steps in range(4)] == [0.0, 3.0, 4.0, 5.0]


def test_the_chain_of_one_and_two_steps():
    assert [chain.optimal_return(state, 1) for state in (0, 1)] == [1.0, 2.0]
    assert [chain.optimal_return(state, 2) for state in (0, 1)] == pytest.approx(
        [1 + 0.2 * 1 + 0.8 * 2, 2 + 0.1 * 1 + 0.9 * 2]
    )


def test_the_chain_earns_17_ninths_a_step():
    assert chain.optimal_return(0, 301) - chain.optimal_return(0, 300) == pytest.approx(17 / 9)
    # less what the even start lacks: (8/9 - 1/2) of the 10/9 that state 1 is worth more
    assert chain.optimal_return() == pytest.approx(1700 / 9 - 35 / 81)


def test_the_greedy_policy_of_the_chain_reaches_the_optimum_on_average():
    environment = gymnasium.make("taxon/Chain-v0")
    returns, starts = [], set()
    for seed in range(300):
        starts.add(int(environment.reset(seed=seed)[0]))
        rewards, terminated, truncated = play(environment, lambda state: 1 - state, seed)
        assert (len(rewards), terminated, truncated) == (100, False, True)
        returns.append(sum(rewards))
    assert starts == {0, 1}
    assert abs(np.mean(returns) - chain.optimal_return()) < 4 * np.std(returns) / np.sqrt(300)
    assert np.std(returns) < 10


def test_the_chain_follows_its_tables():
    environment = chain.Chain()
    environment.reset(seed=0)
    counts, payments = np.zeros((2, 2, 2)), np.full((2, 2), np.nan)
    rng = np.random.default_rng(1)
    for action in rng.integers(2, size=8000):
        before = environment.state
        after, reward, *_ = environment.step(action)
        counts[before, action, after] += 1
        payments[before, action] = reward
    known = [[[0.9, 0.1], [0.2, 0.8]], [[0.1, 0.9], [0.7, 0.3]]]
    np.testing.assert_array_equal(chain.TRANSITION, known)
    np.testing.assert_allclose(counts / counts.sum(2, keepdims=True), known, atol=0.04)
    np.testing.assert_array_equal(payments, [[0.0, 1.0], [2.0, 0.0]])
    # how often the uniform policy is in either state
    np.testing.assert_allclose(counts.sum((1, 2)) / 8000, [8 / 17, 9 / 17], atol=0.03)


def test_the_shortest_way_through_the_grid():
    environment = gymnasium.make("taxon/Grid-v0")
    way = iter([1, 1, 1, 1, 3, 3, 3, 3])
    rewards, terminated, truncated = play(environment, lambda _: next(way), 0)
    assert rewards == [-0.02] * 7 + [1.0]
    assert (terminated, truncated) == (True, False)
    assert sum(rewards) == pytest.approx(grid.optimal_return()) == pytest.approx(0.86)


def test_the_optimum_of_other_cells_and_horizons():
    assert grid.optimal_return(19) == 1.0
    assert grid.optimal_return(18) == pytest.approx(0.98)
    assert grid.optimal_return(22) == pytest.approx(1 - 0.02 * 3)  # up, right, right, down
    assert grid.optimal_return(horizon=7) == pytest.approx(7 * -0.02)


def test_walls_and_borders_hold():
    assert [grid.successor(0, action) for action in range(4)] == [0, 1, 0, 5]
    assert [grid.successor(1, 3), grid.successor(5, 1)] == [1, 5]  # the wall at (1, 1)


def test_waiting_in_the_grid_is_truncated():
    rewards, terminated, truncated = play(gymnasium.make("taxon/Grid-v0"), lambda _: 0, 0)
    assert (len(rewards), terminated, truncated) == (30, False, True)
    assert sum(rewards) == pytest.approx(-0.6)


def test_the_goals_of_the_grid_are_three_corners_and_are_drawn_alike():
    environment = goal_grid.GoalGrid()
    counts = np.zeros(3)
    environment.reset(seed=0)
    for _ in range(3000):
        (cell, goal), _ = environment.reset()
        assert cell == grid.START
        counts[goal] += 1
    np.testing.assert_allclose(counts / 3000, 1 / 3, atol=0.03)
    assert goal_grid.GOALS == (4, 20, 24)


def test_the_shortest_ways_to_the_goals_are_the_optimum():
    ways = {0: [1] * 4, 1: [3] * 4, 2: [1] * 4 + [3] * 4}
    returns = {}
    for seed in range(30):
        environment = gymnasium.make("taxon/GoalGrid-v0")
        goal = int(environment.reset(seed=seed)[0][1])
        way = iter(ways[goal])
        rewards, terminated, truncated = play(environment, lambda _, way=way: next(way), seed)
        assert (terminated, truncated) == (True, False)
        assert rewards == [-0.02] * (len(ways[goal]) - 1) + [1.0]
        returns[goal] = sum(rewards)
    assert np.mean(list(returns.values())) == pytest.approx(goal_grid.optimal_return())
    assert goal_grid.optimal_return() == pytest.approx(1 - 0.02 * 13 / 3)


def test_another_goal_is_a_cell_like_all():
    environment = goal_grid.GoalGrid()
    environment.reset(seed=0)
    environment.goal = 2
    rewards = [environment.step(1)[1:3] for _ in range(4)]
    assert environment.cell == goal_grid.GOALS[0]
    assert rewards == [(-0.02, False)] * 4
