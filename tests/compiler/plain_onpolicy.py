"""PPO, TRPO and V-MPO once more, one seed at a time, in plain PyTorch, from the equations alone."""

from __future__ import annotations

import math

import torch
from plain import descend, fill, flat, mlp, multiplier, parameter
from tiny import leaf_of
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal, OneHotCategorical, kl_divergence
from torch.nn.functional import softplus


def generalised_advantages(episodes, seed: int, value: Tensor, following: Tensor, gamma: float, lambda_: float):
    """A_t = sum_l (gamma lambda)^l delta_{t+l} up to the end of what t belongs to, every sum written out."""
    reward, terminated, ended = episodes.reward[seed], episodes.terminated[seed], episodes.ended[seed]
    found = torch.zeros_like(reward)
    for t in range(len(reward)):
        for l in range(len(reward) - t):  # noqa: E741
            k = t + l
            bootstrap = 0.0 if terminated[k] else gamma * following[k]
            found[t] += (gamma * lambda_) ** l * (reward[k] + bootstrap - value[k])
            if ended[k]:
                break
    return found


def n_step_returns(episodes, seed: int, following: Tensor, gamma: float, n: int) -> Tensor:
    """n rewards and then V, fewer where the episode or the segment ends before; no V after a termination."""
    reward, terminated, ended = episodes.reward[seed], episodes.terminated[seed], episodes.ended[seed]
    found = torch.zeros_like(reward)
    for t in range(len(reward)):
        for k in range(n):
            found[t] += gamma**k * reward[t + k]
            if ended[t + k] or k == n - 1:
                found[t] += 0.0 if terminated[t + k] else gamma ** (k + 1) * following[t + k]
                break
    return found


class Actor(nn.Module):
    """A policy of one row: `choices`, a Gaussian with a `free` deviation, or one whose deviation the network gives."""

    def __init__(self, kind: str, row: Tensor, hidden: list[int], width: int, activation, normalise_first=False):
        super().__init__()
        self.kind = kind
        outputs = 2 * width if kind == "softplus" else width
        self.net = mlp([3, *hidden, outputs], activation, normalise_first)
        self.log_std = parameter(row[-width:]) if kind == "free" else None
        self.load(row)

    def load(self, row: Tensor) -> None:
        if self.log_std is None:
            fill(self.net, row)
            return
        width = len(self.log_std)
        fill(self.net, row[:-width])
        self.log_std.data.copy_(row[-width:])

    def row(self) -> Tensor:
        return flat(self.net) if self.log_std is None else torch.cat([flat(self.net), self.log_std.detach()])

    def trained(self) -> list[Tensor]:
        return [*self.net.parameters()] + ([] if self.log_std is None else [self.log_std])

    def forward(self, s: Tensor) -> Distribution:
        if self.kind == "choices":
            return OneHotCategorical(logits=self.net(s))
        if self.log_std is not None:
            mean = self.net(s)
            return Independent(Normal(mean, self.log_std.clamp(-20, 2).exp().expand_as(mean)), 1)
        mean, raw = self.net(s).chunk(2, -1)
        return Independent(Normal(mean, softplus(raw) * 0.5 / math.log(2) + 1e-6), 1)


class OnPolicy:
    """V(s), what the networks see, and the columns of a round."""

    GAMMA, EPS, VALUE_LR, CLIP = 0.99, 1e-8, 3e-4, 0.5
    ADAM_EPS = 1e-8

    def __init__(self, state, seed: int, seen: Tensor | None, actor: Actor, critic: nn.Sequential) -> None:
        self.actor, self.critic, self.seen = actor, critic, seen
        self.critic_optimiser = torch.optim.Adam(critic.parameters(), lr=self.VALUE_LR, eps=self.ADAM_EPS)

    def see(self, s: Tensor) -> Tensor:
        if self.seen is None:
            return s
        return ((s - self.seen.mean(0)) / (self.seen.std(0, correction=0) + self.EPS)).clamp(-5, 5)

    @torch.no_grad()
    def value(self, s: Tensor) -> Tensor:
        return self.critic(self.see(s)).squeeze(-1)

    def update_value(self, s: Tensor, target: Tensor) -> None:
        loss = 0.5 * (self.critic(self.see(s)).squeeze(-1) - target).square().mean()
        descend(loss, (self.critic_optimiser, self.critic.parameters()), clip=self.CLIP)

    @torch.no_grad()
    def old(self, s: Tensor) -> Distribution:
        """The policy that took the actions, which does not change during a round."""
        pi = self.actor(self.see(s))
        if isinstance(pi, OneHotCategorical):
            return OneHotCategorical(logits=pi.logits.clone())
        return Independent(Normal(pi.base_dist.loc.clone(), pi.base_dist.scale.clone()), 1)

    def advantages(self, episodes, seed: int, lambda_: float) -> tuple[Tensor, Tensor]:
        """Lambda-returns, and advantages that are standardised over the valid steps."""
        value, following = self.value(episodes.observation[seed]), self.value(episodes.next_observation[seed])
        advantage = generalised_advantages(episodes, seed, value, following, self.GAMMA, lambda_)
        counted = advantage[episodes.valid[seed] > 0]
        return advantage + value, (advantage - counted.mean()) / (counted.std(correction=0) + 1e-5)


