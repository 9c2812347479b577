"""A trained temperature beside importance ratios weighs each seed's entropy by its own number."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import build, loop_of, row_of, with_leaf

ROUND = (
    "network.hidden = [8, 6]",
    "data.batch = 8",
    "data.policy_epochs = 1",
    "data.environments = 4",
    "data.steps = 6",
)
ENTROPY = ("pi_p = fixed", "pi_p.update = fixed", "pi_q.update = sg", "G = A[pi_q]", "eta = entropy(target = -1)")
HEADS = ("pi_theta = normal(mean(s), cov(s))", "pi_theta = tanh(normal(mean(s), cov(s)))")


@pytest.mark.parametrize("head", HEADS)
def test_seeds_do_not_share_their_temperatures(head: str, tmp_path: Path) -> None:
    built = build(row_of("ppo", *ROUND, *ENTROPY, head, actions="continuous"), tmp_path)
    loop = loop_of(built, (3, 4))
    losses: list[torch.Tensor] = []
    (update,) = (phase.update for phase in loop.phases if phase.name == "policy")

    def seen(state, batch, noise):
        other = with_leaf(state, "log_eta", state.log_eta.params + torch.tensor([[0.0], [3.0]]))
        for given in (state, other):
            losses.append(update(given, batch, noise)[1]["policy_loss"])
        return update(state, batch, noise)

    loop.phases = tuple(phase._replace(update=seen) if phase.name == "policy" else phase for phase in loop.phases)
    while not losses:
        loop.step()
    assert losses[0].shape == (2,)
    assert losses[0][0] == losses[1][0]
    assert losses[0][1] != losses[1][1]
