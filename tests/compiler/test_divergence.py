"""The divergence that stands beside the gain, in closed form or of samples: gradients against torch.distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from reference import (
    OBSERVATIONS,
    SEEDS,
    assert_close,
    double,
    episodes_of,
    generators,
    minibatch,
    module_of,
    move,
    normal,
)
from reference import start as middle
from tiny import CPU, leaf_of
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import softplus

from taxon.operators.observations import Array

ETA, ACTIONS = 0.3, 2
SMALL = (
    *("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]", "data.batch = 12", "eta = 0.3"),
    "optimizer.policy = sgd(lr = 1)",
)
EXAMPLES = Path(__file__).parents[2] / "examples"
SAC = """taxon 1
algorithm sampled extends std.sac {{
  G = Q[pi_q]
  eta = 0.3
  unset optimizer.dual
  pi_theta = {}
}}
"""


def mmd(x: Tensor, y: Tensor, norm: int, width: float) -> Tensor:
    """The square of the discrepancy of [M, B, A] and [N, B, A], by distances of all pairs at a state."""

    def mean(a: Tensor, b: Tensor) -> Tensor:
        apart = torch.cdist(
            a.movedim(1, 0), b.movedim(1, 0), p=float(norm), compute_mode="donot_use_mm_for_euclid_dist"
        )
        return torch.exp(-(apart**norm) / (2 * width)).mean((1, 2))

    return mean(x, x) + mean(y, y) - 2 * mean(x, y)


def box(noise: Tensor) -> Tensor:
    """Uniform draws of the box of pairs of normal ones [..., 2, A], by their radius."""
    return 2 * torch.exp(-0.5 * noise.square().sum(-2)) - 1


def moved(before: Any, after: Any, name: str) -> Tensor:
    """How far a step of size 1 went down: the gradient."""
    return leaf_of(before, name) - leaf_of(after, name)


class Batch:
    """A seed's share of an update: the policy's distribution as a function of its parameters, the older one, noise."""

    def __init__(self, agent: Any, state: Any, after: Any, batch: Any, noise: Any, seed: int) -> None:
        self.agent, self.state, self.after, self.seed = agent, state, after, seed
        self.batch = type(batch)(*(column[seed : seed + 1] for column in batch))
        self.noise = type(noise)(*(column[seed] for column in noise))

    def law(self, policy: Tensor) -> Normal:
        """Before tanh."""
        mean, std = self.agent.policy.apply(policy.unsqueeze(0), self.batch.observation)
        return Normal(mean[0], std[0])

    def old(self) -> Normal:
        return self.law(leaf_of(self.state, "policy.target")[self.seed])

    def prior(self) -> Normal:
        """Of a network beside the policy's, before tanh."""
        prior = leaf_of(self.state, "prior")[self.seed : self.seed + 1]
        mean, std = self.agent.prior.apply(prior, self.batch.observation)
        return Normal(mean[0], std[0])

    def q(self, action: Tensor) -> Tensor:
        critic = leaf_of(self.after, "critic")[self.seed : self.seed + 1]
        return self.agent.q(critic, self.batch.observation, action.unsqueeze(0))[0]

    def gain(self, pi: Normal) -> Tensor:
        return self.q(torch.tanh(pi.loc + pi.scale * self.noise.action)).mean()


def of_samples(
    norm: int, width: float, root: bool, on_action: bool, uniform: bool
) -> Callable[[Batch, Normal], Tensor]:
    def loss(b: Batch, pi: Normal) -> Tensor:
        x = pi.loc + pi.scale * b.noise.discrepancy
        y = box(b.noise.other) if uniform else torch.tanh(b.old().loc + b.old().scale * b.noise.other)
        squared = mmd(torch.tanh(x), y, norm, width) if on_action else mmd(x, torch.atanh(y), norm, width)
        return ETA * ((squared + 1e-6).sqrt() if root else squared).mean() - b.gain(pi)

    return loss


def closed_from_old(b: Batch, pi: Normal) -> Tensor:
    """tanh moves both alike: the divergence is that of the Gaussians."""
    return ETA * kl_divergence(pi, b.old()).sum(-1).mean() - b.gain(pi)


def closed_entropy(b: Batch, pi: Normal) -> Tensor:
    return -ETA * pi.entropy().sum(-1).mean() - b.q(pi.loc + pi.scale * b.noise.action).mean()


