"""The commands `run` and `eval` around the runtime, with the toy in the compiler's place."""

import json
import sys
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

import taxon.compiler
from taxon.cli.arguments import modules
from taxon.cli.commands import evaluate, run
from taxon.cli.specs import loading, run_folder


@pytest.fixture
def taxon_command(monkeypatch, toy_source):
    """Call the program in this process: arguments in, exit code and output out."""
    asked = []

    def load(spec, sets=(), env=None, unsets=(), steps=None, done=0, texts=None):
        asked.append((spec, tuple(sets), None if env is None else env.id))
        return SimpleNamespace(name="toy", row="a row", canonical="taxon 1\n", hash="0123abcd", packages=())

    for module in (loading, modules, run_folder):
        monkeypatch.setattr(module, "load", load)
    monkeypatch.setattr(taxon.compiler, "emit", lambda row: toy_source)
    app = typer.Typer()
    app.command("run")(run.run)
    app.command("eval")(evaluate.evaluate)

    def call(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    call.asked = asked
    return call


def test_run_and_eval(taxon_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained = taxon_command(
        *("run", "toy.tx", "--env", "known/Truncates-v0", "--seeds", "2,5", "--steps", "0.05k"),
        *("--set", "a=1", "--set", "b=2", "--eval-episodes", "3", "--device", "cpu"),
    )
    assert trained.exit_code == 0
    folder = tmp_path / "runs" / "toy-known-Truncates-v0-1"
    record = json.loads((folder / "run.json").read_text())
    assert (record["steps"], record["seeds"], record["evaluate_every"]) == (50, [2, 5], 20_000)
    assert taxon_command.asked == [("toy.tx", ("a=1", "b=2"), "known/Truncates-v0")]

    evaluated = taxon_command("eval", folder, "--episodes", "2", "--device", "cpu", "--video", tmp_path / "film.mp4")
    assert evaluated.exit_code == 0
    assert taxon_command.asked[-1] == (str(folder / "resolved.tx"), (), "known/Truncates-v0")
    assert evaluated.output.splitlines() == [
        "toy on known/Truncates-v0 after 50 steps, 2 episodes of every seed",
        "seed 2: return 6.0, standard deviation 0.0",
        "seed 5: return 6.0, standard deviation 0.0",
        f"filmed to {tmp_path / 'film.mp4'}",
    ]
    assert (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "Hoper-v4"], "did you mean Hopper-v4"),
        (["--env", "CartPole-v1"], "CartPole-v1 has discrete actions, and the policy has continuous ones"),
        (["--env", "Pendulum-v1", "--seeds", "none"], "--seeds none"),
        (["--env", "Pendulum-v1", "--steps", "0"], "--steps 0"),
        (["--env", "Pendulum-v1", "--eval-every", "0"], "--eval-every 0"),
        (["--env", "Pendulum-v1", "--eval-every", "always"], "or --eval-every never"),
        (["--env", "Pendulum-v1", "--eval-every", "never", "--eval-episodes", "3"], "--eval-every never makes none"),
        (["--env", "Pendulum-v1", "--eval-episodes", "0"], "--eval-episodes 0"),
        (["--env", "Pendulum-v1", "--device", "abacus"], "no device abacus"),
        (["--env", "Pendulum-v1", "--out", "/"], "not an empty folder"),
        (["--env", "Pendulum-v1", "--workers", "few"], "--workers few"),
        (["--env", "Pendulum-v1", "--device", "cuda:x"], "no device cuda:x"),
        (["--env", "Pendulum-v1", "--stop-at", "475"], "--stop-at 475 is no return to stop at"),
        (["--env", "Pendulum-v1", "--stop-at", "return=high"], "--stop-at return=high is no return"),
        (["--env", "Pendulum-v1", "--stop-at", "return=1", "--eval-every", "never"], "--stop-at is about evaluations"),
        (["--env", "Pendulum-v1", "--keep", "best", "--eval-every", "never"], "--keep best is about evaluations"),
        (["--env", "Pendulum-v1", "--eval-seed", "0", "--eval-every", "never"], "--eval-seed is about evaluations"),
        (["--env", "Pendulum-v1", "--keep", "all"], "a run keeps no all"),
        (["--env", "Pendulum-v1", "--eval-seed", "fixed"], "--eval-seed fixed is no seed of evaluations"),
        (["--env", "Pendulum-v1", "--log", "neptune"], "there is no logger neptune"),
        (["--env", "Pendulum-v1", "--log", "csv,csv"], "names csv twice"),
        (["--env", "Pendulum-v1", "--log", ""], "is no list of loggers"),
    ],
)
def test_mistakes_are_one_message_with_a_way_out(taxon_command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = taxon_command("run", "toy.tx", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == ["error", " help"]
    assert list(tmp_path.iterdir()) == []


def test_eval_of_something_else(taxon_command, tmp_path):
    result = taxon_command("eval", tmp_path)
    assert result.exit_code == 2
    assert "is not the folder of a run" in result.output


def test_eval_imports_a_module_only_where_the_user_names_it(taxon_command, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    assert taxon_command("run", "toy.tx", "--env", "known/Truncates-v0", "--steps", "9", "--out", folder).exit_code == 0
    (tmp_path / "stranger.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"environment": "stranger:known/Truncates-v0"}))
    refused = taxon_command("eval", folder, "--episodes", "1")
    assert refused.exit_code == 2
    assert "stranger:known/Truncates-v0 would import a module" in refused.output
    assert "stranger" not in sys.modules
    assert taxon_command("eval", folder, "--env", "known/Truncates-v0").exit_code == 2
    asked = taxon_command("eval", folder, "--env", "stranger:known/Truncates-v0", "--episodes", "1", "--device", "cpu")
    assert asked.exit_code == 0
    assert sys.modules.pop("stranger")


def test_eval_of_seeds_that_the_checkpoint_lacks_makes_no_environments(taxon_command, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    taxon_command("run", "toy.tx", "--env", "known/Truncates-v0", "--steps", "3", "--out", folder)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"seeds": [0, 1]}))
    monkeypatch.setattr("taxon.runtime.saved.make", lambda *_: pytest.fail("made an environment"))
    refused = taxon_command("eval", folder)
    assert refused.exit_code == 2
    assert "belongs to another run" in refused.output


def test_eval_of_a_folder_in_place_of_the_manifest(taxon_command, tmp_path):
    (tmp_path / "run.json").mkdir()
    refused = taxon_command("eval", tmp_path)
    assert refused.exit_code == 2
    assert "run.json is a folder, where a run has a file" in refused.output


@pytest.mark.parametrize("seeds", [[], [-1], ["0"]])
def test_eval_of_impossible_seeds(taxon_command, tmp_path, seeds):
    folder = tmp_path / "run"
    taxon_command("run", "toy.tx", "--env", "known/Truncates-v0", "--steps", "3", "--out", folder)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"seeds": seeds}))
    refused = taxon_command("eval", folder)
    assert refused.exit_code == 2
    assert "run.json: seeds" in refused.output


