"""Priors beside the policy: golden vectors, and fixed points that are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from reference import double, generators
from tiny import CPU, build, leaf_of, row_of, with_leaf

from taxon.operators.columns import without
from taxon.operators.distributions import normal_entropy, normal_log_prob
from taxon.operators.divergences import normal_kl
from taxon.operators.full_covariance import full_log_prob
from taxon.operators.mixture import mixture_log_prob
from taxon.operators.observations import Array
from taxon.operators.optimisers import held_after
from taxon.semantics import load_spec

LINEAR = "network.hidden = []"
PLAIN = (LINEAR, "pi_theta = normal(mean(s), cov(s))", "network.input = raw")


def wide(numbers: list[Any]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def agent_of(folder: Path, *sets: str, observations: int = 1, actions: int = 1) -> Any:
    row = row_of("sac", *sets, unsets=("optimizer.dual",))
    return build(row, folder).Agent(Array((observations,)), actions)


def updated(agent: Any, batch: int, noise: torch.Tensor | None = None, **fields: torch.Tensor) -> Any:
    """The state and the metrics after one update, in float64: networks of zeros but for `fields`, no reward but 1."""
    state = double(agent.init(generators(0)[:1]))
    named = ("policy", "critic", "critic.target", *(["prior"] if hasattr(state, "prior") else []))
    zeros = {name: torch.zeros_like(leaf_of(state, name)) for name in named}
    given = {name.replace("_target", ".target"): value for name, value in fields.items()}
    for name, value in (zeros | given).items():
        state = with_leaf(state, name, value)
    (phase,) = agent.phases
    drawn = double(phase.noise(generators(0)[:1], CPU))
    drawn = drawn._replace(**{name: torch.zeros_like(getattr(drawn, name)) for name in drawn._fields})
    if noise is not None:
        drawn = drawn._replace(action=noise)
    s = torch.zeros(1, batch, agent.observations).double()
    columns = {"observation": s, "next_observation": s, "action": torch.zeros(1, batch, agent.actions).double()}
    columns |= {"reward": torch.ones(1, batch).double(), "terminated": torch.zeros(1, batch).double()}
    return state, *phase.update(state, phase.batch(**columns), drawn)


@pytest.mark.parametrize(("power", "target"), [(0.5, 3.4948), (1, 3.376)])
def test_the_target_is_regularised_towards_the_prior(power: float, target: float, tmp_path: Path) -> None:
    """r + gamma [Q - eta (log pi - a log pi_p)], r = 1, gamma = .99, Q = (3, 2.5), log pi = -.7, log pi_p = -1.2."""
    prior = (f"pi_p = default(hide = [0], power = {power})", "pi_p.update = sg", "eta = 0.2", "data.batch = 4")
    agent = agent_of(tmp_path, *PLAIN, *prior)
    log_std = [0.7 - 0.5 * math.log(2 * math.pi), 1.2 - 0.5 * math.log(2 * math.pi)]  # of a density at its mean
    policy = wide([[0.0, 0.0, 0.0, log_std[0]]])  # weights of mean and deviation, then their biases
    critic = torch.zeros(1, 2, 3).double()
    critic[0, :, 2] = torch.tensor([3.0, 2.5])
    own = wide([[0.0, log_std[1]]])  # all is hidden: there are biases alone
    _, _, metrics = updated(agent, 4, policy=policy, prior=own, critic_target=critic)
    # both critics are 0 everywhere: 1/2 (y - 0)^2, twice
    assert metrics["value_loss"].sqrt().item() == pytest.approx(target, abs=1e-6)


@pytest.mark.parametrize(("eta", "mean", "variance"), [(0.5, 4 / 3, 1 / 3), (1.0, 1.0, 0.5)])
def test_the_optimum_towards_a_gaussian(eta: float, mean: float, variance: float, tmp_path: Path) -> None:
    """pi = b exp(Q / eta) / Z of b = N(0, 1) and Q = -(a - 2)^2 / 2, where the gradient of the loss is 0.

    Two draws at +-1 have a Gaussian's moments up to the third, so that the mean of a quadratic over them is exact.
    """
    prior = ("pi_p = constant(std = 1)", "pi_p.update = fixed", f"eta = {eta}", "data.batch = 2")
    agent = agent_of(tmp_path, *PLAIN, *prior)
    agent.q = lambda critic, observation, action: -0.5 * (action - 2).square().sum(-1)
    noise = wide([-1.0, 1.0]).view(1, 2, 1)
    optimum = wide([[0.0, 0.0, mean, 0.5 * math.log(variance)]])
    _, _, metrics = updated(agent, 2, noise, policy=optimum)
    assert metrics["policy_gradient"].item() == pytest.approx(0, abs=1e-12)
    for moved in (0.1 * torch.eye(4)[[2]], 0.1 * torch.eye(4)[[3]]):
        _, _, metrics = updated(agent, 2, noise, policy=optimum + moved)
        assert metrics["policy_gradient"].item() > 0.01


def distilling(folder: Path, *sets: str) -> Any:
    """A default policy that sees nothing, of three states' policies."""
    prior = (
        "pi_p = default(hide = [0])",
        "pi_p.update = sg",
        "eta = 0.2",
        "data.batch = 3",
        "optimizer.prior = sgd(1)",
    )
    agent = agent_of(folder, *PLAIN, *prior, *sets)
    means, deviations = (wide(x).view(1, 3, 1) for x in ([-1.0, 1.0, 0.5], [0.5, 0.3, 0.4]))
    agent.policy.apply = lambda flat, x: (means, deviations)
    return agent