def closed_by_density(b: Batch, pi: Normal) -> Tensor:
    """Four actions, each held, less their mean; the divergence apart."""
    with torch.no_grad():
        u = pi.loc + pi.scale * b.noise.action
        worth = torch.stack([b.q(torch.tanh(each)) for each in u])
    score = (worth - worth.mean(0)) * pi.log_prob(u).sum(-1)
    return ETA * kl_divergence(pi, b.old()).sum(-1).mean() - score.mean()


def closed_from_prior(power: float) -> Callable[[Batch, Normal], Tensor]:
    """a KL(pi || pi_p) - (1 - a) H(pi), the entropy of pi written out: log(std sqrt(2 pi e))."""

    def loss(b: Batch, pi: Normal) -> Tensor:
        entropy = (pi.scale.log() + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)
        weighed = power * kl_divergence(pi, b.prior()).sum(-1) - (1 - power) * entropy
        return ETA * weighed.mean() - b.q(pi.loc + pi.scale * b.noise.action).mean()

    return loss


def closed_from_squashed_prior(b: Batch, pi: Normal) -> Tensor:
    return ETA * kl_divergence(pi, b.prior()).sum(-1).mean() - b.gain(pi)


def samples_of_prior(constant: float | None, on_action: bool) -> Callable[[Batch, Normal], Tensor]:
    """Draws of pi_p by its own noise: of a network, or of one Gaussian."""

    def loss(b: Batch, pi: Normal) -> Tensor:
        x = pi.loc + pi.scale * b.noise.discrepancy
        y = b.noise.other * constant if constant else b.prior().loc + b.prior().scale * b.noise.other
        x, y = (torch.tanh(x), torch.tanh(y)) if on_action else (x, y)
        return ETA * (mmd(x, y, 1, 3) + 1e-6).sqrt().mean() - b.gain(pi)

    return loss


