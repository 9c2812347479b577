"""G = A_soft[pi_q]: its second derivation, its equivalence with soft Q-learning, and what it converges to."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from plain import flat
from plain_onpolicy import Erpg
from plain_priors import ErpgTowards
from reference import SEEDS, assert_close, double, episodes_of, generators, minibatch, module_of, move, start
from tiny import CPU, leaf_of, with_leaf

from taxon.operators.data import Episodes
from taxon.operators.observations import Array
from taxon.runtime.loop.loop import Loop, streams
from taxon.tasks import chain

SMALL = (
    *("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]", "eta = 0.2"),
    *("data.environments = 3", "data.steps = 12", "data.batch = 12"),
)
KINDS = {
    "choices": ("discrete", ()),
    "free": ("continuous", ("pi_theta = normal(mean(s), cov)",)),
    "squashed": ("continuous", ("pi_theta = tanh(normal(mean(s), cov))",)),
}


@pytest.mark.parametrize("clip", [None, 0.2])
@pytest.mark.parametrize("kind", KINDS)
def test_second_derivation(kind: str, clip: float | None, tmp_path: Path) -> None:
    """Two rounds of updates, by a divergence in closed form and by one that the actions taken estimate."""
    actions, policy = KINDS[kind]
    clipped = (f"pi_q.update = sg + clipped(ratio = {clip})",) if clip else ()
    built = module_of("erpg", tmp_path, (*SMALL, *policy, *clipped), actions)
    width = 3 if kind == "choices" else 2
    agent, draw = built.Agent(Array((3,)), width), torch.Generator().manual_seed(5)
    policy_phase, value_phase = (next(p for p in agent.phases if p.name == name) for name in ("policy", "value"))
    state = start(agent)
    plain = [Erpg(state, seed, width, kind, 0.2, 5, clip) for seed in range(SEEDS)]
    for number in range(2):
        episodes = episodes_of(built.DATA, draw, width, kind == "choices")
        if kind == "squashed":
            episodes = episodes._replace(action=torch.tanh(episodes.action))
        columns = policy_phase.refresh(state, episodes, generators(0))
        for seed, reference in enumerate(plain):
            for name, expected in reference.columns(episodes, seed).items():
                assert_close(name, expected, columns[name][seed], 1e-8)
        state = move(state, "policy", 0.2, number)  # as if many minibatches had passed
        for seed, reference in enumerate(plain):
            reference.actor.load(leaf_of(state, "policy")[seed])
        for _ in range(3):
            before = leaf_of(state, "policy")
            batch = minibatch(policy_phase.batch, episodes, columns, built.DATA.batch, draw)
            state, _ = policy_phase.update(state, batch, policy_phase.noise(generators(1), CPU))
            for seed, reference in enumerate(plain):
                reference.update_policy(batch.observation[seed], batch.action[seed], batch.advantage[seed])
                assert_close(f"policy, seed {seed}", reference.actor.row(), leaf_of(state, "policy")[seed], 1e-8)
            assert not torch.equal(before, leaf_of(state, "policy"))
            batch = minibatch(value_phase.batch, episodes, columns, built.DATA.batch, draw)
            state, _ = value_phase.update(state, batch, value_phase.noise(generators(1), CPU))
            for seed, reference in enumerate(plain):
                reference.update_value(batch.observation[seed], batch.target[seed])
                assert_close(f"critic, seed {seed}", flat(reference.critic), leaf_of(state, "critic")[seed])


@pytest.mark.parametrize("power", [1.0, 0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_towards_a_prior(kind: str, power: float, tmp_path: Path) -> None:
    """Every step pays for its divergence from a behaviour policy as it stood before the round, the loss for that from
    the one at hand: in closed form, or, of a power behind tanh, by the actions taken."""
    actions, policy = KINDS[kind]
    prior = (f"pi_p = behaviour(power = {power})", "pi_p.update = sg", "network.prior.hidden = [7, 5]")
    built = module_of("erpg", tmp_path, (*SMALL, *policy, *prior, "optimizer.prior = adam(lr = 1e-2)"), actions)
    width = 3 if kind == "choices" else 2
    agent, draw = built.Agent(Array((3,)), width), torch.Generator().manual_seed(5)
    phase = next(phase for phase in agent.phases if phase.name == "policy")
    state = start(agent)
    plain = [ErpgTowards(state, seed, width, kind, 0.2, power) for seed in range(SEEDS)]
    for number in range(2):
        episodes = episodes_of(built.DATA, draw, width, kind == "choices")
        if kind == "squashed":
            episodes = episodes._replace(action=torch.tanh(episodes.action))
        columns = phase.refresh(state, episodes, generators(0))
        for seed, reference in enumerate(plain):
            for name, expected in reference.columns(episodes, seed).items():
                assert_close(name, expected, columns[name][seed], 1e-8)
        state = move(state, "policy", 0.2, number)
        for seed, reference in enumerate(plain):
            reference.actor.load(leaf_of(state, "policy")[seed])
        for _ in range(3):
            before = state
            batch = minibatch(phase.batch, episodes, columns, built.DATA.batch, draw)
            state, _ = phase.update(state, batch, phase.noise(generators(1), CPU))
            for seed, reference in enumerate(plain):
                reference.update_policy(batch.observation[seed], batch.action[seed], batch.advantage[seed])
                assert_close(f"policy, seed {seed}", reference.actor.row(), leaf_of(state, "policy")[seed], 1e-8)
                assert_close(f"prior, seed {seed}", reference.prior.row(), leaf_of(state, "prior")[seed], 1e-8)
            for name in ("policy", "prior"):
                assert not torch.equal(leaf_of(before, name), leaf_of(state, name))


# ---- tables: a linear network of a one-hot state, and gradient steps of size 1

ACTIONS = 3
TABLE = """taxon 1