def test_an_interrupted_run_says_so(taxon_command, tmp_path):
    result = taxon_command("run", "toy.tx", "--env", "known/Interrupts-v0", "--steps", "500", "--out", tmp_path / "run")
    assert result.exit_code == 130
    assert "stopped at once, in the middle of a step" in result.output


def test_a_run_goes_on(taxon_command, tmp_path):
    folder = tmp_path / "run"
    asked = ["--seeds", "2,5", "--steps", "50", "--eval-episodes", "1", "--save-every", "20"]
    assert taxon_command("run", "toy.tx", "--env", "known/Truncates-v0", *asked, "--out", folder).exit_code == 0
    longer = taxon_command("run", "--resume", folder, "--steps", "0.08k")
    assert longer.exit_code == 0
    assert "80 steps of each from step 50" in longer.output
    record = json.loads((folder / "run.json").read_text())
    assert (record["steps"], record["steps_done"], record["save_every"]) == (80, 80, "20")
    assert [again["step"] for again in record["resumed"]] == [50]
    assert taxon_command.asked[-1] == (str(folder / "resolved.tx"), (), "known/Truncates-v0")

    finished = taxon_command("run", "--resume", folder)
    assert finished.exit_code == 2
    assert "is finished: it has made all of its 80 steps\n help: ask for more, as in --steps 160" in finished.output


