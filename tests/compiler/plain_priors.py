"""Updates with a prior beside the policy once more, one seed at a time, in plain PyTorch, from the equations alone."""

from __future__ import annotations

import math
from copy import deepcopy

import torch
from plain import GAMMA, A, ClippingMpo, descend, fill, flat, follow, mlp, q
from plain_onpolicy import Actor, Erpg, Ppo, n_step_returns
from plain_replay import CHOICES, of_choice
from torch import Tensor, nn
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    Normal,
    TanhTransform,
    TransformedDistribution,
    kl_divergence,
)
from torch.nn.functional import softplus


def shown(s: Tensor, hidden: tuple[int, ...]) -> Tensor:
    """The state without the numbers that the prior does not see."""
    return torch.stack([s[..., k] for k in range(s.shape[-1]) if k not in hidden], -1)


class Svg0(ClippingMpo):
    """Hoffman et al. 2020's SVG(0) with a prior (Galashov et al. 2019): Retrace, everything lagged by a hard copy."""

    EVERY, ADAM = 2, 1e-4

    def __init__(self, state, seed: int, hidden: tuple[int, ...], eta: float, power: float) -> None:
        self.hidden, self.eta, self.power = hidden, eta, power
        self.policy, self.policy_old = (
            fill(mlp([3, 8, 6, 2 * A], nn.ELU, True), row[seed]) for row in (state.policy.params, state.policy.target)
        )
        self.critic, self.critic_old = (
            fill(mlp([3 + A, 9, 7, 1], nn.ELU, True), row[seed, 0])
            for row in (state.critic.params, state.critic.target)
        )
        self.prior, self.prior_old = (
            fill(mlp([3 - len(hidden), 7, 5, 2 * A], nn.ELU, True), row[seed])
            for row in (state.prior.params, state.prior.target)
        )
        nets = (self.policy, self.critic, self.prior)
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=self.ADAM) for net in nets]
        self.updates = 0

    @staticmethod
    def pi(net: nn.Sequential, s: Tensor) -> Normal:
        mean, raw = net(s).chunk(2, -1)
        return Normal(mean.tanh(), softplus(raw) * 0.7 / math.log(2) + 0.1)

    def cost(self, policy: Normal, prior: Normal, a: Tensor) -> Tensor:
        """eta (log pi - a log pi_p) of actions."""
        return self.eta * (policy.log_prob(a) - self.power * prior.log_prob(a)).sum(-1)

    def policy_loss(self, pi: Normal, prior: Normal, xi: Tensor, score) -> Tensor:
        """By actions [M, B, A] of the policy, which have a gradient."""
        fresh = pi.loc + pi.scale * xi
        return (self.cost(pi, prior, fresh) - score(fresh)).mean()

    def update(self, batch, noise, seed: int) -> None:
        self.updates += 1
        shape = batch.reward[seed].shape
        s, a, s_next = (x[seed].flatten(0, 1) for x in (batch.observation, batch.action, batch.next_observation))
        with torch.no_grad():
            old, prior = self.pi(self.policy_old, s_next), self.pi(self.prior_old, shown(s_next, self.hidden))
            drawn = old.loc + old.scale * noise.next_action[seed]  # [M, B, A]
            value = (self.q(self.critic_old, s_next, drawn) - self.cost(old, prior, drawn)).mean(0)
            y = self.returns(batch, seed, value.view(shape)).flatten()
        losses = [torch.zeros(()), 0.5 * (self.q(self.critic, s, a) - y).square().mean(), torch.zeros(())]

        pi, prior = self.pi(self.policy, s), self.pi(self.prior_old, shown(s, self.hidden))
        prior = Normal(prior.loc.detach(), prior.scale.detach())
        losses[0] = self.policy_loss(pi, prior, noise.action[seed], lambda a: self.q(self.critic_old, s, a))
        before = Normal(pi.loc.detach(), pi.scale.detach())
        losses[2] = kl_divergence(before, self.pi(self.prior, shown(s, self.hidden))).sum(-1).mean()
        for loss, optimiser in zip(losses, self.optimisers, strict=True):
            descend(loss, (optimiser, ()))
        if self.updates % self.EVERY == 0:
            self.policy_old.load_state_dict(self.policy.state_dict())
            self.critic_old.load_state_dict(self.critic.state_dict())
            self.prior_old.load_state_dict(self.prior.state_dict())

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "policy.target": (flat(self.policy_old), state.policy.target[seed]),
            "critic": (flat(self.critic), state.critic.params[seed, 0]),
            "critic.target": (flat(self.critic_old), state.critic.target[seed, 0]),
            "prior": (flat(self.prior), state.prior.params[seed]),
            "prior.target": (flat(self.prior_old), state.prior.target[seed]),
        }


