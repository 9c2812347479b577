"""The published updates once more, one seed at a time, in plain PyTorch: torch.nn, torch.distributions, torch.optim.

Written from the equations alone, with nothing of taxon in it. Networks are filled from a flat row: layer by layer the
weight [in, out], the bias, and where the layer is normalised its gain and offset.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import torch
from tiny import leaf_of
from torch import Tensor, nn
from torch.distributions import Normal, TanhTransform, TransformedDistribution, kl_divergence
from torch.nn.functional import softplus

GAMMA = 0.99
A = 2  # action dimensions


def mlp(sizes: list[int], activation: type[nn.Module], normalise_first: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = []
    for k, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layers.append(nn.Linear(inputs, outputs, dtype=torch.float64))
        if k == 0 and normalise_first:
            layers += [nn.LayerNorm(outputs, dtype=torch.float64), nn.Tanh()]
        elif k < len(sizes) - 2:
            layers.append(activation())
    return nn.Sequential(*layers)


def tensors(net: nn.Sequential) -> list[Tensor]:
    """The parameters in the order of a row, each shaped as a row holds it."""
    return [p.T if isinstance(layer, nn.Linear) and p.dim() == 2 else p for layer in net for p in layer.parameters()]


@torch.no_grad()
def fill(net: nn.Sequential, row: Tensor) -> nn.Sequential:
    parts = torch.split(row, [p.numel() for p in tensors(net)])
    for parameter, part in zip(tensors(net), parts, strict=True):
        parameter.copy_(part.view(parameter.shape))
    return net


def flat(net: nn.Sequential) -> Tensor:
    return torch.cat([p.detach().reshape(-1) for p in tensors(net)])


def parameter(value: Tensor) -> Tensor:
    return value.clone().requires_grad_()


def descend(loss: Tensor, *several: tuple[torch.optim.Optimizer, Iterable[Tensor]], clip: float | None = None) -> None:
    """One step of each optimiser; `clip` bounds the gradient's norm of each group of tensors apart."""
    for optimiser, _ in several:
        optimiser.zero_grad()
    loss.backward()
    for optimiser, group in several:
        if clip is not None:
            nn.utils.clip_grad_norm_(list(group), clip)
        optimiser.step()


def q(net: nn.Sequential, s: Tensor, a: Tensor) -> Tensor:
    return net(torch.cat([s.expand(*a.shape[:-1], s.shape[-1]), a], -1)).squeeze(-1)


def multiplier(raw: Tensor) -> Tensor:
    return softplus(raw.clamp(min=-18.0)) + 1e-8


def outside(a: Tensor) -> Tensor:
    return -torch.linalg.vector_norm(a - a.clamp(-1, 1), dim=-1)