algorithm table {
  pi_q        = pi_theta
  pi_p        = fixed
  pi_q.update = sg
  pi_p.update = fixed
  G           = A_soft[pi_q]
  G.estimate  = td(0)
  pi_theta    = softmax(logits(s))
  data        = rollouts(environments = 1, steps = 5, policy_epochs = 1, value_epochs = 1, batch = 5)
  network.hidden = []
  optimizer { policy = sgd(lr = 1), value = sgd(lr = 1) }
}
"""


def table_of(folder: Path, *sets: str) -> ModuleType:
    spec = folder / "table.tx"
    spec.write_text(TABLE, encoding="utf-8")
    return module_of(spec, folder, sets)


class Table:
    """A policy and a V of which each state has its own parameters, and their gradients at a round of data."""

    def __init__(self, built: ModuleType, states: int, actions: int) -> None:
        self.agent, self.states, self.data = built.Agent(Array((states,)), actions), states, built.DATA
        self.state = double(self.agent.init([torch.Generator().manual_seed(0)]))
        self.phases = {phase.name: phase for phase in self.agent.phases}

    def set(self, logits: torch.Tensor, value: torch.Tensor) -> None:
        """logits [states, actions], value [states]; the biases are 0."""
        policy = torch.cat([logits.reshape(-1), torch.zeros(logits.shape[1])]).double()
        critic = torch.cat([value, torch.zeros(1)]).double()
        state = with_leaf(self.state, "policy", policy.unsqueeze(0))
        self.state = with_leaf(state, "critic", critic.unsqueeze(0))

    def read(self, state: Any) -> tuple[torch.Tensor, torch.Tensor]:
        rows = leaf_of(state, "policy")[0].view(self.states + 1, -1)
        return rows[:-1], leaf_of(state, "critic")[0, :-1]

    def gradients(self, episodes: Episodes) -> tuple[torch.Tensor, torch.Tensor]:
        """Of both losses, by the steps of size 1 that follow them."""
        columns = self.phases["policy"].refresh(self.state, episodes, [])
        after = self.state
        for name in ("policy", "value"):
            phase = self.phases[name]
            stored = {n: c for n, c in episodes._asdict().items() if c is not None} | columns
            batch = phase.batch(**{field: stored[field] for field in phase.batch._fields})
            after, _ = phase.update(after, batch, phase.noise([torch.Generator()], CPU))
        (logits, value), (new_logits, new_value) = self.read(self.state), self.read(after)
        return logits - new_logits, value - new_value


def one_hot(indices: Any, count: int) -> torch.Tensor:
    return torch.eye(count, dtype=torch.float64)[torch.as_tensor(indices)]


def steps(
    states: list, actions: list, rewards: list, following: list, terminated: list, ended: list, count: int
) -> Any:
    """Steps of one seed in time order, as a round keeps them."""
    columns = [torch.tensor([column], dtype=torch.float64) for column in (rewards, terminated, ended)]
    reward, terminated_, ended_ = columns
    zeros = torch.zeros_like(reward)
    return Episodes(
        one_hot([states], count),
        one_hot([actions], ACTIONS),
        reward,
        one_hot([following], count),
        terminated_,
        zeros,
        ended_,
        torch.ones_like(reward),
        zeros,
    )


def soft_q_gradients(logits, value, eta, sums) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients of 1/2 mean (Q(s, a) - y)^2 with Q = V + eta log pi, y held: soft Q-learning's.

    sums: (state, action, y) for each step, each action as often as the policy takes it.
    """
    logits, value = logits.clone().requires_grad_(), value.clone().requires_grad_()
    q = value.unsqueeze(-1) + eta * torch.log_softmax(logits, -1)
    errors = torch.stack([q[s, a] - y for s, a, y in sums])
    return torch.autograd.grad(0.5 * errors.square().mean(), (logits, value))


