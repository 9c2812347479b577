"""MPO's relatives once more, one seed at a time, in plain PyTorch: RERPI, parallel workers, finitely many actions."""

from __future__ import annotations

import math

import torch
from plain import GAMMA, A, Mpo, descend, fill, mlp, multiplier, outside, parameter, q, temperature_loss
from plain_replay import MpoOfChoices, of_choice
from tiny import leaf_of
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from torch.nn.functional import softplus


class Relative(Mpo):
    """Networks, copies and multipliers as MPO has them, with as many outputs of the policy and rates of one's own."""

    LR, NAMES, OUTPUTS = 3e-4, ("alpha_mean_raw", "alpha_cov_raw"), 2 * A

    def __init__(self, state, seed: int) -> None:
        self.policy, self.policy_old = (
            fill(mlp([3, 8, 6, self.OUTPUTS], nn.ELU, True), row[seed])
            for row in (state.policy.params, state.policy.target)
        )
        self.critic, self.critic_old = (
            fill(mlp([3 + A, 9, 7, 1], nn.ELU, True), row[seed, 0])
            for row in (state.critic.params, state.critic.target)
        )
        self.raw = {name: parameter(leaf_of(state, name)[seed]) for name in self.NAMES}
        self.policy_optimiser = torch.optim.Adam(self.policy.parameters(), lr=self.LR)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=self.LR)
        self.dual_optimisers = [torch.optim.Adam([raw], lr=1e-2) for raw in self.raw.values()]
        self.updates = 0

    def copy(self) -> None:
        self.updates += 1
        if self.updates % self.EVERY == 0:
            self.policy_old.load_state_dict(self.policy.state_dict())
            self.critic_old.load_state_dict(self.critic.state_dict())


class Rerpi(Relative):
    """Abdolmaleki et al. 2018a: a temperature that solves its dual, mean and covariance fitted and bounded apart."""

    EPSILON, BOUNDS = 0.1, {"alpha_mean_raw": 5e-4, "alpha_cov_raw": 1e-5}

    @staticmethod
    def pi(net: nn.Sequential, s: Tensor) -> Normal:
        mean, raw = net(s).chunk(2, -1)
        return Normal(mean.tanh(), softplus(raw) * 0.5 / math.log(2) + 1e-6)

    def temperature(self, scores: Tensor) -> Tensor:
        """Where KL(w || uniform), on average over the states, is the bound: it falls as the temperature rises."""
        low, high = torch.tensor(1e-6).double(), torch.tensor(1e6).double()
        for _ in range(200):
            eta = (low * high).sqrt()
            log_w = torch.log_softmax(scores / eta, 0)
            kl = (log_w.exp() * log_w).sum(0).mean() + math.log(len(scores))
            low, high = (eta, high) if kl > self.EPSILON else (low, eta)
        return eta

    def update(self, batch, noise, seed: int) -> None:
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        with torch.no_grad():
            old = self.pi(self.policy_old, s_next)
            drawn = old.loc + old.scale * noise.next_action[seed]  # [M, B, A]
            scores = q(self.critic_old, s_next, drawn)
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * scores.mean(0)
            weights = torch.softmax(scores / self.temperature(scores), 0)
        loss = 0.5 * (q(self.critic, s, a) - y).square().mean()
        descend(loss, (self.critic_optimiser, self.critic.parameters()), clip=self.CLIP)
        new = self.pi(self.policy, s_next)
        around = {"alpha_mean_raw": Normal(new.loc, old.scale), "alpha_cov_raw": Normal(old.loc, new.scale)}
        loss, dual = torch.zeros(()).double(), torch.zeros(()).double()
        for name, pi in around.items():
            alpha, kl = multiplier(self.raw[name]).squeeze(), kl_divergence(old, pi).sum(-1).mean()
            loss = loss - (weights * pi.log_prob(drawn).sum(-1)).sum(0).mean() + alpha.detach() * kl
            dual = dual + alpha * (self.BOUNDS[name] - kl.detach())
        descend(loss, (self.policy_optimiser, self.policy.parameters()), clip=self.CLIP)
        each = zip(self.dual_optimisers, ([raw] for raw in self.raw.values()), strict=True)
        descend(dual, *each, clip=self.CLIP)
        self.copy()


