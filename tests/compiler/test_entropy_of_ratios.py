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


@pytest.mark.parametrize("head", HEADS)
def test_the_dual_reads_the_entropy_of_the_policy_and_not_of_the_one_that_acted(head: str, tmp_path: Path) -> None:
    """In closed form, or over the actions of the old policy weighed by their ratio."""
    descent = ("optimizer.dual = sgd(lr = 0.5)", "optimizer.clip = none")
    row = row_of("ppo", *ROUND, *ENTROPY, head, *descent, actions="continuous")
    built = build(row, tmp_path)
    loop = loop_of(built, (3, 4))
    read: list[tuple[torch.Tensor, torch.Tensor]] = []
    (update,) = (phase.update for phase in loop.phases if phase.name == "policy")

    def seen(state, batch, noise):
        moved = with_leaf(state, "policy", state.policy.params + 0.05)  # as after some steps of the round
        after, _ = update(moved, batch, noise)
        agent = loop.agent
        mean, std = agent.policy.apply(moved.policy.params, agent.normalise(moved, batch.observation))
        normal = torch.distributions.Normal(mean.double(), std.double())
        if "tanh" in head:
            taken = batch.action.double().clamp(-1 + 1e-6, 1 - 1e-6)
            before = torch.atanh(taken)
            likelihood = normal.log_prob(before).sum(-1)
            ratio = torch.exp(likelihood - batch.old_log_prob)
            entropy = -(ratio * (likelihood - torch.log(1 - taken.square()).sum(-1))).mean(-1)
        else:
            entropy = normal.entropy().sum(-1).mean(-1)
        step = (moved.log_eta.params - after.log_eta.params) / (0.5 * moved.log_eta.params.exp())
        read.append((step.squeeze(-1) + agent.target_entropy, entropy))
        return update(state, batch, noise)

    loop.phases = tuple(phase._replace(update=seen) if phase.name == "policy" else phase for phase in loop.phases)
    while not read:
        loop.step()
    for found, entropy in read:
        torch.testing.assert_close(found.double(), entropy, rtol=1e-4, atol=1e-4)