def test_one_step_is_soft_q_learning(tmp_path: Path) -> None:
    """The gradients of ERPG and of soft Q-learning on a bandit, each action as often as the policy takes it."""
    table = Table(table_of(tmp_path, "eta = 0.5"), 1, ACTIONS)
    counts, rewards, eta = [4, 3, 1], [1.0, 2.0, 0.0], 0.5
    logits, value = torch.tensor([counts]).double().log(), torch.tensor([0.4]).double()
    actions = [a for a, count in enumerate(counts) for _ in range(count)]
    table.set(logits, value)
    paid = [rewards[a] for a in actions]
    ones = [1.0] * len(actions)
    episodes = steps([0] * 8, actions, paid, [0] * 8, ones, ones, 1)
    policy, critic = table.gradients(episodes)
    by_logits, by_value = soft_q_gradients(logits, value, eta, [(0, a, r) for a, r in zip(actions, paid, strict=True)])
    assert_close("logits", by_logits, eta * policy)
    assert_close("value", by_value, critic)


def test_known_gradients_of_the_equivalence() -> None:
    """Logits [.1, -.2, .3], V = .4, r = [1, 2, 0], eta = .5: known values, which an uncounted divergence misses.

    Here the prior is the uniform distribution itself, so that the divergence is log 3 less the entropy."""
    eta, reward = 0.5, torch.tensor([1.0, 2.0, 0.0]).double()
    logits = torch.tensor([0.1, -0.2, 0.3]).double().requires_grad_()
    value = torch.tensor(0.4).double().requires_grad_()
    prior = torch.full((3,), 1 / 3).double()
    log_pi = torch.log_softmax(logits, -1)
    pi = log_pi.exp().detach()
    q = value + eta * (log_pi - prior.log())
    soft_q = torch.autograd.grad(0.5 * (pi * (q - reward).square()).sum(), (logits, value), retain_graph=True)
    divergence = (log_pi.exp() * (log_pi - prior.log())).sum()

    def ascent(counted: float) -> tuple[torch.Tensor, ...]:
        target = (pi * reward).sum() - counted * eta * divergence.detach()
        gain = (pi * (reward - value.detach()) * log_pi).sum() - eta * divergence
        return torch.autograd.grad(-eta * gain + 0.5 * (value - target).square(), (logits, value), retain_graph=True)

    for found in (soft_q, ascent(1.0)):
        assert_close("logits", torch.tensor([-0.0280123, -0.1645531, 0.1925654]).double(), found[0], 1e-6)
        assert_close("value", torch.tensor(-0.4277063).double(), found[1], 1e-6)
    assert (ascent(0.0)[1] - soft_q[1]).abs() > 0.01


