"""A default policy that does not see the goal, after training: what Galashov et al. 2019 say that it converges to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import CPU, build

import taxon.tasks  # noqa: F401
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.loop.evaluation import Starts, evaluate
from taxon.runtime.loop.loop import Loop, streams
from taxon.semantics import load_spec
from taxon.tasks.goal_grid import GOALS, optimal_return
from taxon.tasks.grid import CELLS

STEPS = 12_000
SPEC = Path(__file__).parents[2] / "examples" / "iadp_maze.tx"
ENVIRONMENT = "taxon/GoalGrid-v0"


@pytest.mark.slow
def test_the_default_policy_is_the_average_over_goals_by_how_often_each_is_at_a_cell(tmp_path: Path) -> None:
    """min over pi_0 of E_replay[KL(pi || pi_0)] is at pi_0(a|cell) = E[pi(a|cell, goal) | cell], found by counting."""
    still = [f"optimizer.{who}.lr = linear(3e-3, 1e-5, over = {STEPS})" for who in ("policy", "prior")]
    small = [f"network.{who}.hidden = [64]" for who in ("policy", "value", "prior")]
    row = load_spec(str(SPEC), (*still, *small), ENVIRONMENT).row
    assert row is not None
    built, sources = build(row, tmp_path), streams([0], CPU, 1)
    worlds = [make(Recipe(ENVIRONMENT), number) for number in sources.environment]
    agent = built.Agent(worlds[0].layout, worlds[0].action)
    loop = Loop(agent, built.DATA, worlds, sources, STEPS, CPU)
    while loop.steps < STEPS:
        loop.step()

    found = evaluate(agent, loop.state, [make(Recipe(ENVIRONMENT), 1)], Starts([1]), 30, CPU)
    assert sum(found.returns[0]) / 30 > optimal_return() - 0.1

    seen = loop.source.episodes().observation  # [1, C, 28]
    taken = torch.softmax(agent.policy.apply(loop.state.policy.params, seen), -1)[0]
    cells = seen[0, :, : len(CELLS)]
    counts = cells.sum(0)
    visited = counts > 100
    average = (cells.mT @ taken)[visited] / counts[visited, None]
    default = torch.softmax(agent.prior.apply(loop.state.prior.params, torch.eye(len(CELLS)).unsqueeze(0)), -1)[0]
    assert visited.sum() > 10
    assert (default[visited] - average).abs().max() < 0.05

    # It is none of the policies that it averages: at the start, goals to the right and below pull apart.
    corner = torch.eye(len(CELLS))[:1].expand(len(GOALS), -1)
    observation = torch.cat([corner, torch.eye(len(GOALS))], -1)
    own = torch.softmax(agent.policy.apply(loop.state.policy.params, observation.unsqueeze(0)), -1)[0]
    assert (own - default[0]).abs().max() > 0.3