class ByDensity(Svg0):
    """The likelihood ratio of drawn actions, each worth its Q less eta (log pi - a log pi_p), less the mean of all."""

    def policy_loss(self, pi: Normal, prior: Normal, xi: Tensor, score) -> Tensor:
        drawn = (pi.loc + pi.scale * xi).detach()
        worth = (score(drawn) - self.cost(pi, prior, drawn)).detach()
        return -((worth - worth.mean(0)) * pi.log_prob(drawn).sum(-1)).mean()


class Forward(Svg0):
    """Fitted to pi_p^a exp(Q / eta) / Z at actions of the policy, whose density the weights divide out."""

    def proposal(self, pi: Normal, prior: Normal) -> Normal:
        return Normal(pi.loc.detach(), pi.scale.detach())

    def policy_loss(self, pi: Normal, prior: Normal, xi: Tensor, score) -> Tensor:
        proposal = self.proposal(pi, prior)
        drawn = proposal.loc + proposal.scale * xi
        exponent = score(drawn) / self.eta + (self.power * prior.log_prob(drawn) - proposal.log_prob(drawn)).sum(-1)
        weights = torch.softmax(exponent, 0).detach()
        return -(weights * pi.log_prob(drawn).sum(-1)).sum(0).mean()


class ForwardOfPrior(Forward):
    """The same at actions of the prior."""

    def proposal(self, pi: Normal, prior: Normal) -> Normal:
        return prior


