"""What goes wrong while a run goes on: the seed or the run that it ends, what the user reads, and what is kept."""

import io
import json
import resource
import signal
from typing import ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from rich.console import Console

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.logging import Log
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.conftest import Drawn
from tests.runtime.saved import saved_in
from tests.runtime.test_resume import comparable, words

BROKEN = 5  # the seed whose environments fail, where one does


class Failing(Drawn):
    """A walk whose mark, drawn with seed 5's numbers, makes it fail at a step: in which way is `fault`."""

    faulty: ClassVar[set[float]] = set()
    at = 40

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault, self.steps, self.first = fault, 0, None

    def reset(self, *, seed=None, options=None):
        observation, info = super().reset(seed=seed)
        self.first = self.first or self.mark
        if self.fails() and self.fault == "reset":
            raise RuntimeError("no way back")
        return observation, info

    def fails(self):
        return self.first in self.faulty and self.steps >= self.at

    def step(self, action):
        self.steps += 1
        observation, reward, *rest = super().step(action)
        if self.fails():
            if self.fault == "raises":
                raise ValueError("the motor burnt\nand a second line")
            observation = {"nan": observation * np.nan, "shape": np.zeros(3)}.get(self.fault, observation)
            reward = np.inf if self.fault == "reward" else reward
        return observation, reward, *rest


FAULTS = {
    "raises": "ValueError: the motor burnt",
    "reset": "RuntimeError: no way back",
    "nan": "its observation is not finite",
    "shape": "its observation has 3 numbers and not 2",
    "reward": "its reward is inf",
}
for fault in FAULTS:
    gymnasium.register(f"known/Failing-{fault}-v0", Failing, kwargs={"fault": fault})


@pytest.fixture
def program(toy_source):
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


@pytest.fixture
def faulty(monkeypatch):
    """The first marks of seed 5's training environment."""
    import torch

    from taxon.runtime.environments.environment import make
    from taxon.runtime.loop.streams import streams

    numbers = streams([BROKEN], torch.device("cpu"))
    environment = make(Recipe("known/Drawn-v0"), numbers.environment[0])
    environment.reset()
    monkeypatch.setattr(Failing, "faulty", {environment.raw.unwrapped.mark})


def options(folder, **changes):
    settings = {
        "environment": Recipe("known/Drawn-v0"),
        "seeds": (3, BROKEN, 7),
        "steps": 120,
        "device": "cpu",
        "out": folder,
    }
    settings |= {"evaluate_every": 60, "evaluation_episodes": 2, "save_every": parse_cadence("30", "")}
    return Options(**(settings | changes))


def plain():
    return Console(file=io.StringIO(), width=300)


def of_seed(folder, seed):
    return [line for line in words(folder) if line.get("seed") == seed]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_environment_ends_its_own_seed(program, tmp_path, faulty, fault):
    console = plain()
    outcome = train(program, options(tmp_path / "run", environment=Recipe(f"known/Failing-{fault}-v0")), console)
    assert outcome.exit_code == 0
    record, cause = manifest.read(RunFolder(tmp_path / "run")), f"known/Failing-{fault}-v0 failed: {FAULTS[fault]}"
    assert record.status == "finished"
    assert list(record.frozen) == list(record.causes) == [str(BROKEN)]
    assert 40 <= record.frozen["5"] <= 46  # a reset comes at the end of an episode
    assert record.causes["5"] == cause
    assert f"seed 5 was frozen at step {record.frozen['5']}: {cause}" in console.file.getvalue()
    (line,) = [line for line in words(tmp_path / "run") if line["kind"] == "frozen"]
    assert line == {"kind": "frozen", "step": record.frozen["5"], "seed": 5, "cause": cause}
    trace = (tmp_path / "run" / "failure-of-seed-5.txt").read_text()
    assert "Traceback" in trace
    # The others are what they are without it, to the bit.
    train(program, options(tmp_path / "without", seeds=(3, 7)), plain())
    assert of_seed(tmp_path / "run", 3) == of_seed(tmp_path / "without", 3)
    assert of_seed(tmp_path / "run", 7) == of_seed(tmp_path / "without", 7)
    ours, theirs = (saved_in(folder)["agent"] for folder in (tmp_path / "run", tmp_path / "without"))
    for name, tensor in ours.items():
        assert comparable(tensor[[0, 2]]) == comparable(theirs[name])


def test_a_resumed_run_remembers_why(program, tmp_path, faulty):
    asked = options(tmp_path / "run", environment=Recipe("known/Failing-raises-v0"), steps=60)
    train(program, asked, plain())
    console = plain()
    outcome = resume(program, tmp_path / "run", 120, console)
    assert outcome.manifest.causes == {"5": "known/Failing-raises-v0 failed: ValueError: the motor burnt"}
    assert "was frozen" not in console.file.getvalue()  # it was said before
    assert len([line for line in words(tmp_path / "run") if line["kind"] == "frozen"]) == 1