def test_a_default_policy_is_distilled(tmp_path: Path) -> None:
    agent = distilling(tmp_path)
    before, after, metrics = updated(agent, 3)
    assert metrics["prior_loss"].item() == pytest.approx(0.8961369, abs=1e-6)
    torch.testing.assert_close(
        before.prior.params - after.prior.params, wide([[-0.1666667, 0.0833333]]), atol=1e-6, rtol=0
    )
    # the mean of the means, and the variance of the mixture
    best = wide([[0.1666667, math.log(0.9428090)]])
    before, after, _ = updated(agent, 3, prior=best)
    torch.testing.assert_close(before.prior.params, after.prior.params, atol=1e-6, rtol=0)


def test_a_default_policy_is_the_occupancy_weighted_average(tmp_path: Path) -> None:
    """Of a softmax, at states that look alike: what it follows has no other minimum (Galashov et al. 2019).

    Six cells of a corridor, one-hot, visited unequally; the default policy sees the first alone, so that the five
    others are one.
    """
    counts = torch.tensor([3, 1, 5, 2, 4, 1])
    cells = torch.eye(6).double().repeat_interleave(counts, 0).unsqueeze(0)
    row = load_spec(
        "sac",
        (
            *("pi_theta = softmax(logits(s))", LINEAR, "eta = 0.2", "data.batch = 16", "pi_p.update = sg"),
            *("pi_p = default(hide = [1, 2, 3, 4, 5])", "optimizer.prior = sgd(2)", "optimizer.policy = sgd(1e-18)"),
        ),
        unsets=("optimizer.dual", "network.policy.std"),
    ).row
    assert row is not None
    agent = build(row, tmp_path).Agent(Array((6,)), 3)
    state = double(agent.init(generators(0)[:1]))
    draw = torch.Generator().manual_seed(1)
    drawn = torch.randn(state.policy.params.shape, generator=draw).double()
    state = with_leaf(state, "policy", drawn)
    (phase,) = agent.phases
    columns = {"observation": cells, "next_observation": cells, "action": torch.eye(3).double()[[0]].expand(1, 16, 3)}
    columns |= {"reward": torch.zeros(1, 16).double(), "terminated": torch.zeros(1, 16).double()}
    batch, noise = phase.batch(**columns), phase.noise(generators(0)[:1], CPU)
    probabilities = torch.softmax(agent.policy.apply(state.policy.params, torch.eye(6).double().unsqueeze(0)), -1)[0]
    for _ in range(400):
        state, _ = phase.update(state, batch, noise)
    found = torch.softmax(agent.prior.apply(state.prior.params, torch.eye(6).double()[:2, :1].unsqueeze(0)), -1)[0]
    average = (counts[1:, None] * probabilities[1:]).sum(0) / counts[1:].sum()
    torch.testing.assert_close(found, torch.stack([probabilities[0], average]), atol=1e-6, rtol=0)


