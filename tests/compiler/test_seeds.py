"""Seed k alone equals seed k among three, bit for bit, through the loop, at full widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny import build, loop_of, row_of

from taxon.runtime.loop.loop import map_state

# Some updates of every phase, at the shipped widths and numbers of actions; the kind of actions where both are taken.
ROUND = ("data.environments = 3", "data.steps = 20")
EPOCHS = ("data.policy_epochs = 1", "data.value_epochs = 1", "data.batch = 24")
SHORT = {
    "sac": ("data.warmup = 40",),
    "mpo": ("data.warmup = 40", "data.steps_per_update = 3"),
    "mpo_onestep": ("data.warmup = 40", "data.steps_per_update = 3"),
    "awac": ("data.warmup = 40",),
    "awr": (
        "data.warmup = 40",
        "data.steps_per_update = 3",
        "data.episodes.value_updates = 2",
        "data.episodes.policy_updates = 2",
    ),
    "ppo": (*ROUND, *EPOCHS),
    "ppo discrete": (*ROUND, *EPOCHS),
    "ppo_clip": (*ROUND, *EPOCHS, "pi_theta = beta"),
    "awac_double": ("data.warmup = 40", "pi_theta = tanh(mixture(3, normal(mean(s), cov(s))))"),
    "trpo": (*ROUND, "data.value_epochs = 1"),
    "trpo discrete": (*ROUND, "data.value_epochs = 1"),
    "vmpo": (*ROUND, *EPOCHS),
    "vmpo discrete": (*ROUND, *EPOCHS),
    "td3": ("data.warmup = 40",),
    "ddpg": ("data.warmup = 40", "exploration = ornstein_uhlenbeck"),
    "urex": ("data.environments = 4", "data.steps = 6", "data.restarts.group = 2"),
    "urex continuous": ("data.environments = 4", "data.steps = 6", "data.restarts.group = 2"),
    "reps": ROUND,
    "reps continuous": ROUND,
    "power": ROUND,
    "rwr": (*ROUND, "data.policy_epochs = 1", "data.batch = 24"),
}


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("spec", SHORT)
def test_a_seed_never_notices_the_others(spec: str, threads: int, tmp_path: Path) -> None:
    name, _, actions = spec.partition(" ")
    built = build(row_of(name, *SHORT[spec], actions=actions or None), tmp_path)
    alone, among = loop_of(built, [1]), loop_of(built, [0, 1, 2])
    while min(alone.updates.values()) < 2 * max(phase.every for phase in alone.agent.phases):
        alone.step()
        among.step()
    assert alone.frozen() == among.frozen() == {}
    map_state(lambda one, three: torch.testing.assert_close(three[1:2], one, rtol=0, atol=0), alone.state, among.state)
    mine, theirs = alone.take_metrics(), among.take_metrics()
    for phase, metrics in mine.items():
        for name, values in metrics.items():
            assert values[0] == theirs[phase][name][1], (phase, name)
