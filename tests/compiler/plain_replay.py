"""DDPG, TD3, and MPO and SAC over finitely many actions once more, one seed at a time, in plain PyTorch."""

from __future__ import annotations

import torch
from plain import GAMMA, descend, fill, flat, follow, mlp, multiplier, parameter, q
from tiny import leaf_of
from torch import Tensor, nn
from torch.distributions import Categorical, kl_divergence

CHOICES = 3


class Deterministic:
    """Lillicrap et al. 2016, or with `twins` Fujimoto et al. 2018, whose policy waits for the critics."""

    SMOOTHING, NOISE_BOUND = 0.2, 0.5

    def __init__(self, state, seed: int, twins: bool) -> None:
        self.twins = twins
        self.policy, self.policy_old = (
            fill(mlp([3, 8, 6, 2], nn.ReLU).append(nn.Tanh()), row[seed])
            for row in (state.policy.params, state.policy.target)
        )
        self.critics, self.critics_old = (
            [fill(mlp([5, 9, 7, 1], nn.ReLU), row) for row in rows[seed]]
            for rows in (state.critic.params, state.critic.target)
        )
        assert len(self.critics) == 1 + twins
        self.optimiser = torch.optim.Adam(self.policy.parameters(), lr=1e-3)
        self.critic_optimisers = [torch.optim.Adam(net.parameters(), lr=1e-3) for net in self.critics]

    def update(self, batch, noise: Tensor | None, seed: int, both: bool) -> None:
        """The critics, and with `both` the policy and the lagged copies."""
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        with torch.no_grad():
            a_next = self.policy_old(s_next)
            if noise is not None:
                bounded = torch.clip(self.SMOOTHING * noise, -self.NOISE_BOUND, self.NOISE_BOUND)
                a_next = torch.clip(a_next + bounded, -1, 1)
            value = torch.stack([q(net, s_next, a_next) for net in self.critics_old]).min(0).values
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * value
        for net, optimiser in zip(self.critics, self.critic_optimisers, strict=True):
            descend(0.5 * (q(net, s, a) - y).square().mean(), (optimiser, net.parameters()))
        if both:
            descend(-q(self.critics[0], s, self.policy(s)).mean(), (self.optimiser, self.policy.parameters()))
            follow([self.policy_old, *self.critics_old], [self.policy, *self.critics])

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "policy.target": (flat(self.policy_old), state.policy.target[seed]),
            "critic": (torch.stack([flat(net) for net in self.critics]), state.critic.params[seed]),
            "critic.target": (torch.stack([flat(net) for net in self.critics_old]), state.critic.target[seed]),
        }


def of_choice(net: nn.Sequential, s: Tensor, one_hot: Tensor) -> Tensor:
    return net(s).gather(-1, one_hot.argmax(-1, keepdim=True)).squeeze(-1)