@pytest.mark.parametrize("naive", [False, True])
def test_two_steps_are_soft_q_learning(naive: bool, tmp_path: Path) -> None:
    """Two-step targets hold the entropy of the second state; with a bonus in the loss alone they would not."""
    eta, gamma = 0.5, 0.9
    sets = (f"eta = {eta}", "G.estimate = n_step(2)", f"gamma = {gamma}", *(["G = A[pi_q]"] if naive else []))
    table = Table(table_of(tmp_path, *sets), 4, ACTIONS)
    counts = [[2, 1, 1], [1, 1, 2], [2, 1, 1], [1, 2, 1]]
    logits = torch.tensor(counts).double().log()
    value = torch.tensor([0.4, -0.3, 0.8, 0.1]).double()
    reward = torch.tensor(np.random.default_rng(3).normal(size=(4, ACTIONS)))
    table.set(logits, value)
    often = [[a for a, count in enumerate(row) for _ in range(count)] for row in counts]
    entropy = -(torch.softmax(logits, -1) * torch.log_softmax(logits, -1)).sum(-1)
    columns: list[list] = [[], [], [], [], [], []]
    sums = []
    for first, place in itertools.product(often[0], range(4)):  # action a leads from state 0 to state a + 1
        state = first + 1
        second = often[state][place]
        over = float(second == 0)  # which ends the episode; the others lead back to state 0
        for step in ((0, first, reward[0, first], state, 0, 0), (state, second, reward[state, second], 0, over, 1)):
            for column, entry in zip(columns, step, strict=True):
                column.append(entry)
        after = reward[state, second] + eta * entropy[state] + gamma * (1 - over) * value[0]
        sums.append((0, first, reward[0, first] + gamma * after))
        sums.append((state, second, reward[state, second] + gamma * (1 - over) * value[0]))
    policy, critic = table.gradients(steps(*columns, 4))
    by_logits, by_value = soft_q_gradients(logits, value, eta, sums)
    if naive:
        assert (by_value - critic).abs().max() > 0.05
    else:
        assert_close("logits", by_logits, eta * policy)
        assert_close("value", by_value, critic)


# ---- what it converges to


class Chain:
    """`taxon/Chain-v0` as a loop steps it: a one-hot state, truncated after 100 steps."""

    observation, layout, action, discrete = 2, Array((2,)), 2, True

    def __init__(self, seed: int) -> None:
        self.world = chain.Chain()
        self.reset(seed)

    def reset(self, seed: int | None = None) -> np.ndarray:
        self.time = 0
        return np.eye(2, dtype=np.float32)[self.world.reset(seed=seed)[0]]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool]:
        self.time += 1
        state, reward, *_ = self.world.step(int(np.argmax(action)))
        return np.eye(2, dtype=np.float32)[state], reward, False, self.time == chain.HORIZON


def soft_optimum(eta: float, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The policy and V that soft value iteration finds on the chain, the counting measure of actions as prior."""
    value = np.zeros(2)
    for _ in range(1000):
        q = chain.REWARD + gamma * chain.TRANSITION @ value
        value = eta * np.log(np.exp(q / eta).sum(1))
    return torch.tensor(np.exp((q - value[:, None]) / eta)), torch.tensor(value)


@pytest.mark.parametrize("estimate", ["td(0)", "n_step(5)", "gae(0.9)"])
def test_the_chain_is_solved_as_by_soft_value_iteration(estimate: str, tmp_path: Path) -> None:
    """Policy and V, the mean of three seeds, against the soft optimum."""
    eta, gamma, steps_ = 1.0, 0.8, 24_000
    sets = (
        *(f"eta = {eta}", f"gamma = {gamma}", f"G.estimate = {estimate}"),
        "data = rollouts(environments = 8, steps = 10, policy_epochs = 1, value_epochs = 1, batch = 80)",
        *(f"optimizer.{who} = adam(lr = linear(0.1, 0.01, over = {steps_}))" for who in ("policy", "value")),
    )
    built = table_of(tmp_path, *sets)
    sources = streams(range(3), CPU, built.DATA.environments)
    worlds = [Chain(seed) for seed in sources.environment]
    loop = Loop(built.Agent(Chain.layout, 2), built.DATA, worlds, sources, steps_, CPU)
    while loop.steps < steps_:
        loop.step()
    rows, critic = leaf_of(loop.state, "policy").view(3, 3, 2), leaf_of(loop.state, "critic")
    policy = torch.softmax(rows[:, :2] + rows[:, 2:], -1).mean(0).double()
    value = (critic[:, :2] + critic[:, 2:]).mean(0).double()
    best, worth = soft_optimum(eta, gamma)
    assert (policy - best).abs().max() < 0.03, (policy, best)
    assert (value - worth).abs().max() < 0.3, (value, worth)
