"""What evaluations begin with: new starts each time, or the same in every one."""

import io
import json
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from rich.console import Console

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.loop.evaluation import evaluation_starts
from taxon.runtime.loop.streams import evaluation_start
from taxon.runtime.options import Options, parse_evaluation_seed
from taxon.runtime.saved import evaluate_run
from taxon.runtime.trainer import Program, resume, train


class Longer(gymnasium.Env):
    """Every episode is a step longer than the one before, and draws a number at each step; it pays its first draw."""

    metadata: ClassVar = {"render_modes": []}
    observation_space = spaces.Box(-np.inf, np.inf, (1,))
    action_space = spaces.Box(-1, 1, (1,))
    length = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.length, self.left = self.length + 1, self.length + 1
        self.pays = self.np_random.random()
        return np.array([self.pays], np.float32), {}

    def step(self, action: Any) -> Any:
        self.left -= 1
        self.np_random.random()
        pays, self.pays = self.pays, 0.0
        return np.zeros(1, np.float32), pays, self.left == 0, False, {}


gymnasium.register("starts/Longer-v0", Longer)


@pytest.fixture
def program(toy_source: str) -> Program:
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


def options(folder: Path, **changes: Any) -> Options:
    settings = {"environment": Recipe("starts/Longer-v0"), "seeds": (3, 5), "steps": 60, "device": "cpu", "out": folder}
    return Options(**(settings | {"evaluate_every": 20, "evaluation_episodes": 3} | changes))


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def returns(folder: Path) -> list[list[float]]:
    lines = [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["returns"] for line in lines if line["kind"] == "evaluation"]


def drawn(seed: int, episode: int) -> float:
    """What an episode pays: the first draw from its own number."""
    number = int(np.random.SeedSequence([seed, episode]).generate_state(1)[0])
    return float(np.random.Generator(np.random.PCG64(number)).random())


def test_with_a_seed_every_episode_has_its_own_start_in_all_evaluations(program: Program, tmp_path: Path) -> None:
    """However long those before it were, and whatever they drew."""
    folder = tmp_path / "run"
    train(program, options(folder, evaluation_seed=7), plain())
    expected = [pytest.approx(drawn(7, episode)) for episode in range(3)]
    assert returns(folder) == 8 * [expected]
    for found in evaluate_run(folder, program.source, "0123abcd", 3, "cpu").seeds:
        assert found.returns == expected
    for found in evaluate_run(folder, program.source, "0123abcd", 2, "cpu", evaluation_seed=8).seeds:
        assert found.returns == [pytest.approx(drawn(8, episode)) for episode in range(2)]
    resume(program, folder, 80, plain())
    assert returns(folder) == 10 * [expected]


def test_without_one_every_evaluation_has_new_starts(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "run"), plain())
    found = [value for each in returns(tmp_path / "run") for value in each]
    assert len(set(found)) == len(found) == 24


def test_the_numbers_of_training_are_the_same(program: Program, tmp_path: Path) -> None:
    for name, seed in (("new", None), ("fixed", 7)):
        train(program, options(tmp_path / name, environment=Recipe("Pendulum-v1"), evaluation_seed=seed), plain())
    kinds = ("update", "episode")
    new, fixed = (
        [
            text
            for text in (tmp_path / name / "metrics.jsonl").read_text().splitlines()
            if json.loads(text)["kind"] in kinds
        ]
        for name in ("new", "fixed")
    )
    assert new == fixed


def test_starts_are_those_of_the_place_or_of_the_seed() -> None:
    own = evaluation_starts([11, 12], [0, 40])
    assert own.first(0) == own.of(0, 0) == evaluation_start(11, 0)
    assert own.of(1, 0) == evaluation_start(12, 40)
    assert own.of(0, 1) is None
    fixed = evaluation_starts([11, 12], [0, 40], 0)
    assert fixed.first(0) == fixed.of(1, 0)
    assert fixed.of(0, 1) not in (None, fixed.of(0, 0))


@pytest.mark.parametrize("text", ["", "-1", "1.5", "fixed", "1,2", "9" * 19])
def test_what_is_no_seed_of_evaluations(text: str) -> None:
    with pytest.raises(UserError, match="--eval-seed") as caught:
        parse_evaluation_seed(text, "--eval-seed")
    assert "--eval-seed 0" in caught.value.help
