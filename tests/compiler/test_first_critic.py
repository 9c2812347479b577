"""`clipped_double(policy = first)`: the second critic bounds the target alone, and scores no action for the policy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import SMALL, build, loop_of, row_of, with_leaf

ROWS = {
    "drawn": ("mpo_onestep", "td(0, samples = 20) + clipped_double(policy = first)", "continuous"),
    "every": ("mpo_onestep", "td(0) + clipped_double(policy = first)", "discrete"),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_second_critic_does_not_move_the_policy(name: str, tmp_path: Path) -> None:
    spec, estimate, actions = ROWS[name]
    row = row_of(spec, *SMALL, f"G.estimate = {estimate}", actions=actions)
    loop = loop_of(build(row, tmp_path), (3, 4))
    seen = []
    (phase,) = loop.phases

    def update(state, batch, noise):
        target = state.critic.target
        moved = target.clone()
        moved[:, 1] += torch.randn(target[:, 1].shape, generator=torch.Generator().manual_seed(1))
        online = state.critic.params.clone()
        online[:, 1] += 0.1
        other = with_leaf(with_leaf(state, "critic.target", moved), "critic", online)
        seen.append([phase.update(given, batch, noise)[0].policy.params for given in (state, other)])
        return phase.update(state, batch, noise)

    loop.phases = (phase._replace(update=update),)
    while not seen:
        loop.step()
    for one, other in seen:
        assert torch.equal(one, other)