BEHAVIOUR = ("pi_p.update = sg", "network.prior.hidden = [7, 5]")
SQUASHED, FREE = "tanh(normal(mean(s), cov(s)))", "normal(mean(s), cov(s))"
ROWS: dict[str, tuple[str | None, tuple[str, ...], Callable[[Batch, Normal], Tensor]]] = {
    "uniform": ("tanh(normal(mean(s), cov(s)))", ("divergence = mmd",), of_samples(1, 20, True, False, True)),
    "uniform in the box": (
        "tanh(normal(mean(s), cov(s)))",
        ("divergence = mmd(kernel = gaussian, width = 2, samples = 3, root = false, on = action)",),
        of_samples(2, 2, False, True, True),
    ),
    "older": (None, ("divergence = mmd(width = 3, samples = 4)",), of_samples(1, 3, True, False, False)),
    "older actions": (
        None,
        ("divergence = mmd(kernel = gaussian, width = 3, on = action)",),
        of_samples(2, 3, True, True, False),
    ),
    "closed": (None, ("divergence = kl(estimate = closed)",), closed_from_old),
    "closed entropy": ("normal(mean(s), cov(s))", ("divergence = kl(estimate = closed)",), closed_entropy),
    "closed from a prior": (
        FREE,
        ("pi_p = behaviour", *BEHAVIOUR, "divergence = kl(estimate = closed)"),
        closed_from_prior(1),
    ),
    "closed from a prior's power": (
        FREE,
        ("pi_p = behaviour(power = 0.4)", *BEHAVIOUR, "divergence = kl(estimate = closed)"),
        closed_from_prior(0.4),
    ),
    "closed from a squashed prior": (
        SQUASHED,
        ("pi_p = default", *BEHAVIOUR, "divergence = kl(estimate = closed)"),
        closed_from_squashed_prior,
    ),
    "samples of a prior": (
        SQUASHED,
        ("pi_p = behaviour", *BEHAVIOUR, "divergence = mmd(width = 3, samples = 4)"),
        samples_of_prior(None, False),
    ),
    "samples of a constant": (
        SQUASHED,
        ("pi_p = constant(std = 0.7)", "divergence = mmd(width = 3, on = action)"),
        samples_of_prior(0.7, True),
    ),
    "closed by density": (
        None,
        ("divergence = kl(estimate = closed)", "pi_q.update = sg(gradient = likelihood_ratio, samples = 4)"),
        closed_by_density,
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_gradients_through_q(row: str, tmp_path: Path) -> None:
    """A step of size 1 is the gradient of gain and divergence, by the critic that has just been updated."""
    policy, sets, loss = ROWS[row]
    spec = EXAMPLES / "mirror_descent.tx"
    if policy:
        spec = tmp_path / "sampled.tx"
        spec.write_text(SAC.format(policy), encoding="utf-8")
    built = module_of(spec, tmp_path, (*SMALL, *sets))
    agent, draw = built.Agent(Array((OBSERVATIONS,)), ACTIONS), torch.Generator().manual_seed(5)
    (phase,) = agent.phases
    state = middle(agent)
    shapes = {"observation": (3,), "next_observation": (3,), "action": (2,)}
    batch = phase.batch(
        **{name: normal(draw, SEEDS, 12, *shapes.get(name, ())).clamp(-0.9, 0.9) for name in phase.batch._fields}
    )
    noise = double(phase.noise(generators(3), CPU))
    after, _ = phase.update(state, batch, noise)
    for seed in range(SEEDS):
        b = Batch(agent, state, after, batch, noise, seed)
        parameters = leaf_of(state, "policy")[seed].clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(b, b.law(parameters)), parameters)
        assert slope.abs().max() > 1e-4
        assert_close(row, slope, moved(state, after, "policy")[seed], 1e-8)


REGION = """taxon 1
algorithm bounded extends std.sac {{
  pi_p          = behaviour
  pi_p.update   = sg
  G             = Q[pi_q]
  pi_q.update   = sg + trust_region({})
  optimizer.dual = sgd(lr = 1)
  network.prior.hidden = [7, 5]
  unset eta
}}
"""


@pytest.mark.parametrize(
    "kind", ["kl_mean = 0.1, kl_cov = 1e-3", "divergence = mmd(width = 3, samples = 4), mmd = 0.02"]
)
def test_bounds_of_the_distance_from_a_prior(kind: str, tmp_path: Path) -> None:
    """Multipliers weigh how far the policy is from a prior beside it: mean and covariance apart, or by samples."""
    spec = tmp_path / "bounded.tx"
    spec.write_text(REGION.format(kind), encoding="utf-8")
    built = module_of(spec, tmp_path, tuple(line for line in SMALL if not line.startswith("eta")))
    agent, draw = built.Agent(Array((OBSERVATIONS,)), ACTIONS), torch.Generator().manual_seed(5)
    (phase,) = agent.phases
    state = middle(agent)
    shapes = {"observation": (3,), "next_observation": (3,), "action": (2,)}
    batch = phase.batch(
        **{name: normal(draw, SEEDS, 12, *shapes.get(name, ())).clamp(-0.9, 0.9) for name in phase.batch._fields}
    )
    noise = double(phase.noise(generators(3), CPU))
    after, _ = phase.update(state, batch, noise)
    for seed in range(SEEDS):
        b = Batch(agent, state, after, batch, noise, seed)
        parameters = leaf_of(state, "policy")[seed].clone().requires_grad_()
        pi, prior = b.law(parameters), b.prior()
        if "mmd" in kind:
            x = pi.loc + pi.scale * b.noise.discrepancy
            y = prior.loc + prior.scale * b.noise.other
            apart = {"alpha_raw": ((mmd(x, y, 1, 3) + 1e-6).sqrt().mean().view(1), 0.02)}
        else:
            mean, cov = Normal(pi.loc, prior.scale), Normal(prior.loc, pi.scale)
            apart = {
                "alpha_mean_raw": (kl_divergence(mean, prior).mean(0), 0.1),
                "alpha_cov_raw": (kl_divergence(cov, prior).mean(0), 1e-3),
            }
        loss = -b.gain(pi)
        for name, (distance, bound) in apart.items():
            raw = leaf_of(state, name)[seed].clone().requires_grad_()
            alpha = softplus(raw) + 1e-8
            loss = loss + (alpha.detach() * distance).sum()
            (slope,) = torch.autograd.grad((alpha * (bound - distance.detach())).sum(), raw)
            assert_close(name, slope, moved(state, after, name)[seed], 1e-8)
        (slope,) = torch.autograd.grad(loss, parameters)
        assert_close("policy", slope, moved(state, after, "policy")[seed], 1e-8)


def test_gradient_at_the_actions_taken(tmp_path: Path) -> None:
    """PPO's objective with a discrepancy from the policy that collected the round."""
    sets = ("pi_q.update = sg(standardise = true)", "divergence = mmd(samples = 5, width = 2)", "optimizer.clip = none")
    built = module_of("ppo", tmp_path, (*SMALL, "data.steps = 12", "data.environments = 3", *sets), "continuous")
    agent, draw = built.Agent(Array((OBSERVATIONS,)), ACTIONS), torch.Generator().manual_seed(5)
    phase = next(phase for phase in agent.phases if phase.name == "policy")
    state = middle(agent)
    episodes = episodes_of(built.DATA, draw, ACTIONS)
    state = agent.observe(state, episodes.observation)
    columns = phase.refresh(state, episodes, generators(0))
    old = state
    state = move(state, "policy", 0.1)
    batch = minibatch(phase.batch, episodes, columns, 12, draw)
    noise = double(phase.noise(generators(3), CPU))
    after, _ = phase.update(state, batch, noise)
    for seed in range(SEEDS):
        seen = agent.normalise(state, batch.observation)[seed : seed + 1]

        def law(policy: Tensor, seen: Tensor = seen) -> Normal:
            mean, std = agent.policy.apply(policy.unsqueeze(0), seen)
            return Normal(mean[0], std[0])

        parameters = leaf_of(state, "policy")[seed].clone().requires_grad_()
        pi, before = law(parameters), law(leaf_of(old, "policy")[seed])
        ratio = (pi.log_prob(batch.action[seed]).sum(-1) - batch.old_log_prob[seed]).exp()
        x, y = pi.loc + pi.scale * noise.discrepancy[seed], before.loc + before.scale * noise.other[seed]
        loss = ETA * (mmd(x, y, 1, 2) + 1e-6).sqrt().mean() - (ratio * batch.advantage[seed]).mean()
        (slope,) = torch.autograd.grad(loss, parameters)
        assert_close("taken", slope, moved(state, after, "policy")[seed], 1e-8)


def test_bounds_of_a_trust_region(tmp_path: Path) -> None:
    """V-MPO's weights inside a bound on the discrepancy: the gradients of policy and multiplier."""
    sets = ("optimizer.clip = none", "network.input = raw", "optimizer.dual = sgd(lr = 1)", "bounds = none")
    small = tuple(line for line in SMALL if not line.startswith("eta"))
    spec = EXAMPLES / "vmpo_mmd.tx"
    built = module_of(spec, tmp_path, (*small, "data.steps = 12", "data.environments = 3", *sets), "continuous")
    agent, draw = built.Agent(Array((OBSERVATIONS,)), ACTIONS), torch.Generator().manual_seed(5)
    phase = next(phase for phase in agent.phases if phase.name == "policy")
    state = old = middle(agent)
    episodes = episodes_of(built.DATA, draw, ACTIONS)
    columns = phase.refresh(state, episodes, generators(0))
    state = move(state, "policy", 0.1)
    batch = minibatch(phase.batch, episodes, columns, 12, draw)
    noise = double(phase.noise(generators(3), CPU))
    after, _ = phase.update(state, batch, noise)
    for seed in range(SEEDS):
        seen = batch.observation[seed : seed + 1]

        def law(policy: Tensor, seen: Tensor = seen) -> Normal:
            mean, std = agent.policy.apply(policy.unsqueeze(0), seen)
            return Normal(mean[0], std[0])

        parameters = leaf_of(state, "policy")[seed].clone().requires_grad_()
        raw = leaf_of(state, "alpha_raw")[seed].clone().requires_grad_()
        pi, before = law(parameters), law(leaf_of(old, "policy")[seed])
        eta = softplus(leaf_of(state, "eta_raw")[seed]) + 1e-8
        kept = batch.advantage[seed] >= batch.advantage[seed].sort(descending=True).values[5]
        weights = torch.softmax((batch.advantage[seed] / eta).masked_fill(~kept, -torch.inf), 0)
        x, y = pi.loc + pi.scale * noise.discrepancy[seed], before.loc + before.scale * noise.other[seed]
        apart = (mmd(x, y, 2, 1) + 1e-6).sqrt().mean()
        alpha = softplus(raw) + 1e-8
        loss = -(weights * pi.log_prob(batch.action[seed]).sum(-1)).sum() + (alpha.detach() * apart).sum()
        (slope,) = torch.autograd.grad(loss, parameters, retain_graph=True)
        assert_close("policy", slope, moved(state, after, "policy")[seed], 1e-8)
        (slope,) = torch.autograd.grad((alpha * (0.1 - apart.detach())).sum(), raw)
        assert_close("alpha", slope, moved(state, after, "alpha_raw")[seed], 1e-8)