class Sac:
    """Haarnoja et al. 2018b with an adapted temperature; `tanh` off adds the penalty of Hoffman et al. 2020."""

    def __init__(self, state, seed: int, tanh: bool) -> None:
        self.tanh = tanh
        self.policy = fill(mlp([3, 8, 6, 2 * A], nn.ReLU), state.policy.params[seed])
        self.critics = [fill(mlp([3 + A, 8, 6, 1], nn.ReLU), row) for row in state.critic.params[seed]]
        self.targets = [fill(mlp([3 + A, 8, 6, 1], nn.ReLU), row) for row in state.critic.target[seed]]
        self.log_eta = parameter(state.log_eta.params[seed])
        self.dual_optimisers = [(torch.optim.Adam([self.log_eta], lr=3e-4), [self.log_eta])]
        if not tanh:
            self.bounds_raw = parameter(state.bounds_raw.params[seed])
            self.dual_optimisers.append((torch.optim.Adam([self.bounds_raw], lr=1e-2), [self.bounds_raw]))
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=3e-4) for net in (self.policy, *self.critics)]

    def pi(self, s: Tensor) -> Normal:
        mean, log_std = self.policy(s).chunk(2, -1)
        return Normal(mean, log_std.clamp(-20, 2).exp())

    def draw(self, s: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        pi = self.pi(s)
        u = pi.loc + pi.scale * noise
        if not self.tanh:
            return u, pi.log_prob(u).sum(-1)
        squashed = TransformedDistribution(pi, TanhTransform(cache_size=1))
        a = squashed.transforms[0](u)
        return a, squashed.log_prob(a).sum(-1)

    def update(self, batch, noise, seed: int) -> None:
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        eta = self.log_eta.exp().detach()
        with torch.no_grad():
            a_next, log_next = self.draw(s_next, noise.next_action[seed])
            soft = torch.min(*[q(target, s_next, a_next) for target in self.targets]) - eta * log_next
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * soft
        for critic, optimiser in zip(self.critics, self.optimisers[1:], strict=True):
            descend(0.5 * (q(critic, s, a) - y).square().mean(), (optimiser, critic.parameters()))

        fresh, log_prob = self.draw(s, noise.action[seed])
        loss = (eta * log_prob - torch.min(*[q(critic, s, fresh) for critic in self.critics])).mean()
        dual = -(self.log_eta.exp() * (log_prob.detach() - A)).mean()  # the target entropy is -A
        if not self.tanh:
            pi, xi = self.pi(s), noise.bounds[seed]
            drawn = (pi.loc + pi.scale * xi).detach()
            cost, temperature = outside(drawn), multiplier(self.bounds_raw)
            weights = torch.softmax(cost / temperature, 0).detach()
            loss = loss - (weights * pi.log_prob(drawn).sum(-1)).sum(0).mean()
            dual = dual + temperature_loss(cost, temperature, 1e-3)
        descend(loss, (self.optimisers[0], self.policy.parameters()))
        descend(dual, *self.dual_optimisers)
        follow(self.targets, self.critics)

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        found = {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "critic": (torch.stack([flat(net) for net in self.critics]), state.critic.params[seed]),
            "critic.target": (torch.stack([flat(net) for net in self.targets]), state.critic.target[seed]),
            "log_eta": (self.log_eta, state.log_eta.params[seed]),
        }
        return found if self.tanh else found | {"bounds_raw": (self.bounds_raw, state.bounds_raw.params[seed])}


def temperature_loss(score: Tensor, eta: Tensor, epsilon: float) -> Tensor:
    """eta epsilon + eta mean_s log mean_m exp(score / eta), [M, B]."""
    return (eta * (epsilon + (torch.logsumexp(score / eta, 0) - math.log(len(score))).mean())).sum()


@torch.no_grad()
def follow(targets: list[nn.Sequential], nets: list[nn.Sequential], tau: float = 0.005) -> None:
    for target, net in zip(targets, nets, strict=True):
        for lagged, online in zip(target.parameters(), net.parameters(), strict=True):
            lagged.mul_(1 - tau).add_(online, alpha=tau)


class Mpo:
    """Abdolmaleki et al. 2018b; decoupled and per dimension as in Hoffman et al. 2020, or joint as in 2018b."""

    CLIP, EVERY, M = 0.5, 2, 20

    def __init__(self, state, seed: int, retrace: bool, joint: bool) -> None:
        self.retrace, self.joint = retrace, joint
        self.policy, self.policy_old = (
            fill(mlp([3, 8, 6, 2 * A], nn.ELU, True), row[seed]) for row in (state.policy.params, state.policy.target)
        )
        self.critic, self.critic_old = (
            fill(mlp([3 + A, 9, 7, 1], nn.ELU, True), row[seed, 0])
            for row in (state.critic.params, state.critic.target)
        )
        names = ("eta_raw", "alpha_mean_raw", "alpha_cov_raw", "bounds_raw")
        self.raw = {name: parameter(leaf_of(state, name)[seed]) for name in names}
        self.policy_optimiser = torch.optim.Adam(self.policy.parameters(), lr=1e-4)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=1e-4)
        self.dual_optimisers = [torch.optim.Adam([raw], lr=1e-2) for raw in self.raw.values()]
        self.updates = 0

    @staticmethod
    def pi(net: nn.Sequential, s: Tensor) -> Normal:
        mean, raw = net(s).chunk(2, -1)
        return Normal(mean, softplus(raw) * 0.5 / math.log(2) + 1e-6)

    @staticmethod
    def q(net: nn.Sequential, s: Tensor, a: Tensor) -> Tensor:
        return q(net, s, a)

    def returns(self, batch, seed: int, value: Tensor) -> Tensor:
        """Retrace(1), window by window, step by step from the end."""
        s, a = batch.observation[seed], batch.action[seed]
        scores = self.q(self.critic_old, s, a)
        ratio = (self.pi(self.policy_old, s).log_prob(a).sum(-1) - batch.log_prob[seed]).exp().clamp(max=1.0)
        targets = torch.zeros_like(value)
        for window in range(len(value)):
            correction = 0.0
            for t in reversed(range(value.shape[1])):
                bootstrap = value[window, t] + correction
                go_on = 1 - batch.terminated[seed, window, t]
                targets[window, t] = batch.reward[seed, window, t] + GAMMA * go_on * bootstrap
                # what the step before adds, unless an episode ended there
                inside = t > 0 and not (batch.terminated[seed, window, t - 1] or batch.truncated[seed, window, t - 1])
                difference = targets[window, t] - scores[window, t]
                correction = ratio[window, t] * difference if inside else 0.0
        return targets

    def update(self, batch, noise, seed: int) -> None:
        self.updates += 1
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        with torch.no_grad():
            old = self.pi(self.policy_old, s_next)
            old = Normal(old.loc.reshape(-1, A), old.scale.reshape(-1, A))  # windows or not, a list of states
            states = s_next.reshape(-1, 3)
            drawn = old.loc + old.scale * noise.next_action[seed]  # [M, B, A]
            scores = self.q(self.critic_old, states, drawn)
            value = scores.mean(0).view(batch.reward[seed].shape)
            if self.retrace:
                y = self.returns(batch, seed, value)
            else:
                y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * value
        descend(
            0.5 * (self.q(self.critic, s, a) - y).square().mean(),
            (self.critic_optimiser, self.critic.parameters()),
            clip=self.CLIP,
        )

        eta, alpha_mean, alpha_cov, eta_pen = (multiplier(raw) for raw in self.raw.values())
        cost = outside(drawn)
        weights = (torch.softmax(scores / eta, 0) + torch.softmax(cost / eta_pen, 0)).detach()
        new = self.pi(self.policy, states)
        around_mean, around_cov = Normal(new.loc, old.scale), Normal(old.loc, new.scale)
        if self.joint:
            log_prob = new.log_prob(drawn).sum(-1)
        else:
            log_prob = (around_mean.log_prob(drawn) + around_cov.log_prob(drawn)).sum(-1)
        kl_mean, kl_cov = kl_divergence(old, around_mean).mean(0), kl_divergence(old, around_cov).mean(0)
        epsilon_mean, epsilon_cov = 1e-3, 1e-6
        if self.joint:
            kl_mean, kl_cov = kl_mean.sum().unsqueeze(0), kl_cov.sum().unsqueeze(0)
            epsilon_mean, epsilon_cov = 0.1, 1e-4
        region = (alpha_mean.detach() * kl_mean).sum() + (alpha_cov.detach() * kl_cov).sum()
        loss = -(weights * log_prob).sum(0).mean() + region
        dual = temperature_loss(scores, eta, 0.1) + temperature_loss(cost, eta_pen, 1e-3)
        dual = dual + (alpha_mean * (epsilon_mean - kl_mean.detach())).sum()
        dual = dual + (alpha_cov * (epsilon_cov - kl_cov.detach())).sum()
        descend(loss, (self.policy_optimiser, self.policy.parameters()), clip=self.CLIP)
        each = zip(self.dual_optimisers, ([raw] for raw in self.raw.values()), strict=True)
        descend(dual, *each, clip=self.CLIP)
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


