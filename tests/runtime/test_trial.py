"""A few steps before a run: what a run would refuse, and where in the user's file; and what an environment is."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from cli.program import taxon

from taxon.runtime.environments.environment import make
from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.environments.looking import look
from taxon.runtime.environments.random_policy import LONGEST, random_episode
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.trial import try_out
from taxon.runtime.errors import UserError

SOUND = """import gymnasium
import numpy as np


class Sound(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), 1.0, False, False, {}
"""
RESET, STEP = (
    "        return np.zeros(2, np.float32), {}\n",
    "        return np.zeros(2, np.float32), 1.0, False, False, {}\n",
)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write `tried.py`, with one of its lines replaced, and stand beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(line: str = STEP, by: str = STEP) -> Recipe:
        (tmp_path / "tried.py").write_text(SOUND.replace(line, by))
        return Recipe("tried.py:Sound", folder=tmp_path)

    yield write
    sys.modules.pop("tried", None)


@pytest.mark.parametrize(
    ("line", "by", "message", "at"),
    [
        (STEP, "        return np.zeros(2), 1.0, False, {}\n", "step: its step returns 4 values and not (obs", 13),
        (STEP, "        return np.full(2, np.nan), 1.0, False, False, {}\n", "step: its observation is not finite", 13),
        (STEP, "        return np.zeros(3), 1.0, False, False, {}\n", "step: its observation has 3 numbers", 13),
        (
            STEP,
            "        return np.zeros(2), 'good', False, False, {}\n",
            "step: its reward is 'good' and no number",
            13,
        ),
        (STEP, "        return np.zeros(2), np.inf, False, False, {}\n", "step: its reward is inf", 13),
        (STEP, "        return np.zeros(2), 1.0, None, False, {}\n", "step: its terminated is None", 13),
        (STEP, "        raise KeyError('motor')\n", "step: KeyError: 'motor'", 14),
        (RESET, "        return np.zeros(2, np.float32)\n", "reset: its reset returns an array of float32 [2]", 9),
        (RESET, "        return np.full(2, np.inf), {}\n", "reset: its observation is not finite", 9),
        (STEP, "        return np.stack([np.zeros(2), np.zeros(3)])\n", "step: ValueError: all input", 14),
        (RESET, "        return self.action_space.sample(mask=3), {}\n", "reset: Error: Box.sample", 11),
        ("*, seed=None, options=None", "", "reset: TypeError", 9),
    ],
)
def test_what_a_run_would_refuse_is_found_with_its_line(written, line, by, message, at):
    recipe = written(line, by)
    with pytest.raises(UnusableEnvironmentError) as caught:
        try_out(recipe)
    assert caught.value.message.startswith(f"tried.py:Sound failed in its {message}")
    assert caught.value.place is not None
    assert (Path(caught.value.place.file).name, caught.value.place.line) == ("tried.py", at)
    checked = taxon("check", "std.sac", "--env", "tried.py:Sound", "--format", "json")
    assert checked.exit_code == 2
    (found,) = json.loads(checked.stdout)["diagnostics"]
    assert (found["code"], found["message"]) == ("TX404", caught.value.message)
    assert "tried.py" in json.dumps(found["labels"])


def test_check_shows_the_line(written):
    written(STEP, "        return np.zeros(2), 1.0, False, {}\n")
    checked = taxon("check", "std.sac", "--env", "tried.py:Sound")
    assert checked.exit_code == 2
    assert "--> tried.py:13:5" in checked.stdout
    assert "def step(self, action):" in checked.stdout


def test_what_is_sound_passes(written):
    try_out(written())
    assert taxon("check", "std.sac", "--env", "tried.py:Sound", "--wrap", "TimeLimit(9)").exit_code == 0
    assert taxon("check", "std.sac", "--env", "tried.py:Sound", "--env-set", "size=3").exit_code == 2
    lost = taxon("check", "std.sac", "--wrap", "TimeLimit(9)")
    assert (lost.exit_code, "--wrap is given without an environment" in lost.stderr) == (2, True)


def test_random_episodes(written, monkeypatch):
    recipe = written()
    monkeypatch.setattr("taxon.runtime.environments.random_policy.LONGEST", 50)
    assert random_episode(make(recipe, 0), np.random.default_rng(0)) == (50.0, 50, False)
    assert LONGEST == 30_000
    limited = make(Recipe("CartPole-v1"), 0)
    total, length, ended = random_episode(limited, np.random.default_rng(0))
    assert (total, ended) == (length, True)


def test_a_look():
    found = look(Recipe("CartPole-v1"), 3)
    assert (found.shown, found.actions, found.numbers, found.limit, found.exact) == (4, "discrete", 2, 500, True)
    assert all(episode.total == episode.length < 500 for episode in found.episodes)
    assert found.steps_per_second > 100
    assert look(Recipe("dm_control/cartpole-balance", {"time_limit": 0.1}), 1).limit == 10
    with pytest.raises(UserError, match="no environment Hoper-v4"):
        look(Recipe("Hoper-v4"), 1)


def test_the_command_shows_it(written, tmp_path):
    written()
    words = ["env", "tried.py:Sound", "--wrap", "TimeLimit(7)", "--episodes", "2"]
    shown = taxon(*words)
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0] == "tried.py:Sound + TimeLimit(7)"
    assert "  observation  Box(-1.0, 1.0, (2,), float32): 2 numbers" in shown.stdout
    assert "  time limit   7 steps" in shown.stdout
    assert "  random       return 7, standard deviation 0, over 2 episodes" in shown.stdout
    data = json.loads(taxon(*words, "--json").stdout)
    assert (data["wrappers"], data["time_limit"], data["random"]["returns"]) == (["TimeLimit(7)"], 7, [7.0, 7.0])
    drawn = taxon("env", "CartPole-v1", "--episodes", "1", "--frame", tmp_path / "frame.png")
    assert drawn.exit_code == 0, drawn.stderr
    assert (tmp_path / "frame.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Hoper-v4"], "did you mean Hopper-v4"),
        (["nothing.py:A"], "there is no file nothing.py"),
        (["tried.py:Sound", "--frame", "x.jpg"], "names no picture"),
        (["tried.py:Sound", "--frame", "x.png"], "tried.py:Sound takes no argument render_mode"),
        (["tried.py:Sound", "--episodes", "0"], "--episodes 0"),
        (["tried.py:Sound", "--wrap", "TimeLimit("], "is no wrapper"),
        (["tried.py:Sound", "--env-set", "x"], "is no name with a value"),
        (["CartPole-v1", "--frame", "no/x.png"], "cannot be written"),
        ([""], "names no environment"),
    ],
)
def test_mistakes_end_in_a_message(written, words, message):
    written()
    shown = taxon("env", *words)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert [line.split(":")[0] for line in shown.stderr.splitlines()] == ["error", " help"]


def test_one_that_fails_later_ends_in_a_message(written):
    written(STEP, "        raise KeyError('motor')\n")
    shown = taxon("env", "tried.py:Sound")
    assert (shown.exit_code, "tried.py:Sound failed under random actions: KeyError" in shown.stderr) == (2, True)