class SacTowards:
    """SAC with eta (log pi - a log pi_p) in the place of eta log pi, in the policy's loss and in the value.

    kind: `default`, `behaviour`, or the deviation of one Gaussian behind tanh. until: updates of the prior.
    """

    def __init__(self, state, seed: int, kind: str | float, eta: float, power=1.0, hidden=(), until=math.inf) -> None:
        self.kind, self.eta, self.power, self.hidden, self.until = kind, eta, power, hidden, until
        self.policy = fill(mlp([3, 8, 6, 2 * A], nn.ReLU), state.policy.params[seed])
        self.critics, self.targets = (
            [fill(mlp([3 + A, 9, 7, 1], nn.ReLU), row) for row in rows[seed]]
            for rows in (state.critic.params, state.critic.target)
        )
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=3e-4) for net in (self.policy, *self.critics)]
        if isinstance(kind, str):
            self.prior = fill(mlp([3 - len(hidden), 7, 5, 2 * A], nn.ReLU), state.prior.params[seed])
            self.prior_optimiser = torch.optim.Adam(self.prior.parameters(), lr=3e-4)
        self.updates = 0

    @staticmethod
    def inner(net: nn.Sequential, s: Tensor) -> Normal:
        """The distribution before tanh."""
        mean, log_std = net(s).chunk(2, -1)
        return Normal(mean, log_std.clamp(-20, 2).exp())

    def before(self, s: Tensor) -> Normal:
        """That of the prior."""
        if isinstance(self.kind, str):
            return self.inner(self.prior, shown(s, self.hidden))
        return Normal(torch.zeros(len(s), A).double(), torch.full((len(s), A), self.kind).double())

    def drawn(self, s: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Actions, and eta (log pi - a log pi_p) of them."""
        pi, prior = self.inner(self.policy, s), self.before(s)
        prior = Normal(prior.loc.detach(), prior.scale.detach())
        squash = TanhTransform(cache_size=1)
        a = squash(pi.loc + pi.scale * noise)
        one, other = (TransformedDistribution(each, squash).log_prob(a).sum(-1) for each in (pi, prior))
        return a, self.eta * (one - self.power * other)

    def update(self, batch, noise, seed: int) -> None:
        self.updates += 1
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        with torch.no_grad():
            a_next, cost = self.drawn(s_next, noise.next_action[seed])
            soft = torch.min(*[q(target, s_next, a_next) for target in self.targets]) - cost
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * soft
        for critic, optimiser in zip(self.critics, self.optimisers[1:], strict=True):
            descend(0.5 * (q(critic, s, a) - y).square().mean(), (optimiser, critic.parameters()))
        fresh, cost = self.drawn(s, noise.action[seed])
        loss = (cost - torch.min(*[q(critic, s, fresh) for critic in self.critics])).mean()
        posterior = self.inner(self.policy, s)
        posterior = Normal(posterior.loc.detach(), posterior.scale.detach())
        descend(loss, (self.optimisers[0], self.policy.parameters()))
        if isinstance(self.kind, str) and self.updates <= self.until:
            fitted = self.before(s)
            if self.kind == "default":
                loss = kl_divergence(posterior, fitted).sum(-1).mean()
            else:
                loss = -fitted.log_prob(torch.atanh(a.clamp(-1 + 1e-6, 1 - 1e-6))).sum(-1).mean()
            descend(loss, (self.prior_optimiser, ()))
        follow(self.targets, self.critics)

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        found = {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "critic": (torch.stack([flat(net) for net in self.critics]), state.critic.params[seed]),
            "critic.target": (torch.stack([flat(net) for net in self.targets]), state.critic.target[seed]),
        }
        return found | ({"prior": (flat(self.prior), state.prior.params[seed])} if isinstance(self.kind, str) else {})


class SacOfChoicesTowards:
    """The same over finitely many actions, every expectation a sum, towards a default policy whose copy lags."""

    TAU = 0.005

    def __init__(self, state, seed: int, eta: float, power: float, hidden: tuple[int, ...]) -> None:
        self.eta, self.power, self.hidden = eta, power, hidden
        self.policy = fill(mlp([3, 8, 6, CHOICES], nn.ReLU), state.policy.params[seed])
        self.critics, self.targets = (
            [fill(mlp([3, 9, 7, CHOICES], nn.ReLU), row) for row in rows[seed]]
            for rows in (state.critic.params, state.critic.target)
        )
        self.prior, self.prior_old = (
            fill(mlp([3 - len(hidden), 7, 5, CHOICES], nn.ReLU), row[seed])
            for row in (state.prior.params, state.prior.target)
        )
        nets = (self.policy, *self.critics, self.prior)
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=3e-4) for net in nets]

    def objective(self, s: Tensor, critics: list[nn.Sequential]) -> Tensor:
        """sum_a pi(a) [Q(a) - eta (log pi(a) - a log pi_p(a))]."""
        pi, prior = Categorical(logits=self.policy(s)), Categorical(logits=self.prior_old(shown(s, self.hidden)))
        least = torch.min(*[net(s) for net in critics]).detach()
        cost = self.eta * (pi.logits - self.power * prior.logits.detach())
        return (pi.probs * (least - cost)).sum(-1)

    def update(self, batch, noise, seed: int) -> None:
        s, s_next = batch.observation[seed], batch.next_observation[seed]
        with torch.no_grad():
            value = self.objective(s_next, self.targets)
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * value
        for net, optimiser in zip(self.critics, self.optimisers[1:], strict=False):
            loss = 0.5 * (of_choice(net, s, batch.action[seed]) - y).square().mean()
            descend(loss, (optimiser, net.parameters()))
        posterior = Categorical(logits=self.policy(s).detach())
        descend(-self.objective(s, self.critics).mean(), (self.optimisers[0], self.policy.parameters()))
        fitted = Categorical(logits=self.prior(shown(s, self.hidden)))
        descend(kl_divergence(posterior, fitted).mean(), (self.optimisers[-1], ()))
        follow([*self.targets, self.prior_old], [*self.critics, self.prior], self.TAU)

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "critic": (torch.stack([flat(net) for net in self.critics]), state.critic.params[seed]),
            "critic.target": (torch.stack([flat(net) for net in self.targets]), state.critic.target[seed]),
            "prior": (flat(self.prior), state.prior.params[seed]),
            "prior.target": (flat(self.prior_old), state.prior.target[seed]),
        }


class PpoTowards(Ppo):
    """The clipped ratio with a divergence in closed form, a KL(pi || pi_p) - (1 - a) H(pi), as a weighed penalty."""

    def __init__(self, state, seed: int, seen, kind: str, eta: float, power: float, hidden=()) -> None:
        super().__init__(state, seed, seen, A, "clip")
        self.kind, self.eta, self.power, self.hidden = kind, eta, power, hidden
        row = state.prior.params[seed]
        self.prior = fill(mlp([3 - len(hidden), 7, 5, A], nn.ReLU), row[:-A])
        self.log_std = row[-A:].clone().requires_grad_()
        self.own = [*self.prior.parameters(), self.log_std]
        self.prior_optimiser = torch.optim.Adam(self.own, lr=3e-5)

    def before(self, s: Tensor) -> Distribution:
        mean = self.prior(shown(self.see(s), self.hidden))
        return Independent(Normal(mean, self.log_std.clamp(-20, 2).exp().expand_as(mean)), 1)

    def update_policy(self, s: Tensor, a: Tensor, advantage: Tensor, old: Distribution) -> None:
        pi = self.actor(self.see(s))
        ratio = (pi.log_prob(a) - old.log_prob(a)).exp()
        upper, lower = ratio.clamp(max=1 + self.RATIO), ratio.clamp(min=1 - self.RATIO)
        loss = -(torch.where(advantage > 0, upper, lower) * advantage).mean()
        with torch.no_grad():
            prior, posterior = self.before(s), self.old(s)
            prior = Independent(Normal(prior.base_dist.loc, prior.base_dist.scale), 1)
        weighed = self.power * kl_divergence(pi, prior) - (1 - self.power) * pi.entropy()
        descend(loss + self.eta * weighed.mean(), (self.optimiser, self.actor.trained()), clip=self.CLIP)
        fitted = self.before(s)
        loss = kl_divergence(posterior, fitted) if self.kind == "default" else -fitted.log_prob(a)
        descend(loss.mean(), (self.prior_optimiser, self.own), clip=self.CLIP)

    def prior_row(self) -> Tensor:
        return torch.cat([flat(self.prior), self.log_std.detach()])


class ErpgTowards(Erpg):
    """Soft returns that count a KL(pi || pi_p) - (1 - a) H(pi) at every step: in closed form, or, where tanh leaves no
    entropy, by log pi - a log pi_p of the actions taken. The prior imitates those actions."""

    def __init__(self, state, seed: int, width: int, kind: str, eta: float, power: float) -> None:
        super().__init__(state, seed, width, kind, eta, 5, None)
        self.power = power
        self.prior = Actor("free" if self.squashed else kind, state.prior.params[seed], [7, 5], width, nn.Tanh)
        self.prior_optimiser = torch.optim.Adam(self.prior.trained(), lr=1e-2)

    def divergence(self, pi: Distribution, prior: Distribution, density: Tensor, of_prior: Tensor) -> Tensor:
        """By two distributions before tanh, and the densities of actions behind it."""
        if not self.squashed:
            return self.power * kl_divergence(pi, prior) - (1 - self.power) * pi.entropy()
        return kl_divergence(pi, prior) if self.power == 1 else density - self.power * of_prior

    @torch.no_grad()
    def columns(self, episodes, seed: int) -> dict[str, Tensor]:
        self.acting = deepcopy(self.actor)
        s, a = episodes.observation[seed], episodes.action[seed]
        densities = (self.law(each, s).log_prob(a) for each in (self.acting, self.prior))
        cost = self.eta * self.divergence(self.acting(s), self.prior(s), *densities)
        regularised = episodes._replace(reward=episodes.reward - cost)
        target = n_step_returns(regularised, seed, self.value(episodes.next_observation[seed]), self.GAMMA, self.n)
        own = cost if self.squashed and self.power != 1 else 0.0
        return {"target": target, "advantage": target + own - self.value(s)}

    def update_policy(self, s: Tensor, a: Tensor, advantage: Tensor) -> None:
        pi, prior = self.actor(s), deepcopy(self.prior).requires_grad_(False)(s)
        density = self.law(self.actor, s).log_prob(a)
        ratio = (density - self.law(self.acting, s).log_prob(a).detach()).exp()
        weighed = self.divergence(pi, prior, density, self.law(self.prior, s).log_prob(a).detach())
        if self.squashed and self.power != 1:
            weighed = ratio * weighed
        loss = (self.eta * weighed - ratio * advantage).mean()
        descend(loss, (self.optimiser, self.actor.trained()), clip=self.CLIP)
        imitated = -self.law(self.prior, s).log_prob(a).mean()
        descend(imitated, (self.prior_optimiser, self.prior.trained()), clip=self.CLIP)
