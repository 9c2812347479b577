"""DDPG, TD3, and MPO and SAC over finitely many actions agree with their second derivations, in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from plain_replay import CHOICES, Deterministic, MpoOfChoices, SacOfChoices
from reference import SEEDS, assert_close, double, generators, module_of, normal, some_actions, start
from tiny import CPU, leaf_of

from taxon.operators.observations import Array
from taxon.runtime.agent import begun, map_state

NETWORKS = ("network.policy.hidden = [8, 6]", "network.value.hidden = [9, 7]", "data.batch = 12")
CHOOSING = {
    "mpo": """taxon 1
algorithm choosing extends std.mpo {
  when actions = discrete { G.estimate = td(0) }
  data        = replay(capacity = 1M, batch = 12, warmup = 1k, steps_per_update = 8)
  target.every   = 2
  optimizer.clip = 0.5
  network.policy.hidden = [8, 6]
  network.value.hidden  = [9, 7]
}
""",
    "sac": """taxon 1
algorithm choosing extends std.sac {
  pi_theta   = softmax(logits(s))
  eta        = entropy(target = 0.6, init = 1)
  data.batch = 12
  network.policy.hidden = [8, 6]
  network.value.hidden  = [9, 7]
  unset network.policy.std
}
""",
}


def steps(kind: Any, draw: torch.Generator, width: int, discrete: bool) -> Any:
    columns = {name: normal(draw, SEEDS, 12, 3) for name in ("observation", "next_observation")}
    columns |= {"action": some_actions(draw, SEEDS, 12, width=width, discrete=discrete)}
    columns |= {"reward": normal(draw, SEEDS, 12), "terminated": (normal(draw, SEEDS, 12) > 0.8).double()}
    return kind(**columns)


def check(references: list[Any], before: Any, state: Any, moving: set[str]) -> None:
    """Everything agrees; what should have moved has, and nothing else."""
    for seed, reference in enumerate(references):
        for name, (expected, found) in reference.check(state, seed).items():
            assert_close(f"{name}, seed {seed}", expected, found)
            assert torch.equal(leaf_of(before, name), leaf_of(state, name)) == (name not in moving), name


@pytest.mark.parametrize("spec", ["ddpg", "td3"])
def test_deterministic(spec: str, tmp_path: Path) -> None:
    """TD3's policy and copies stand still at every other update."""
    agent = module_of(spec, tmp_path, NETWORKS).Agent(Array((3,)), 2)
    (phase,) = agent.phases
    state, draw = start(agent), torch.Generator().manual_seed(5)
    references = [Deterministic(state, seed, spec == "td3") for seed in range(SEEDS)]
    assert phase.every == (2 if spec == "td3" else 1)
    for number in range(1, 7):
        batch = steps(phase.batch, draw, 2, False)
        noise = double(phase.noise(generators(100 + number), CPU))
        if spec == "td3":
            noise = noise._replace(smoothing=2 * noise.smoothing)
            assert (0.2 * noise.smoothing.abs() > 0.5).any()
        both, before = number % phase.every == 0, state
        state, _ = (phase.update if both else phase.between)(state, batch, noise)
        for seed, reference in enumerate(references):
            reference.update(batch, noise.smoothing[seed] if spec == "td3" else None, seed, both)
        moving = {"critic", "policy", "critic.target", "policy.target"} if both else {"critic"}
        check(references, before, state, moving)


@pytest.mark.parametrize("name", CHOOSING)
def test_finitely_many_actions(name: str, tmp_path: Path) -> None:
    spec = tmp_path / "choosing.tx"
    spec.write_text(CHOOSING[name], encoding="utf-8")
    agent = module_of(spec, tmp_path, actions="discrete").Agent(Array((3,)), CHOICES)
    (phase,) = agent.phases
    state, draw = start(agent), torch.Generator().manual_seed(5)
    if name == "mpo":
        references = [MpoOfChoices(state, seed) for seed in range(SEEDS)]
    else:
        references = [SacOfChoices(state, seed, 0.6) for seed in range(SEEDS)]
    for number in range(1, 4):
        batch, before = steps(phase.batch, draw, CHOICES, True), state
        state, _ = phase.update(state, batch, phase.noise(generators(100 + number), CPU))
        for seed, reference in enumerate(references):
            reference.update(batch, seed)
        moving = set(references[0].check(state, 0))
        if name == "mpo" and number % 2:
            moving -= {"critic.target", "policy.target"}
        check(references, before, state, moving)


@pytest.mark.parametrize("exploration", ["gaussian(std = 0.1)", "ornstein_uhlenbeck"])
def test_exploration(exploration: str, tmp_path: Path) -> None:
    """The noise is white, or remembers what it was since the episode began (Uhlenbeck & Ornstein 1930)."""
    agent = module_of("ddpg", tmp_path, (*NETWORKS, f"exploration = {exploration}")).Agent(Array((3,)), 2)
    state, draw = start(agent), torch.Generator().manual_seed(5)
    references = [Deterministic(state, seed, False) for seed in range(SEEDS)]
    process = torch.zeros(SEEDS, 1, 2, dtype=torch.float64)
    memory = fresh = map_state(torch.Tensor.double, agent.memory(SEEDS, 1, CPU))
    beyond = False
    for t in range(6):
        s, noise = normal(draw, SEEDS, 1, 3), 3 * normal(draw, SEEDS, 1, 2)
        begins = torch.full((SEEDS, 1), float(t in (0, 3))).double()
        memory, found = agent.act(state, begun(memory, begins, fresh), s, noise)
        if exploration == "ornstein_uhlenbeck":
            process = 0.85 * process * (1 - begins.unsqueeze(-1)) + 0.2 * noise
        else:
            process = 0.1 * noise
        for seed, reference in enumerate(references):
            a = reference.policy(s[seed]) + process[seed]
            beyond |= bool((a.abs() > 1).any())
            assert_close("action", torch.clip(a, -1, 1), found["action"][seed])
    assert beyond