class ClippingMpo(Mpo):
    """The same with a critic that reads actions of the box."""

    @staticmethod
    def q(net: nn.Sequential, s: Tensor, a: Tensor) -> Tensor:
        one = torch.ones_like(a)
        return q(net, s, torch.minimum(torch.maximum(a, -one), one))


class Awac:
    """Nair et al. 2020: weights B softmax(A) over the batch, or exp(A); each at most `clip`."""

    def __init__(self, state, seed: int, softmax: bool, clip: float) -> None:
        self.softmax, self.clip = softmax, clip
        row = state.policy.params[seed]
        self.policy = fill(mlp([3, 8, 6, A], nn.ReLU), row[:-A])
        self.variance = parameter(row[-A:])  # before its softplus
        self.critics = [fill(mlp([3 + A, 8, 6, 1], nn.ReLU), row) for row in state.critic.params[seed]]
        self.targets = [fill(mlp([3 + A, 8, 6, 1], nn.ReLU), row) for row in state.critic.target[seed]]
        self.trained = [*self.policy.parameters(), self.variance]
        self.policy_optimiser = torch.optim.Adam(self.trained, lr=3e-4, weight_decay=1e-4)
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=3e-4, weight_decay=1e-4) for net in self.critics]

    def pi(self, s: Tensor) -> Normal:
        return Normal(self.policy(s).tanh(), softplus(self.variance).sqrt())

    @staticmethod
    def least(critics: list[nn.Sequential], s: Tensor, a: Tensor) -> Tensor:
        return torch.stack([q(critic, s, a) for critic in critics]).amin(0)

    def update(self, batch, noise, seed: int) -> None:
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        with torch.no_grad():
            pi = self.pi(s_next)
            a_next = pi.loc + pi.scale * noise.next_action[seed]
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * self.least(self.targets, s_next, a_next)
        for critic, optimiser in zip(self.critics, self.optimisers, strict=True):
            descend(0.5 * (q(critic, s, a) - y).square().mean(), (optimiser, critic.parameters()))
        pi = self.pi(s)
        with torch.no_grad():
            other = pi.loc + pi.scale * noise.baseline[seed]
            advantage = self.least(self.critics, s, a) - self.least(self.critics, s, other)
            weights = len(s) * torch.softmax(advantage, 0) if self.softmax else advantage.exp()
            weights = weights.clamp(max=self.clip)
        descend(-(weights * pi.log_prob(a).sum(-1)).mean(), (self.policy_optimiser, self.trained))
        follow(self.targets, self.critics)

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            "policy": (torch.cat([flat(self.policy), self.variance]), state.policy.params[seed]),
            "critic": (torch.stack([flat(net) for net in self.critics]), state.critic.params[seed]),
            "critic.target": (torch.stack([flat(net) for net in self.targets]), state.critic.target[seed]),
        }