@pytest.mark.parametrize("number", [0, 1])
def test_an_environment_that_fails_in_an_evaluation_ends_its_seed(program, tmp_path, monkeypatch, number):
    """In the first, of the untrained policy, or in the one after it."""
    from taxon.runtime import evaluations

    real, made = evaluations.evaluate, []

    def breaks(agent, state, environments, *rest, **named):
        if len(made) == number:
            monkeypatch.setattr(environments[1].raw.unwrapped, "step", lambda action: 1 / 0)
        made.append(True)
        return real(agent, state, environments, *rest, **named)

    monkeypatch.setattr(evaluations, "evaluate", breaks)
    outcome = train(program, options(tmp_path / "run"), plain())
    assert outcome.manifest.frozen == {"5": 60 * number}
    assert outcome.manifest.causes == {"5": "known/Drawn-v0 failed: ZeroDivisionError: division by zero"}
    entries = [(line["step"], line["seed"]) for line in words(tmp_path / "run") if line["kind"] == "evaluation"]
    assert [entry for entry in entries if entry[1] == 5] == [(0, 5)] * number
    assert [entry for entry in entries if entry[1] != 5] == [(step, seed) for step in (0, 60, 120) for seed in (3, 7)]


def test_a_run_whose_every_environment_fails_ends(program, tmp_path, monkeypatch):
    monkeypatch.setattr(Failing, "fails", lambda self: True)
    console = plain()
    outcome = train(program, options(tmp_path / "run", environment=Recipe("known/Failing-reset-v0")), console)
    assert (outcome.exit_code, outcome.manifest.status) == (1, "frozen")
    assert outcome.manifest.frozen == {"3": 0, "5": 0, "7": 0}
    with pytest.raises(UserError, match=r"every seed of .* was frozen: nothing can go on"):
        resume(program, tmp_path / "run", console=plain())


class Wide(gymnasium.Env):
    """Observes more than any memory holds."""

    observation_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), 0.0, False, False, {}


gymnasium.register("known/Wide-v0", Wide)


def test_too_little_memory_says_which_knob_to_turn(program, tmp_path):
    source = program.source.replace("capacity=200", "capacity=10**15")
    asked = options(tmp_path / "run", environment=Recipe("known/Wide-v0"), steps=10**15, evaluate_every=None)
    with pytest.raises(UserError, match="too little memory for 3 seeds") as caught:
        train(Program("toy", "0123abcd", "taxon 1\n", source), asked, plain())
    assert "train fewer seeds at once, or keep fewer steps, with --set data.capacity=100k" in caught.value.help
    assert manifest.read(RunFolder(tmp_path / "run")).status == "failed"


@pytest.fixture
def small_disk():
    """No file may grow beyond some bytes: a full disk, as a write sees it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_keeps_the_checkpoint_before(program, tmp_path, small_disk):
    train(program, options(tmp_path / "whole"), plain())
    room = saved_in(tmp_path / "whole")
    assert room
    size = (tmp_path / "whole" / checkpoint.read(RunFolder(tmp_path / "whole")).file).stat().st_size
    small_disk(size - 1_000)  # what the first checkpoint takes, but not the later ones
    with pytest.raises(UserError, match="cannot be written: File too large") as caught:
        train(program, options(tmp_path / "run"), plain())
    found = checkpoint.read(RunFolder(tmp_path / "run"))
    assert f"the checkpoint of step {found.steps:,} is whole: taxon run --resume" in caught.value.help
    assert manifest.read(RunFolder(tmp_path / "run")).status == "failed"
    small_disk(resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    assert resume(program, tmp_path / "run", console=plain()).manifest.status == "finished"
    assert words(tmp_path / "run") == words(tmp_path / "whole")


@pytest.mark.parametrize("name", ["checkpoint.json", "metrics", "rows"])
def test_any_file_that_cannot_be_written_ends_in_a_message(program, tmp_path, monkeypatch, name):
    """As on a read-only folder: which file it is makes no difference."""
    real_replacing, real_append, failing = RunFolder._replacing, RunFolder.append, False

    def refuse(path):
        if failing and name in str(path):
            raise PermissionError(13, "Permission denied", str(path))

    def replacing(self, target):
        refuse(target)
        return real_replacing(self, target)

    def append(self, target, *rest):
        refuse(target)
        return real_append(self, target, *rest)

    real_logged = Log.logged

    def logged(self, event):
        refuse("metrics.jsonl")
        real_logged(self, event)

    monkeypatch.setattr(RunFolder, "_replacing", replacing)
    monkeypatch.setattr(RunFolder, "append", append)
    monkeypatch.setattr(Log, "logged", logged)
    real_save = checkpoint.save

    def save(*rest, **named):
        nonlocal failing
        done = real_save(*rest, **named)
        failing = done.steps >= 30
        return done

    monkeypatch.setattr(checkpoint, "save", save)
    with pytest.raises(UserError, match="cannot be written: Permission denied") as caught:
        train(program, options(tmp_path / "run"), plain())
    assert "the checkpoint of step 30 is whole" in caught.value.help
    monkeypatch.undo()
    assert resume(program, tmp_path / "run", console=plain()).manifest.status == "finished"


def test_where_nothing_may_be_written_nothing_begins(program, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be created"):
        train(program, options(tmp_path / "file" / "run"), plain())


def test_numbers_that_json_lacks_are_null_in_the_metrics(program, tmp_path):
    train(program, options(tmp_path / "run"), plain())
    for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)
