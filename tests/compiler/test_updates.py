"""Every shipped row's updates in float64 are those that `updates.py` recorded before the compiler changed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
import updates

NAMES = updates.names()
ROWS = cache(lambda: dict(updates.cases()))


@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_updates_are_made_again(name: str, tmp_path: Path) -> None:
    """The state at the start, the actions, every metric, and every tensor after 50 updates."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert updates.furthest(name, ROWS()[name], tmp_path) < 1e-9
    finally:
        torch.set_num_threads(threads)


def test_every_module_is_recorded() -> None:
    assert set(updates.modules()) == set(NAMES)