class Awr:
    """Peng et al. 2019 on whole episodes in time order, the network's unit being 1 / (1 - gamma)."""

    LAMBDA = 0.95

    def __init__(self, state, seed: int, seen: Tensor) -> None:
        self.policy = fill(mlp([3, 8, 6, A], nn.ReLU), state.policy.params[seed])
        self.critic = fill(mlp([3, 8, 6, 1], nn.ReLU), state.critic.params[seed])
        self.policy_optimiser = torch.optim.SGD(self.policy.parameters(), lr=5e-5, momentum=0.9)
        self.critic_optimiser = torch.optim.SGD(self.critic.parameters(), lr=1e-2, momentum=0.9)
        self.mean, self.std = seen.mean(0), seen.std(0, correction=0)

    def see(self, s: Tensor) -> Tensor:
        return ((s - self.mean) / (self.std + 0.01)).clamp(-5, 5)

    @torch.no_grad()
    def value(self, s: Tensor) -> Tensor:
        return self.critic(self.see(s)).squeeze(-1) / (1 - GAMMA)

    def returns(self, episodes, seed: int) -> Tensor:
        """lambda-returns, from the last stored step backwards."""
        reward, next_value = episodes.reward[seed], self.value(episodes.next_observation[seed])
        found = torch.zeros_like(reward)
        for t in reversed(range(len(reward))):
            if episodes.terminated[seed, t]:
                found[t] = reward[t]
            elif episodes.ended[seed, t]:
                found[t] = reward[t] + GAMMA * next_value[t]
            else:
                found[t] = reward[t] + GAMMA * ((1 - self.LAMBDA) * next_value[t] + self.LAMBDA * found[t + 1])
        return found

    def advantages(self, episodes, seed: int) -> Tensor:
        """Standardised over the steps of complete episodes."""
        advantage = self.returns(episodes, seed) - self.value(episodes.observation[seed])
        counted = advantage[episodes.valid[seed] > 0]
        return (advantage - counted.mean()) / (counted.std(correction=0) + 1e-5)

    def update_value(self, s: Tensor, target: Tensor) -> None:
        error = self.critic(self.see(s)).squeeze(-1) - target * (1 - GAMMA)
        descend(0.5 * error.square().mean(), (self.critic_optimiser, self.critic.parameters()))

    def update_policy(self, s: Tensor, a: Tensor, advantage: Tensor, clip: float) -> None:
        mean = self.policy(self.see(s))
        weights = advantage.exp().clamp(max=clip)
        beyond = (-1 - mean).clamp(min=0).square() + (mean - 1).clamp(min=0).square()
        loss = -(weights * Normal(mean, 0.4).log_prob(a).sum(-1)).mean() + 10 * 0.5 * beyond.sum(-1).mean()
        descend(loss, (self.policy_optimiser, self.policy.parameters()))