class Ppo(OnPolicy):
    """Schulman et al. 2017: an adapted penalty, the clipped ratio, or the clipped ratio and an entropy bonus."""

    ADAM_EPS, RATIO, TARGET = 1e-5, 0.2, 0.01

    def __init__(self, state, seed: int, seen: Tensor | None, width: int, form: str) -> None:
        kind = "free" if seen is not None else "choices"
        actor = Actor(kind, leaf_of(state, "policy")[seed], [8, 6], width, nn.Tanh)
        super().__init__(state, seed, seen, actor, fill(mlp([3, 9, 7, 1], nn.Tanh), state.critic.params[seed]))
        self.optimiser = torch.optim.Adam(actor.trained(), lr=3e-4, eps=1e-5)
        self.form, self.beta = form, state.eta[seed] if form == "penalty" else None

    def update_policy(self, s: Tensor, a: Tensor, advantage: Tensor, old: Distribution) -> None:
        pi = self.actor(self.see(s))
        ratio = (pi.log_prob(a) - old.log_prob(a)).exp()
        if self.form == "penalty":
            loss = -(ratio * advantage).mean() + self.beta * kl_divergence(old, pi).mean()
        else:
            # the smaller of the two products, by the advantage's sign
            upper, lower = ratio.clamp(max=1 + self.RATIO), ratio.clamp(min=1 - self.RATIO)
            loss = -(torch.where(advantage > 0, upper, lower) * advantage).mean()
        if self.form == "entropy":
            loss = loss - 0.01 * pi.entropy().mean()
        descend(loss, (self.optimiser, self.actor.trained()), clip=self.CLIP)

    @torch.no_grad()
    def update_penalty(self, s: Tensor, old: Distribution, valid: Tensor) -> Tensor:
        kl = kl_divergence(old, self.actor(self.see(s)))[valid > 0].mean()
        if kl > 1.5 * self.TARGET:
            self.beta = 2 * self.beta
        elif kl < self.TARGET / 1.5:
            self.beta = self.beta / 2
        return kl


def krylov_solution(matrix: Tensor, b: Tensor, dimension: int) -> Tensor:
    """What so many conjugate gradients reach: the minimiser of x.Hx / 2 - b.x over the span of b, Hb, H^2 b, ..."""
    vectors = [b / b.norm()]
    while len(vectors) < dimension:
        following = matrix @ vectors[-1]
        for _ in range(2):
            for vector in vectors:
                following = following - (following @ vector) * vector
        vectors.append(following / following.norm())
    basis = torch.stack(vectors, 1)
    return basis @ torch.linalg.solve(basis.T @ matrix @ basis, basis.T @ b)


class Trpo(OnPolicy):
    """Schulman et al. 2015 with the Fisher matrix as a matrix."""

    GAMMA, VALUE_LR, CLIP = 0.995, 1e-3, None

    def __init__(self, state, seed: int, seen: Tensor | None, width: int, delta, damping, iterations, tries) -> None:
        kind = "free" if seen is not None else "choices"
        actor = Actor(kind, leaf_of(state, "policy")[seed], [2], width, nn.Tanh)
        super().__init__(state, seed, seen, actor, fill(mlp([3, 9, 7, 1], nn.Tanh), state.critic.params[seed]))
        self.delta, self.damping, self.iterations, self.tries = delta, damping, iterations, tries

    def jacobian(self, outputs: Tensor) -> Tensor:
        """The derivatives of some numbers by the policy's row."""
        rows = []
        for output in outputs.reshape(-1):
            gradients = torch.autograd.grad(output, [*self.actor.net.parameters()], retain_graph=True)
            rows.append(torch.cat([g.T.reshape(-1) if g.dim() == 2 else g for g in gradients]))
        return torch.stack(rows)

    def fisher(self, s: Tensor) -> Tensor:
        """E_s of J^T M J, M the Fisher matrix of a mean or of logits; 2 for each log deviation."""
        pi = self.actor(self.see(s))
        width = pi.event_shape[0]
        if isinstance(pi, OneHotCategorical):
            jacobian = self.jacobian(self.actor.net(self.see(s))).view(len(s), width, -1)
            inner = torch.diag_embed(pi.probs) - pi.probs.unsqueeze(-1) * pi.probs.unsqueeze(-2)
            return torch.einsum("nap,nab,nbq->pq", jacobian, inner.detach(), jacobian) / len(s)
        jacobian = self.jacobian(pi.base_dist.loc).view(len(s), width, -1)
        precision = pi.base_dist.scale.detach() ** -2
        of_mean = torch.einsum("nap,na,naq->pq", jacobian, precision, jacobian) / len(s)
        return torch.block_diag(of_mean, 2 * torch.eye(width, dtype=s.dtype))

    def gradient(self, s: Tensor, a: Tensor, advantage: Tensor) -> Tensor:
        """At the old policy that of E[ratio A] is the policy gradient E[A grad log pi]."""
        gain = (advantage * self.actor(self.see(s)).log_prob(a)).mean()
        gradients = torch.autograd.grad(gain, self.actor.trained())
        return torch.cat([g.T.reshape(-1) if g.dim() == 2 else g for g in gradients])

    def update_policy(self, s: Tensor, a: Tensor, advantage: Tensor) -> float:
        """-> the fraction of the full step that was taken."""
        start, old = self.actor.row(), self.old(s)
        matrix = self.fisher(s) + self.damping * torch.eye(len(start), dtype=s.dtype)
        g = self.gradient(s, a, advantage)
        if self.iterations >= len(start):
            x = torch.linalg.solve(matrix, g)
        else:
            x = krylov_solution(matrix, g, self.iterations)
        step = (2 * self.delta / (x @ matrix @ x + 1e-8)).sqrt() * x
        with torch.no_grad():
            for k in range(self.tries):
                self.actor.load(start + 0.5**k * step)
                pi = self.actor(self.see(s))
                gain = ((pi.log_prob(a) - old.log_prob(a)).exp() * advantage).mean()
                if kl_divergence(old, pi).mean() <= self.delta and gain >= advantage.mean():
                    return 0.5**k
            self.actor.load(start)
        return 0.0


