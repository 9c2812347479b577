"""A parametric posterior's ascents once more, one seed at a time, in plain PyTorch, from the equations alone."""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from plain import GAMMA, A, ClippingMpo, Mpo, Sac, descend, fill, flat, follow, mlp, multiplier, parameter, q
from plain_replay import CHOICES, of_choice
from tiny import leaf_of
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, MultivariateNormal, kl_divergence
from torch.nn.functional import softplus


class FullMpo(Mpo):
    """Abdolmaleki et al. 2018b, Appendix D.4: E[Q] by the likelihood ratio, held by multipliers on KL(q || pi_old); or,
    with `entropy`, its ablation: no bound, and log pi counts against Q."""

    EVERY, M = 2, 20

    def __init__(self, state, seed: int, form: str) -> None:
        self.form, self.retrace = form, True
        self.policy = fill(mlp([3, 8, 6, A + A * (A + 1) // 2], nn.ELU, True), state.policy.params[seed])
        self.policy_old = self.policy
        if form != "entropy":
            self.policy_old = fill(mlp([3, 8, 6, A + A * (A + 1) // 2], nn.ELU, True), state.policy.target[seed])
        self.critic, self.critic_old = (
            fill(mlp([3 + A, 9, 7, 1], nn.ELU, True), row[seed, 0])
            for row in (state.critic.params, state.critic.target)
        )
        names = ("alpha_mean_raw", "alpha_cov_raw") if form == "region" else ()
        self.raw = {name: parameter(leaf_of(state, name)[seed]) for name in names}
        self.optimisers = [torch.optim.Adam(net.parameters(), lr=5e-4) for net in (self.policy, self.critic)]
        self.dual_optimisers = [(torch.optim.Adam([raw], lr=1e-2), [raw]) for raw in self.raw.values()]
        self.updates = 0

    @staticmethod
    def pi(net: nn.Sequential, s: Tensor) -> MultivariateNormal:
        mean, raw, below = net(s).split([A, A, A * (A - 1) // 2], -1)
        scale = torch.diag_embed(softplus(raw) * 0.5 / math.log(2) + 1e-6)
        lower = torch.zeros_like(scale)
        lower[..., 1, 0] = below[..., 0]
        return MultivariateNormal(mean, scale_tril=scale + lower)

    @staticmethod
    def draw(pi: MultivariateNormal, noise: Tensor) -> Tensor:
        return (pi.loc + (pi.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)).detach()

    def returns(self, batch, seed: int, value: Tensor) -> Tensor:
        """Retrace(1), as MPO has it; a full covariance sums its own dimensions."""
        log_prob = self.pi(self.policy_old, batch.observation[seed]).log_prob(batch.action[seed])
        ratio = (log_prob - batch.log_prob[seed]).exp().clamp(max=1.0)
        scores = self.q(self.critic_old, batch.observation[seed], batch.action[seed])
        found = torch.zeros_like(value)
        for window in range(len(value)):
            for t in range(value.shape[1]):
                kept, discount = 1.0, 1.0
                for k in range(t, value.shape[1]):
                    go_on = 1 - batch.terminated[seed, window, k]
                    error = batch.reward[seed, window, k] + GAMMA * go_on * value[window, k]
                    error = error - (scores[window, k] if k > t else 0.0)
                    found[window, t] += discount * kept * error
                    if batch.terminated[seed, window, k] or batch.truncated[seed, window, k]:
                        break
                    if k + 1 < value.shape[1]:
                        kept, discount = kept * ratio[window, k + 1], discount * GAMMA
        return found

    def update(self, batch, noise, seed: int) -> None:
        self.updates += 1
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        with torch.no_grad():
            old = self.pi(self.policy_old, s_next.reshape(-1, 3))
            count = noise.next_action[seed].shape[0]
            drawn = self.draw(old, noise.next_action[seed])
            value = self.q(self.critic_old, s_next.reshape(-1, 3), drawn).mean(0).view(batch.reward[seed].shape)
            assert count == self.M
            y = self.returns(batch, seed, value)
        loss = 0.5 * (self.q(self.critic, s, a) - y).square().mean()
        descend(loss, (self.optimisers[1], self.critic.parameters()))
        states = s.reshape(-1, 3)
        pi, old = self.pi(self.policy, states), self.pi(self.policy_old, states)
        old = MultivariateNormal(old.loc.detach(), scale_tril=old.scale_tril.detach())
        descend(self.loss(pi, old, states, noise.action[seed]), (self.optimisers[0], self.policy.parameters()))
        if self.form == "region":
            dual = sum(
                multiplier(raw) * (bound - kl.detach())
                for raw, bound, kl in zip(self.raw.values(), (0.1, 1e-4), self.parts(pi, old), strict=True)
            )
            descend(dual.squeeze(), *self.dual_optimisers)
        if self.updates % self.EVERY == 0:
            if self.form != "entropy":
                self.policy_old.load_state_dict(self.policy.state_dict())
            self.critic_old.load_state_dict(self.critic.state_dict())

    @staticmethod
    def parts(pi: MultivariateNormal, old: MultivariateNormal) -> tuple[Tensor, Tensor]:
        """KL(q || pi_old) by the mean, and by the covariance."""
        mean = kl_divergence(MultivariateNormal(pi.loc, scale_tril=old.scale_tril), old)
        cov = kl_divergence(MultivariateNormal(old.loc, scale_tril=pi.scale_tril), old)
        return mean.mean(), cov.mean()

    def loss(self, pi: MultivariateNormal, old: MultivariateNormal, states: Tensor, noise: Tensor) -> Tensor:
        drawn = self.draw(old if self.form == "weights" else pi, noise)
        log_prob = pi.log_prob(drawn)
        score = self.q(self.critic_old, states, drawn).detach()
        if self.form == "weights":
            return -(torch.softmax(score, 0) * log_prob).sum(0).mean()  # eta is 1
        if self.form == "entropy":
            score = score - 0.01 * log_prob.detach()
        loss = -((score - score.mean(0)) * log_prob).mean()
        if self.form == "region":
            alphas = [multiplier(raw).detach().squeeze() for raw in self.raw.values()]
            loss = loss + sum(alpha * kl for alpha, kl in zip(alphas, self.parts(pi, old), strict=True))
        return loss

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        found = {
            "policy": (flat(self.policy), state.policy.params[seed]),
            "critic": (flat(self.critic), state.critic.params[seed, 0]),
            "critic.target": (flat(self.critic_old), state.critic.target[seed, 0]),
        }
        if self.form != "entropy":
            found["policy.target"] = (flat(self.policy_old), state.policy.target[seed])
        return found | {name: (raw, leaf_of(state, name)[seed]) for name, raw in self.raw.items()}


class ExpectedGradients(FullMpo, ClippingMpo):
    """Its ablation: no bound, log pi counts against Q, and Q is of the action in the box."""

    def __init__(self, state, seed: int) -> None:
        super().__init__(state, seed, "entropy")


class ClassicSac(Sac):
    """SAC whose critic leaves the entropy out, and whose policy follows one of the directions (Lavington et al. 2021).

    direction: `forward`; `reverse` by the likelihood ratio; `through` several actions; with `old` appended the prior is
    the lagged policy and eta a number.
    """

    def __init__(self, state, seed: int, direction: str, soft: bool = False, old: bool = False) -> None:
        super().__init__(_with_eta(state) if old else state, seed, True)
        self.direction, self.soft, self.old = direction, soft, None
        if old:
            self.old = fill(mlp([3, 8, 6, 2 * A], nn.ReLU), state.policy.target[seed])

    def density(self, pi: Distribution, u: Tensor) -> Tensor:
        """log pi of tanh(u)."""
        return pi.log_prob(u).sum(-1) - torch.log1p(-torch.tanh(u).square()).sum(-1)

    def update(self, batch, noise, seed: int) -> None:
        s, a, s_next = batch.observation[seed], batch.action[seed], batch.next_observation[seed]
        eta = torch.tensor(0.3, dtype=torch.float64) if self.old else self.log_eta.exp().detach()
        with torch.no_grad():
            pi = self.pi(s_next) if self.old is None else self.of_old(s_next)
            u = pi.loc + pi.scale * noise.next_action[seed]
            value = self.least(self.targets, s_next, torch.tanh(u))
            if self.soft:
                value = value - eta * self.density(pi, u)
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * value
        for critic, optimiser in zip(self.critics, self.optimisers[1:], strict=True):
            descend(0.5 * (q(critic, s, a) - y).square().mean(), (optimiser, critic.parameters()))
        pi = self.pi(s)
        u = pi.loc + pi.scale * noise.action[seed]
        if self.direction != "through":
            u = u.detach()
        log_prob, score = self.density(pi, u), self.least(self.critics, s, torch.tanh(u))
        ratio = log_prob if self.old is None else log_prob - self.density(self.of_old(s), u)
        if self.direction == "forward":
            weights = torch.softmax(score / eta - ratio, 0).detach()
            loss = -(weights * log_prob).sum(0).mean()
        elif self.direction == "reverse":
            worth = (score - eta * ratio).detach()
            others = (worth.sum(0) - worth) / (len(worth) - 1)
            loss = -((worth - others) * log_prob).mean()
        else:
            loss = (eta * ratio - score).mean()
        descend(loss, (self.optimisers[0], self.policy.parameters()))
        if self.old is None:
            dual = -(self.log_eta.exp() * (log_prob.detach() - A)).mean()  # the target entropy is -A
            descend(dual, *self.dual_optimisers)
        follow(self.targets, self.critics)
        if self.old is not None:
            follow([self.old], [self.policy])

    @torch.no_grad()
    def of_old(self, s: Tensor) -> Distribution:
        mean, log_std = self.old(s).chunk(2, -1)
        return torch.distributions.Normal(mean, log_std.clamp(-20, 2).exp())

    @staticmethod
    def least(critics: list[nn.Sequential], s: Tensor, a: Tensor) -> Tensor:
        return torch.min(*[q(critic, s, a) for critic in critics])

    def check(self, state, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        if self.old is None:
            return super().check(state, seed)
        found = super().check(_with_eta(state), seed)
        del found["log_eta"]
        return found | {"policy.target": (flat(self.old), state.policy.target[seed])}


class _WithEta:
    """A state whose row has no trained temperature, for the parts of SAC that read one."""

    def __init__(self, state) -> None:
        self.state = state
        self.log_eta = SimpleNamespace(params=torch.zeros(len(state.policy.params), 1, dtype=torch.float64))

    def __getattr__(self, name: str) -> Tensor:
        return getattr(self.state, name)


def _with_eta(state):
    return _WithEta(state)


class ForwardOfChoices:
    """The cross-entropy to softmax(Q / eta), with Christodoulou's critics but for the entropy in them."""

    def __init__(self, state, seed: int) -> None:
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
        with torch.no_grad():
            pi = Categorical(logits=self.policy(s_next))
            value = (pi.probs * torch.min(*[net(s_next) for net in self.critics_old])).sum(-1)
            y = batch.reward[seed] + GAMMA * (1 - batch.terminated[seed]) * value
        for net, optimiser in zip(self.critics, self.optimisers[1:], strict=True):
            loss = 0.5 * (of_choice(net, s, batch.action[seed]) - y).square().mean()
            descend(loss, (optimiser, net.parameters()))
        pi = Categorical(logits=self.policy(s))
        score = torch.min(*[net(s) for net in self.critics]).detach()
        target = Categorical(logits=score / self.log_eta.exp().detach())
        # KL(target || pi) has the cross-entropy's gradient
        loss = kl_divergence(target, pi).mean()
        dual = (self.log_eta.exp() * (pi.entropy().detach() - 0.5)).mean()
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
