"""Updates in bf16: a seed alone is itself among others bit for bit, and compiled they agree with eager ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from recorded import FEWER, furthest, lazily, record, replayed
from tiny import Drift, build, leaves, loop_of, row_of, same

from taxon.networks.mlp import FACTORS
from taxon.operators.observations import Array
from taxon.runtime.device.precision import phases_of
from taxon.runtime.loop.loop import Loop, map_state

UPDATES = 50
SHORT = {
    "sac": ("data.warmup = 40",),
    "mpo": (
        *("data.warmup = 40", "data.steps_per_update = 3", "data.batch = 8"),
        *("pi_q.update.samples = 4", "G.estimate.samples = 4"),
    ),
    "ppo": (
        *("data.environments = 3", "data.steps = 20", "data.batch = 24"),
        *("data.policy_epochs = 1", "data.value_epochs = 1"),
    ),
}
# After 50 updates, relative to 1 + |x|. A sum that lies between two numbers of bfloat16 may be rounded to either, which
# is 4e-3 of it; MPO comes to 8e-4, SAC to 6e-5, PPO to 1e-6.
TOLERANCE = 2e-3
# Widths at which the kernels are those of a real run.
WIDE = {
    "network.hidden": "[128, 96]",
    "network.policy.hidden": "[128, 96]",
    "network.value.hidden": "[128, 96]",
    "data.batch": 32,
}


@pytest.fixture
def rounding() -> Iterator[None]:
    torch.compiler.reset()
    token = FACTORS.set(torch.bfloat16)
    yield
    FACTORS.reset(token)


@pytest.mark.parametrize("spec", SHORT)
def test_a_seed_never_notices_the_others(spec: str, tmp_path: Path) -> None:
    built = build(row_of(spec, *SHORT[spec]), tmp_path)
    make = partial(built.Agent, Array((Drift.observation,)), Drift.action)

    def loop(seeds: list[int], precision: str) -> Loop:
        agent = make()
        agent.phases = phases_of(agent, make, precision)
        return loop_of(built, seeds, agent=agent)

    alone, among, plain = loop([1], "bf16"), loop([0, 1, 2], "bf16"), loop([1], "float32")
    while min(alone.updates.values()) < 3:
        for each in (alone, among, plain):
            each.step()
    assert alone.frozen() == among.frozen() == {}
    assert same(map_state(lambda leaf: leaf[1:2], among.state), alone.state)
    assert not same(plain.state, alone.state)
    assert [leaf.dtype for leaf in leaves(plain.state)] == [leaf.dtype for leaf in leaves(alone.state)]


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["sac", "td3", "mpo", "ppo"])
def test_the_compiled_update_agrees_with_the_eager_one(
    spec: str, tmp_path: Path, rounding: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, value in WIDE.items():
        monkeypatch.setitem(FEWER, path, value)
    recorded = record(spec, "continuous", tmp_path, UPDATES)
    with torch._dynamo.config.patch(error_on_recompile=True):
        fast = {key: lazily(function) for key, function in recorded.functions.items()}
        states = replayed(recorded, fast, lambda leaf: leaf)
    eager = [call.after for call in recorded.calls]
    token = FACTORS.set(None)
    unrounded = record(spec, "continuous", tmp_path, 1).functions
    FACTORS.reset(token)
    found = furthest(states, eager)
    assert found <= TOLERANCE
    assert 4 * found <= furthest(replayed(recorded, unrounded, lambda leaf: leaf), eager)