class MpoOfChoices:
    """Abdolmaleki et al. 2018b with all actions enumerated and one bound on KL(old || new), Hoffman et al. 2020."""

    CLIP, EVERY = 0.5, 2

    def __init__(self, state, seed: int) -> None:
        self.policy, self.policy_old = (
            fill(mlp([3, 8, 6, CHOICES], nn.ELU, True), row[seed]) for row in (state.policy.params, state.policy.target)
        )
        self.critic, self.critic_old = (
            fill(mlp([3, 9, 7, CHOICES], nn.ELU, True), row[seed, 0])
            for row in (state.critic.params, state.critic.target)
        )
        self.raw = {name: parameter(leaf_of(state, name)[seed]) for name in ("eta_raw", "alpha_raw")}
        self.optimiser = torch.optim.Adam(self.policy.parameters(), lr=1e-4)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=1e-4)
        self.dual_optimisers = [torch.optim.Adam([raw], lr=1e-2) for raw in self.raw.values()]
        self.updates = 0

    def update(self, batch, seed: int) -> None:
        self.updates += 1
        s, s_next = batch.observation[seed], batch.next_observation[seed]
        with torch.no_grad():
            prior, scores = Categorical(logits=self.policy_old(s_next)), self.critic_old(s_next)
            value = (prior.probs * scores).sum(-1)
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * value
        loss = 0.5 * (of_choice(self.critic, s, batch.action[seed]) - y).square().mean()
        descend(loss, (self.critic_optimiser, self.critic.parameters()), clip=self.CLIP)

        eta, alpha = (multiplier(raw) for raw in self.raw.values())
        tilted = prior.probs * (scores / eta.detach()).exp()
        weights = tilted / tilted.sum(-1, keepdim=True)
        new = Categorical(logits=self.policy(s_next))
        kl = kl_divergence(prior, new).mean()
        loss = -(weights * new.logits).sum(-1).mean() + alpha.detach().squeeze() * kl
        dual = eta * (0.1 + (prior.probs * (scores / eta).exp()).sum(-1).log().mean()) + alpha * (0.0025 - kl.detach())
        descend(loss, (self.optimiser, self.policy.parameters()), clip=self.CLIP)
        each = zip(self.dual_optimisers, ([raw] for raw in self.raw.values()), strict=True)
        descend(dual.squeeze(), *each, clip=self.CLIP)
        if self.updates % self.EVERY == 0:
            self.policy_old.load_state_dict(self.policy.state_dict())
            self.critic_old.load_state_dict(self.critic.state_dict())

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "policy.target": (flat(self.policy_old), state.policy.target[seed]),
            "critic": (flat(self.critic), state.critic.params[seed, 0]),
            "critic.target": (flat(self.critic_old), state.critic.target[seed, 0]),
        } | {name: (raw, leaf_of(state, name)[seed]) for name, raw in self.raw.items()}


class SacOfChoices:
    """Haarnoja et al. 2018b with every expectation over the actions a sum."""

    def __init__(self, state, seed: int, target: float) -> None:
        self.target = target  # entropy, in nats
        self.policy = fill(mlp([3, 8, 6, CHOICES], nn.ReLU), state.policy.params[seed])
        self.critics, self.critics_old = (
            [fill(mlp([3, 9, 7, CHOICES], nn.ReLU), row) for row in rows[seed]]
            for rows in (state.critic.params, state.critic.target)
        )
        self.log_eta = parameter(state.log_eta.params[seed])
        self.eta_optimiser = torch.optim.Adam([self.log_eta], lr=3e-4)
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=3e-4) for net in (self.policy, *self.critics)]

    def update(self, batch, seed: int) -> None:
        s, s_next = batch.observation[seed], batch.next_observation[seed]
        eta = self.log_eta.exp().detach()
        with torch.no_grad():
            pi = Categorical(logits=self.policy(s_next))
            least = torch.min(*[net(s_next) for net in self.critics_old])
            soft = (pi.probs * least).sum(-1) + eta * pi.entropy()
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * soft
        for net, optimiser in zip(self.critics, self.optimisers[1:], strict=True):
            loss = 0.5 * (of_choice(net, s, batch.action[seed]) - y).square().mean()
            descend(loss, (optimiser, net.parameters()))
        pi = Categorical(logits=self.policy(s))
        least = torch.min(*[net(s) for net in self.critics]).detach()
        loss = -((pi.probs * least).sum(-1) + eta * pi.entropy()).mean()
        dual = (self.log_eta.exp() * (pi.entropy().detach() - self.target)).mean()
        descend(loss, (self.optimisers[0], self.policy.parameters()))
        descend(dual, (self.eta_optimiser, [self.log_eta]))
        follow(self.critics_old, self.critics)

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "critic": (torch.stack([flat(net) for net in self.critics]), state.critic.params[seed]),
            "critic.target": (torch.stack([flat(net) for net in self.critics_old]), state.critic.target[seed]),
            "log_eta": (self.log_eta, state.log_eta.params[seed]),
        }