def test_a_large_weight_reproduces_cloning(tmp_path: Path) -> None:
    """The optimum is at most |dQ/da| / eta from the behaviour policy: Q cannot be seen beside a large divergence."""
    prior = ("pi_p = behaviour", "pi_p.update = sg", "eta = 1e6", "data.batch = 2")
    agent = agent_of(tmp_path, *PLAIN, *prior)
    agent.q = lambda critic, observation, action: -0.5 * (action - 2).square().sum(-1)
    noise, own = wide([-1.0, 1.0]).view(1, 2, 1), wide([[0.0, 0.0, -0.4, math.log(0.3)]])
    _, _, metrics = updated(agent, 2, noise, policy=own, prior=own)
    assert 1 < metrics["policy_gradient"].item() < 3  # of Q alone
    assert metrics["prior_divergence"].item() == pytest.approx(0, abs=1e-12)
    for moved in (1e-4 * torch.eye(4)[[2]], 1e-4 * torch.eye(4)[[3]]):
        _, _, metrics = updated(agent, 2, noise, policy=own + moved, prior=own)
        assert metrics["policy_gradient"].item() > 100


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_the_power_is_two_costs(power: float) -> None:
    """eta (E log q - a E log p) = c_KL KL(q || p) - c_Ent H(q), eta = c_KL + c_Ent, a = c_KL / eta: exact at +-1."""
    mean, std = wide([[0.3, -1.0]]), wide([[0.5, 1.4]])
    other, spread = wide([[-0.2, 0.1]]), wide([[0.9, 0.7]])
    eta = 0.25
    weight, bonus = power * eta, (1 - power) * eta
    drawn = [mean + std * sign for sign in (-1.0, 1.0)]
    logs = [normal_log_prob(mean, std, a) - power * normal_log_prob(other, spread, a) for a in drawn]
    sampled = eta * torch.stack(logs).mean(0)
    exact = weight * normal_kl(mean, std, other, spread) - bonus * normal_entropy(std)
    torch.testing.assert_close(sampled, exact, rtol=0, atol=1e-12)


def test_operators() -> None:
    x = torch.arange(24.0).view(2, 3, 4)
    assert torch.equal(without(x, (1, 3)), x[..., [0, 2]])
    assert torch.equal(without(x, ()), x)
    assert without(x, (0, 1, 2, 3)).shape == (2, 3, 0)
    new, old = torch.ones(3, 2), torch.zeros(3, 2)
    assert held_after(new, old, torch.tensor([1, 5, 6]), 5)[:, 0].tolist() == [1, 1, 0]


FAMILIES = [
    "normal(mean(s), cov(s))",
    "normal(mean(s), 0.09)",
    "normal(mean(s), cov(s), structure = full)",
    "mixture(3, normal(mean(s), cov(s)))",
    "mixture(3, normal(mean(s), cov(s), structure = full))",
]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_constant_prior_is_one_gaussian(family: str, tmp_path: Path) -> None:
    """Whatever the family in which it is held against the policy."""
    sets = (f"pi_theta = {family}", "pi_p = constant(std = 0.7)", "G = A[pi_q]", "eta = 0.2", "pi_p.update = fixed")
    unsets = ("network.policy.std",) if "0.09" in family else ()
    built = build(row_of("ppo_clip", *sets, unsets=unsets), tmp_path)
    agent = built.Agent(Array((3,)), 2)
    u = torch.randn(2, 4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    parameters = agent.prior.apply(torch.zeros(2, 4, 3).double())
    expected = torch.distributions.Normal(torch.zeros_like(u), torch.full_like(u, 0.7)).log_prob(u).sum(-1)
    if "mixture" in family:
        of_each = full_log_prob if "full" in family else normal_log_prob
        found = mixture_log_prob(parameters[0], of_each(*parameters[1:], u.unsqueeze(-2)))
    else:
        found = (full_log_prob if "full" in family else normal_log_prob)(*parameters, u)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bias", ["zeros", "fan_in_uniform"])
@pytest.mark.parametrize("init", ["xavier_uniform", "variance_scaling(mode = fan_in)", "uniform"])
@pytest.mark.parametrize("features", ["identity", "polynomial", "fourier(count = 3)"])
def test_a_prior_that_sees_nothing_has_a_network(bias: str, init: str, features: str, tmp_path: Path) -> None:
    prior = ("pi_p = default(hide = [0, 1])", "pi_p.update = sg", "eta = 0.2", "network.hidden = [5]")
    network = (f"network.prior.bias = {bias}", f"network.prior.init = {init}", f"network.prior.features = {features}")
    agent = agent_of(tmp_path, *prior, *network, observations=2)
    state = agent.init(generators(0))
    assert state.prior.params.isfinite().all()
    mean, std = agent.prior.apply(state.prior.params, without(torch.zeros(2, 3, 2), (0, 1)))
    assert mean.shape == std.shape == (2, 3, 1)