class Vmpo(OnPolicy):
    """Song et al. 2020: the better half of a batch, one temperature, and a bound on mean and covariance or on both."""

    EPS = 0.01

    def __init__(self, state, seed: int, seen: Tensor | None, width: int) -> None:
        continuous = seen is not None
        self.VALUE_LR = 3e-4 if continuous else 1e-3
        kind = "softplus" if continuous else "choices"
        actor = Actor(kind, leaf_of(state, "policy")[seed], [8, 6], width, nn.ELU, True)
        super().__init__(state, seed, seen, actor, fill(mlp([3, 9, 7, 1], nn.ELU, True), state.critic.params[seed]))
        self.optimiser = torch.optim.Adam(actor.trained(), lr=self.VALUE_LR)
        self.epsilon = 0.01 if continuous else 0.02
        self.bounds = {"alpha_mean_raw": 0.01, "alpha_cov_raw": 5e-5} if continuous else {"alpha_raw": 0.01}
        self.raw = {name: parameter(leaf_of(state, name)[seed]) for name in ("eta_raw", *self.bounds)}
        self.dual_optimisers = [torch.optim.Adam([raw], lr=1e-2) for raw in self.raw.values()]

    def advantages(self, episodes, seed: int, n: int) -> tuple[Tensor, Tensor]:
        following = self.value(episodes.next_observation[seed])
        target = n_step_returns(episodes, seed, following, self.GAMMA, n)
        return target, target - self.value(episodes.observation[seed])

    def update_policy(self, s: Tensor, a: Tensor, advantage: Tensor, old: Distribution) -> None:
        better = advantage >= advantage.sort(descending=True).values[len(s) // 2 - 1]
        assert better.sum() > len(s) // 2  # the data has a tie at the threshold
        eta = multiplier(self.raw["eta_raw"])
        scaled = advantage[better] / eta
        psi = torch.softmax(scaled, 0).detach()
        pi = self.actor(self.see(s))
        loss = -(psi * pi.log_prob(a)[better]).sum()
        if isinstance(pi, OneHotCategorical):
            parts = {"alpha_raw": kl_divergence(old, pi).mean().unsqueeze(0)}
        else:
            old, new = old.base_dist, pi.base_dist
            parts = {
                "alpha_mean_raw": kl_divergence(old, Normal(new.loc, old.scale)).mean(0),
                "alpha_cov_raw": kl_divergence(old, Normal(old.loc, new.scale)).mean(0),
            }
            beyond = (-1 - new.loc).clamp(min=0).square() + (new.loc - 1).clamp(min=0).square()
            loss = loss + 10 * 0.5 * beyond.sum(-1).mean()
        dual = eta * (self.epsilon + torch.logsumexp(scaled, 0) - math.log(len(scaled)))
        for name, kl in parts.items():
            alpha = multiplier(self.raw[name])
            loss = loss + (alpha.detach() * kl).sum()
            dual = dual + (alpha * (self.bounds[name] - kl.detach())).sum()
        descend(loss, (self.optimiser, self.actor.trained()), clip=self.CLIP)
        each = zip(self.dual_optimisers, ([raw] for raw in self.raw.values()), strict=True)
        descend(dual.squeeze(), *each, clip=self.CLIP)
