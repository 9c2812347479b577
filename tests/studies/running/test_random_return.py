"""The return of random actions, against a loop over the environment itself."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import numpy as np
import pytest

import taxon.tasks  # noqa: F401 - registers them
from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.running.random_return import FILE, main, measure, read


def test_actions_are_uniform_in_the_box() -> None:
    environment = gymnasium.make("taxon/LQR-v0")
    random = np.random.default_rng(0)
    box, total = environment.action_space, 0.0
    assert isinstance(box, gymnasium.spaces.Box)
    environment.reset(seed=0)
    for episode in range(5):
        if episode:
            environment.reset()
        ended = False
        while not ended:
            share = (random.uniform(-1.0, 1.0, box.shape[0]) + 1) / 2
            action = (box.low + share * (box.high - box.low)).astype(box.dtype)
            _, reward, terminated, truncated, _ = environment.step(action)
            total += float(reward)
            ended = terminated or truncated
    found = measure("taxon/LQR-v0", 5)
    assert (found.environment, found.episodes) == ("taxon/LQR-v0", 5)
    assert found.mean == pytest.approx(total / 5, rel=1e-6)


def test_actions_are_uniform_among_choices() -> None:
    """A pole that is pushed at random falls after 22 steps in the mean."""
    assert measure("CartPole-v1").mean == pytest.approx(22, abs=3)


def test_the_record(tmp_path: Path) -> None:
    assert read(RunFolder(tmp_path)) is None
    assert main("taxon/LQR-v0", str(tmp_path)) == 0
    found = read(RunFolder(tmp_path))
    assert found is not None
    assert found == measure("taxon/LQR-v0")
    (tmp_path / FILE).write_text('{"environment": "x", "episodes": 1, "mean": NaN}')
    with pytest.raises(UserError, match=r"return\.json: mean"):
        read(RunFolder(tmp_path))


def test_an_environment_that_is_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main("Nothing-v9", str(tmp_path)) == 2
    assert capfd.readouterr().err.startswith("error: ")
    assert list(tmp_path.iterdir()) == []
