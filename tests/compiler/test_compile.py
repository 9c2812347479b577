"""The emitted updates compile as one graph and agree with eager execution."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import CPU, SMALL, build, row_of

from taxon.runtime.loop import map_state

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("spec", ["mpo", "sac", "awr", "awac"])
def test_compiled_updates_agree_with_eager_ones(spec: str, tmp_path: Path) -> None:
    built = build(row_of(spec, *SMALL), tmp_path)
    agent = built.Agent(3, 2)
    state = agent.init([torch.Generator().manual_seed(seed) for seed in range(3)])
    for phase in agent.phases:
        compiled = torch.compile(phase.update, fullgraph=True)
        draw = torch.Generator().manual_seed(1)
        one = other = state
        for step in range(5):
            data = built.DATA
            shape = (3, data.batch) if data.sequence == 1 else (3, data.batch, data.sequence)
            widths = {"observation": (3,), "next_observation": (3,), "action": (2,)}
            batch = phase.batch(
                *(0.5 * torch.randn(*shape, *widths.get(name, ()), generator=draw) for name in phase.batch._fields)
            )
            if hasattr(batch, "terminated"):
                batch = batch._replace(terminated=(batch.terminated > 0).float())
            if hasattr(batch, "truncated"):
                batch = batch._replace(truncated=(batch.truncated > 0).float())
            noise = phase.noise([torch.Generator().manual_seed(step + seed) for seed in range(3)], CPU)
            one, eager = phase.update(one, batch, noise)
            other, fast = compiled(other, batch, noise)
            assert eager.keys() == fast.keys()
        map_state(lambda a, b: torch.testing.assert_close(b, a, rtol=1e-5, atol=1e-5), one, other)
