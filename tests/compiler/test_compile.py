"""Every update is one graph without breaks, compiled once, and agrees with eager execution on the same noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from recorded import Recorded, furthest, lazily, record, replayed

from taxon.runtime.loop.loop import map_state
from taxon.semantics.loading import shipped_names

UPDATES = 50
CONTINUOUS = [(name, "continuous") for name in sorted(shipped_names()) if name != "architectures"]
DISCRETE = [(name, "discrete") for name in ("mpo", "mpo_onestep", "ppo", "ppo_clip", "trpo", "urex", "vmpo")]
# One of each structure: the others differ from it in constants, networks or a term.
STRUCTURES = [(name, "continuous") for name in ("sac", "td3", "mpo", "awac", "awr", "ppo", "rwr")] + DISCRETE[-1:]

# What float32's rounding, 1e-7 in one update, has grown to after 50, relative to 1 + |x|.
TOLERANCE = 1e-5
# Conjugate gradients on a curvature that float32 barely resolves; REPS's least squares on as many samples as features,
# where eager float32 is 3e-3 from eager float64.
LOOSER = {"trpo": 1e-2, "trpo_gae": 1e-2, "reps": 2e-2}


@pytest.fixture(autouse=True)
def once() -> Any:
    """A second compilation of one function is an error."""
    torch.compiler.reset()
    with torch._dynamo.config.patch(error_on_recompile=True):
        yield


def unchanged(x: torch.Tensor) -> torch.Tensor:
    return x


def double(x: torch.Tensor) -> torch.Tensor:
    return x.double() if x.is_floating_point() else x


def graphs(recorded: Recorded, backend: str) -> dict[str, Any]:
    return {
        key: torch.compile(function, fullgraph=True, dynamic=False, backend=backend)
        for key, function in recorded.functions.items()
    }


@pytest.mark.parametrize(("spec", "actions"), STRUCTURES)
def test_one_graph_computes_what_eager_execution_does(spec: str, actions: str, tmp_path: Path) -> None:
    recorded = record(spec, actions, tmp_path, UPDATES)
    states = replayed(recorded, graphs(recorded, "aot_eager"), unchanged)
    assert furthest(states, [call.after for call in recorded.calls]) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "actions"), CONTINUOUS + DISCRETE)
def test_the_compiled_update_agrees_with_the_eager_one(spec: str, actions: str, tmp_path: Path) -> None:
    recorded = record(spec, actions, tmp_path, UPDATES)
    fast = {key: lazily(function) for key, function in recorded.functions.items()}
    states = replayed(recorded, fast, unchanged)
    assert furthest(states, [call.after for call in recorded.calls]) <= LOOSER.get(spec, TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "actions"), STRUCTURES)
def test_in_float64_they_agree_to_its_rounding(spec: str, actions: str, tmp_path: Path) -> None:
    """So rounding alone sets them apart in float32; and nothing becomes NaN, which would compare unequal."""
    recorded = record(spec, actions, tmp_path, UPDATES)
    fast = {key: lazily(function) for key, function in recorded.functions.items()}
    eager = replayed(recorded, recorded.functions, double)
    assert furthest(replayed(recorded, fast, double), eager) <= 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["sac", "mpo"])
def test_compiled_a_seed_hardly_notices_the_others(spec: str, tmp_path: Path) -> None:
    """Not bit for bit, as eagerly: a batched product orders its sums otherwise than a single one."""
    several = record(spec, "continuous", tmp_path, UPDATES, seeds=3)
    alone = several._replace(calls=[call.of_seed(1) for call in several.calls])
    states = []
    for each in (several, alone):
        torch.compiler.reset()
        fast = {key: lazily(function) for key, function in each.functions.items()}
        states.append(replayed(each, fast, unchanged))
    among = [map_state(lambda leaf: leaf[1:2], state) for state in states[0]]
    assert furthest(among, states[1]) <= TOLERANCE


def test_what_decides_by_its_own_numbers_is_no_one_graph(tmp_path: Path) -> None:
    """The one shipped update that stays eager: Newton's method for a softmax policy (REPS on discrete actions)."""
    recorded = record("reps", "discrete", tmp_path, 1)
    with pytest.raises(torch._dynamo.exc.UserError):
        replayed(recorded, graphs(recorded, "eager"), unchanged)
