"""Every shipped row's updates in float64 are those that `updates.py` recorded before the compiler changed: the first
20, and all of them with `-m slow`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
import updates
from tiny import SPECS, build, row_of

NAMES = updates.names()
ROWS = cache(lambda: dict(updates.cases()))


@pytest.mark.parametrize("made", [max(updates.SHOWN), pytest.param(updates.UPDATES, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_updates_are_made_again(name: str, made: int, tmp_path: Path) -> None:
    """The state at the start, the actions, every metric, and every tensor on the way; after 50 updates, the state."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found, most = updates.furthest(name, ROWS()[name], tmp_path, made)
        assert found < most
    finally:
        torch.set_num_threads(threads)


def test_every_module_is_recorded() -> None:
    assert set(updates.modules()) == set(NAMES)


@pytest.mark.parametrize("policy", ["normal(mean(s), cov)", "tanh(normal(mean(s), cov))"])
def test_a_trained_temperature_weighs_the_entropy_of_its_own_seed(policy: str, tmp_path: Path) -> None:
    """By the likelihood ratio: [S, 1] times [S] would be [S, S], each seed's temperature on all seeds' entropies."""
    row = row_of(SPECS.parent / "examples" / "ppo_uniform.tx", f"pi_theta = {policy}", "eta = entropy(target = -1)")
    sizes = [f"{path} = {size}" for path, size in updates.SIZES.items() if updates.sized(row, path)]
    row = row_of(
        SPECS.parent / "examples" / "ppo_uniform.tx", f"pi_theta = {policy}", "eta = entropy(target = -1)", *sizes
    )
    made = updates.run(build(row, tmp_path), "entropy")
    assert {value.shape[1:] for key, value in made.items() if key.startswith("metric/")} == {(updates.SEEDS,)}