class MpoOfWorkers(Relative):
    """Abdolmaleki et al. 2018b, Algorithm 2, with a full Sigma: workers add up gradients, each at its own windows."""

    LR, WORKERS = 5e-4, 2
    NAMES, OUTPUTS = ("eta_raw", "alpha_mean_raw", "alpha_cov_raw", "bounds_raw"), A + A * (A + 1) // 2

    @staticmethod
    def pi(net: nn.Sequential, s: Tensor) -> MultivariateNormal:
        mean, diagonal, below = net(s).split([A, A, A * (A - 1) // 2], -1)
        scale = torch.diag_embed(softplus(diagonal) * 0.5 / math.log(2) + 1e-6)
        scale[..., 1, 0] = below.squeeze(-1)  # two action dimensions
        return MultivariateNormal(mean, scale_tril=scale)

    def gradients(self, batch, noise, seed: int, mine: slice) -> None:
        """Add a worker's gradients, at its windows, to those of the others."""
        s, a, s_next, reward, terminated, truncated, density = (
            column[seed][mine]
            for column in (
                *(batch.observation, batch.action, batch.next_observation),
                *(batch.reward, batch.terminated, batch.truncated, batch.log_prob),
            )
        )
        states = s_next.reshape(-1, 3)
        first, length = mine.start * s.shape[1], len(states)
        with torch.no_grad():
            old = self.pi(self.policy_old, states)
            xi = noise.next_action[seed][:, first : first + length]
            drawn = old.loc + (old.scale_tril @ xi.unsqueeze(-1)).squeeze(-1)  # [M, n, A]
            scores = q(self.critic_old, states, drawn)
            value, stored = scores.mean(0).view(reward.shape), q(self.critic_old, s, a)
            trace = (self.pi(self.policy_old, s).log_prob(a) - density).exp().clamp(max=1.0)
            y = torch.zeros_like(value)
            for t in reversed(range(y.shape[1])):
                following = value[:, t].clone()
                if t + 1 < y.shape[1]:
                    goes_on = (1 - terminated[:, t]) * (1 - truncated[:, t])
                    following += goes_on * trace[:, t + 1] * (y[:, t + 1] - stored[:, t + 1])
                y[:, t] = reward[:, t] + GAMMA * (1 - terminated[:, t]) * following
        eta, alpha_mean, alpha_cov, eta_pen = (multiplier(raw) for raw in self.raw.values())
        cost = outside(drawn)
        weights = (torch.softmax(scores / eta, 0) + torch.softmax(cost / eta_pen, 0)).detach()
        new = self.pi(self.policy, states)
        parts = (
            (alpha_mean, 0.1, MultivariateNormal(new.loc, scale_tril=old.scale_tril)),
            (alpha_cov, 1e-4, MultivariateNormal(old.loc, scale_tril=new.scale_tril)),
        )
        loss = 0.5 * (q(self.critic, s, a) - y).square().mean() - (weights * new.log_prob(drawn)).sum(0).mean()
        loss = loss + temperature_loss(scores, eta, 0.1) + temperature_loss(cost, eta_pen, 1e-3)
        for alpha, bound, pi in parts:
            kl = kl_divergence(old, pi).mean()
            loss = loss + (alpha.detach() * kl + alpha * (bound - kl.detach())).squeeze()
        (loss / self.WORKERS).backward()

    def update(self, batch, noise, seed: int) -> None:
        groups = [[*self.critic.parameters()], [*self.policy.parameters()], *([raw] for raw in self.raw.values())]
        optimisers = [self.critic_optimiser, self.policy_optimiser, *self.dual_optimisers]
        for optimiser in optimisers:
            optimiser.zero_grad()
        each = batch.reward.shape[1] // self.WORKERS
        for worker in range(self.WORKERS):
            self.gradients(batch, noise, seed, slice(worker * each, (worker + 1) * each))
        for optimiser, group in zip(optimisers, groups, strict=True):
            nn.utils.clip_grad_norm_(group, self.CLIP)
            optimiser.step()
        self.copy()


class MpoCategorical(MpoOfChoices):
    """Abdolmaleki et al. 2018b, Appendix B: the exact E-step at the states of windows, Q by Retrace(1)."""

    def __init__(self, state, seed: int) -> None:
        super().__init__(state, seed)
        self.optimiser = torch.optim.Adam(self.policy.parameters(), lr=5e-4)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=5e-4)

    def target(self, batch, seed: int) -> Tensor:
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        value = (torch.softmax(self.policy_old(s_next), -1) * self.critic_old(s_next)).sum(-1)
        stored = of_choice(self.critic_old, s, a)
        density = (torch.log_softmax(self.policy_old(s), -1) * a).sum(-1)
        trace = (density - batch.log_prob[seed]).exp().clamp(max=1.0)
        y = torch.zeros_like(value)
        for t in reversed(range(y.shape[1])):
            following = value[:, t].clone()
            if t + 1 < y.shape[1]:
                goes_on = (1 - batch.terminated[seed, :, t]) * (1 - batch.truncated[seed, :, t])
                following += goes_on * trace[:, t + 1] * (y[:, t + 1] - stored[:, t + 1])
            y[:, t] = batch.reward[seed, :, t] + GAMMA * (1 - batch.terminated[seed, :, t]) * following
        return y