def test_early_stopping_and_the_best_policies(taxon_command, tmp_path):
    folder = tmp_path / "run"
    asked = ["--seeds", "2,5", "--steps", "60", "--eval-episodes", "1", "--eval-every", "20", "--device", "cpu"]
    asked += ["--stop-at", "return=6", "--keep", "best", "--eval-seed", "3", "--log", "csv"]
    reached = taxon_command("run", "toy.tx", "--env", "known/Truncates-v0", *asked, "--out", folder)
    assert reached.exit_code == 0
    assert "reached after 0 steps, the evaluation's return of 6 has reached 6" in reached.output
    record = json.loads((folder / "run.json").read_text())
    assert (record["stop_at"], record["keep_best"], record["evaluation_seed"], record["log"]) == (6.0, True, 3, ["csv"])
    refused = taxon_command("run", "--resume", folder)
    assert refused.exit_code == 2
    assert "is done at step 0: the evaluation's return of 6 has reached 6" in refused.output
    assert "--stop-at never" in refused.output
    refused = taxon_command("run", "--resume", folder, "--keep", "last")
    assert refused.exit_code == 2
    assert "--keep asks for another" in refused.output
    gone_on = taxon_command("run", "--resume", folder, "--stop-at", "never", "--log", "none", "--device", "cpu")
    assert gone_on.exit_code == 0
    record = json.loads((folder / "run.json").read_text())
    assert (record["status"], record["stop_at"], record["log"]) == ("finished", None, [])
    best = taxon_command("eval", folder, "--best", "--episodes", "1", "--device", "cpu", "--eval-seed", "4")
    assert best.output.splitlines() == [
        "toy on known/Truncates-v0 at its best, 1 episode of every seed",
        "seed 2 after 0 steps: return 6.0",
        "seed 5 after 0 steps: return 6.0",
    ]
    assert taxon_command("eval", folder, "--eval-seed", "x").exit_code == 2


def test_workers_may_change_when_a_run_goes_on(taxon_command, tmp_path):
    folder = tmp_path / "run"
    asked = ["--seeds", "3", "--steps", "40", "--eval-episodes", "1", "--workers", "2"]
    trained = taxon_command("run", "toy.tx", "--env", "Pendulum-v1", *asked, "--out", folder)
    assert "3 environments are stepped by 2 processes beside this one" in trained.output
    assert json.loads((folder / "run.json").read_text())["workers"] == 2
    assert taxon_command("run", "--resume", folder, "--steps", "50", "--workers", "0").exit_code == 0
    assert json.loads((folder / "run.json").read_text())["workers"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume", "."], ". is not the folder of a run"),
        (["toy.tx", "--resume", "."], "SPEC asks for another"),
        (["--resume", ".", "--seeds", "3"], "--seeds asks for another"),
        (["--resume", ".", "--set", "a=1"], "--set asks for another"),
        (["--resume", ".", "--save-every", "1h", "--out", "x"], "leave --out and --save-every out"),
        ([], "there is no spec to train"),
        (["toy.tx"], "there is no environment to train on"),
        (
            ["toy.tx", "--env", "Pendulum-v1", "--save-every", "soon"],
            "--save-every soon is neither a time nor a number",
        ),
        (["toy.tx", "--env", "Pendulum-v1", "--save-every", "0s"], "--save-every 0s is neither a time nor a number"),
    ],
)
def test_what_cannot_be_asked_together(taxon_command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = taxon_command("run", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert " help: " in result.output
    assert list(tmp_path.iterdir()) == []


OWN = """import gymnasium
import numpy as np


class Line(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-9.0, 9.0, (2,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def __init__(self, size: int = 5) -> None:
        self.size = size

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.count += 1
        return np.full(2, self.count, np.float32), 1.0, False, self.count == self.size, {}
"""


def test_an_environment_of_ones_own(taxon_command, tmp_path, monkeypatch):
    """From the command line to a folder, and all of it said again for the folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_line.py").write_text(OWN)
    words = ["--env", "own_line.py:Line", "--env-set", "size=4", "--wrap", "TransformReward(numpy.negative)"]
    try:
        trained = taxon_command("run", "toy.tx", *words, "--steps", "20", "--eval-episodes", "1", "--device", "cpu")
        assert trained.exit_code == 0, trained.output
        folder = tmp_path / "runs" / "toy-Line-1"
        record = json.loads((folder / "run.json").read_text())
        assert record["environment_arguments"] == {"size": "4"}
        assert record["environment_wrappers"] == ["TransformReward(numpy.negative)"]
        resume = ["run", "--resume", folder, "--steps", "40"]
        for command in (["eval", folder], resume):
            for fewer, message in (([], "would execute a file"), (words[:2], "the run was on"), (words[:4], "not on")):
                refused = taxon_command(*command, *fewer)
                assert refused.exit_code == 2
                assert message in refused.output
        assert taxon_command(*resume, *words).exit_code == 0
        evaluated = taxon_command("eval", folder, *words, "--episodes", "1", "--device", "cpu")
        assert evaluated.exit_code == 0
        assert "seed 0: return -4.0" in evaluated.output
        # A record that says more than literals and dotted names is none.
        for wrong in ({"environment_wrappers": ["A(print(1))"]}, {"environment_arguments": {"size": "2+2"}}):
            (folder / "run.json").write_text(json.dumps(record | wrong))
            refused = taxon_command("eval", folder, *words)
            assert refused.exit_code == 2
            assert "run.json: the file: --" in refused.output
    finally:
        sys.modules.pop("own_line", None)
