import io
import json
import os
import shlex
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
import torch
from rich.console import Console

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.events import Logged
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.logging import Log, line
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.saved import evaluate_run
from taxon.runtime.summary import resume_command
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.saved import saved_in


@pytest.fixture
def program(toy_source):
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


def options(folder, **changes):
    settings = {
        "environment": Recipe("known/Truncates-v0"),
        "seeds": (3, 5),
        "steps": 40,
        "device": "cpu",
        "out": folder,
    }
    return Options(**(settings | {"evaluate_every": 20, "evaluation_episodes": 2} | changes))


def records(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def agent(folder):
    """The agent's tensors in a run's checkpoint."""
    return saved_in(folder)["agent"]


def plain():
    return Console(file=io.StringIO(), width=200)


def test_a_run_leaves_everything_behind(program, tmp_path):
    folder, console = tmp_path / "run", plain()
    outcome = train(program, options(folder), console)
    assert outcome.exit_code == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "run.json",
        "resolved.tx",
        "agent.py",
        "metrics.jsonl",
        "tensorboard",
        "checkpoint.json",
        checkpoint.read(RunFolder(folder)).file,
        "replay",
        ".lock",
        "curve.png",
    }
    assert (folder / "resolved.tx").read_text() == program.resolved
    assert (folder / "agent.py").read_text() == program.source
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in (folder / "tensorboard").iterdir()} == {"seed_3", "seed_5", "mean"}

    record = manifest.read(RunFolder(folder))
    assert (record.status, record.steps_done, record.seeds, record.frozen) == ("finished", 40, [3, 5], {})
    assert (record.name, record.row, record.environment) == ("toy", "0123abcd", "known/Truncates-v0")
    assert record.packages["torch"] == torch.__version__
    assert record.ended is not None
    assert (record.environments, record.environment_steps) == (1, {"3": 40, "5": 40})
    assert (record.updates, record.samples) == ({"update": 21}, 21 * 8)
    assert record.evaluation_steps == {"3": 18, "5": 18}

    lines = records(folder)
    evaluations = [line for line in lines if line["kind"] == "evaluation"]
    assert [(line["step"], line["seed"]) for line in evaluations] == [
        (step, seed) for step in (0, 20, 40) for seed in (3, 5)
    ]
    assert all(line["returns"] == [6.0, 6.0] and line["environment_steps"] == 6 for line in evaluations)
    episodes = [line for line in lines if line["kind"] == "episode"]
    assert len(episodes) == 2 * (40 // 3)
    assert {line["return"] for line in episodes} == {6.0}
    updates = [line for line in lines if line["kind"] == "update"]
    assert {(line["step"], line["seed"], line["phase"]) for line in updates} == {
        (20, 3, "update"),
        (20, 5, "update"),
        (40, 3, "update"),
        (40, 5, "update"),
    }
    assert all(np.isfinite(line["value_loss"]) for line in updates)
    speed = [line for line in lines if line["kind"] == "speed"]
    assert [(line["updates"], line["samples"], line["updates_per_step"]) for line in speed] == [
        (1, 8, 0.05),
        (21, 168, 1),
    ]
    assert [line["environment_steps"] for line in speed] == [40, 80]

    shown = console.file.getvalue()
    assert "\x1b" not in shown
    assert "40/40 steps" in shown
    assert "evaluation return 6.0 6.0" in shown
    assert "1 updates/step" in shown
    assert str(folder) in shown


def test_a_run_with_several_environments_a_seed(program, tmp_path):
    """Steps advance by three: what is due at a multiple happens once it is passed."""
    replay = next(line for line in program.source.splitlines() if line.startswith("DATA"))
    source = program.source.replace(replay, "DATA = Rollouts(environments=3, steps=4, batch=8)")
    source = source.replace("import Phase, Replay", "import Phase, Rollouts")
    folder, console = tmp_path / "run", plain()
    outcome = train(replace(program, source=source), options(folder), console)
    assert outcome.exit_code == 0
    record = manifest.read(RunFolder(folder))
    assert (record.status, record.steps, record.steps_done, record.environments) == ("finished", 40, 42, 3)
    assert record.environment_steps == {"3": 42, "5": 42}
    assert record.updates == {"update": 3}
    lines = records(folder)
    evaluations = [line for line in lines if line["kind"] == "evaluation"]
    assert [(line["step"], line["seed"]) for line in evaluations] == [
        (step, seed) for step in (0, 21, 42) for seed in (3, 5)
    ]
    assert len([line for line in lines if line["kind"] == "episode"]) == 2 * 3 * (14 // 3)
    speed = [line for line in lines if line["kind"] == "speed"]
    assert [(line["updates"], line["samples"], line["environment_steps"]) for line in speed] == [
        (1, 8, 42),
        (3, 24, 84),
    ]
    assert "rollouts: up to 1.06 kB of cpu memory" in console.file.getvalue()


def test_an_episode_without_an_end_is_cut(program, tmp_path, monkeypatch):
    monkeypatch.setattr("taxon.runtime.loop.evaluation.MOST_STEPS", 7)
    monkeypatch.setattr("taxon.runtime.evaluations.MOST_STEPS", 7)
    folder, console = tmp_path / "run", plain()
    train(program, options(folder, environment=Recipe("known/Endless-v0"), evaluate_every=40), console)
    evaluations = [line for line in records(folder) if line["kind"] == "evaluation"]
    assert [(line["cut"], line["lengths"], line["returns"]) for line in evaluations] == 4 * [(2, [7, 7], [28.0, 28.0])]
    said = "at step 40, 4 of the evaluation's episodes did not end and were cut after 7 steps"
    assert said in console.file.getvalue()
    result = evaluate_run(folder, program.source, "0123abcd", 1, "cpu")
    assert [(seed.lengths, seed.cut) for seed in result.seeds] == [([7], 1), ([7], 1)]


def test_the_same_run_twice_is_the_same(program, tmp_path):
    states = []
    for name in ("one", "two"):
        train(program, options(tmp_path / name, environment=Recipe("Pendulum-v1"), evaluate_every=7), plain())
        states.append(agent(tmp_path / name))
    # Evaluating at other times, or never, changes nothing either.
    train(program, options(tmp_path / "three", environment=Recipe("Pendulum-v1"), evaluate_every=None), plain())
    states.append(agent(tmp_path / "three"))
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name])
        assert torch.equal(tensor, states[2][name])


def test_a_second_interrupt_keeps_the_checkpoint_before(program, tmp_path):
    """The second Ctrl-C comes in the middle of a step."""
    folder, console = tmp_path / "run", plain()
    save_every = parse_cadence("20", "--save-every")
    asked = options(folder, environment=Recipe("known/Interrupts-v0"), steps=500, save_every=save_every)
    outcome = train(program, asked, console)
    assert outcome.exit_code == 130
    record = manifest.read(RunFolder(folder))
    assert (record.status, record.ended is None) == ("interrupted", False)
    assert checkpoint.read(RunFolder(folder)).steps == record.steps_done == 240
    assert "the checkpoint of step 240 is whole: taxon run --resume" in console.file.getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_present_step(program, tmp_path, number):
    before = signal.getsignal(number)
    timer = threading.Timer(0.7, os.kill, (os.getpid(), number))
    timer.start()
    asked = options(tmp_path / "run", steps=10_000_000, evaluate_every=1000, compile="off")
    outcome = train(program, asked, plain())
    timer.join()
    assert outcome.manifest.status == "interrupted"
    assert checkpoint.read(RunFolder(tmp_path / "run")).steps == outcome.manifest.steps_done
    assert outcome.manifest.updates["update"] == outcome.manifest.steps_done - 19
    assert signal.getsignal(number) is before


def test_a_frozen_seed_is_reported(program, tmp_path):
    source = program.source.replace(
        'metrics = {"value_loss": loss,',
        "loss = torch.where((updates == 9) & (torch.arange(len(updates)) == 1), torch.nan, loss)\n"
        '        metrics = {"value_loss": loss,',
    )
    assert source != program.source
    folder, console = tmp_path / "run", plain()
    outcome = train(Program("toy", "0123abcd", "taxon 1\n", source), options(folder), console)
    assert outcome.exit_code == 0
    assert manifest.read(RunFolder(folder)).frozen == {"5": 28}
    assert checkpoint.read(RunFolder(folder)).frozen == {"5": 28}
    cause = "it is no longer finite: value_loss of the phase update"
    assert {"kind": "frozen", "step": 28, "seed": 5, "cause": cause} in records(folder)
    assert manifest.read(RunFolder(folder)).causes == {"5": cause}
    assert [line["seed"] for line in records(folder) if line["kind"] == "evaluation"] == [3, 5, 3, 5, 3]
    assert f"seed 5 was frozen at step 28: {cause}" in console.file.getvalue()
    result = evaluate_run(folder, source, "0123abcd", 2, "cpu")
    assert [(seed.seed, seed.returns, seed.frozen) for seed in result.seeds] == [(3, [6.0, 6.0], None), (5, [], 28)]


def test_what_each_seed_had_is_said_at_the_end(program, tmp_path):
    source = program.source.replace(
        'metrics = {"value_loss": loss,',
        "loss = torch.where((updates == 9) & (torch.arange(len(updates)) == 1), torch.nan, loss)\n"
        '        metrics = {"value_loss": loss,',
    )
    console = plain()
    train(replace(program, source=source), options(tmp_path / "run", evaluate_every=None), console)
    assert console.file.getvalue().splitlines()[-2:] == [
        "seed 3: 40 steps, 21 updates (0.525 a step), 168 stored steps read by them, 0 steps of evaluation",
        "seed 5: frozen at step 28, 0 steps of evaluation",
    ]


def test_a_run_without_evaluations(program, tmp_path, monkeypatch):
    """Its curve is that of the training episodes, and a resumed run makes none either."""
    drawn = []
    monkeypatch.setattr("taxon.runtime.folder.curve.draw", lambda *given: drawn.append(given) or b"\x89PNG")
    folder, console = tmp_path / "run", plain()
    program = replace(program, source=program.source.replace("steps_per_update=1", "steps_per_update=50"))
    train(program, options(folder, evaluate_every=None, steps=1_500), console)
    assert manifest.read(RunFolder(folder)).evaluate_every is None
    assert manifest.read(RunFolder(folder)).evaluation_steps == {"3": 0, "5": 0}
    assert "evaluation" not in {line["kind"] for line in records(folder)}
    assert "evaluation return" not in console.file.getvalue()
    resume(program, folder, 2_500, plain())
    assert "evaluation" not in {line["kind"] for line in records(folder)}
    (first, measured, points, _), (_, _, more, _) = drawn
    assert (first, measured) == (
        "toy on known/Truncates-v0",
        "training episodes, mean of those that ended within 1,000 steps",
    )
    assert points == {seed: [(1_000, 6.0), (1_500, 6.0)] for seed in (3, 5)}
    assert more == {seed: [(1_000, 6.0), (2_000, 6.0), (2_500, 6.0)] for seed in (3, 5)}


def test_a_curve_begins_with_the_untrained_policy_and_names_its_action(program, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("taxon.runtime.folder.curve.draw", lambda *given: drawn.append(given) or b"\x89PNG")
    train(program, options(tmp_path / "run"), plain())
    ((_, measured, points, _),) = drawn
    assert measured == "evaluation with the mean action, mean of 2 episodes"
    assert [step for step, _ in points[3]] == [0, 20, 40]
    # Every environment of a discrete policy has the same returns here: what counts is the name.
    discrete = program.source.replace("discrete = False", "discrete = True")
    asked = options(tmp_path / "discrete", environment=Recipe("known/Discrete-v0"), steps=5, evaluation_episodes=1)
    train(replace(program, source=discrete), asked, plain())
    assert drawn[1][1] == "evaluation with the most probable action, one episode"


def test_the_command_that_goes_on_is_one_for_a_shell():
    folder = Path("my runs/it's")
    assert shlex.split(resume_command(folder, Recipe("Pendulum-v1"))) == ["taxon", "run", "--resume", str(folder)]
    own = resume_command(folder, Recipe("make()"))
    assert own == f"taxon.open({str(folder)!r}).resume(env=...), with the function that made make()"
    theirs = resume_command(folder, Recipe("theirs:Walk-v0"))
    assert shlex.split(theirs) == ["taxon", "run", "--resume", str(folder), "--env", "theirs:Walk-v0"]


def test_when_every_seed_is_frozen_the_run_ends(program, tmp_path):
    source = program.source.replace('{"value_loss": loss,', '{"value_loss": loss * torch.nan,')
    outcome = train(Program("toy", "0123abcd", "taxon 1\n", source), options(tmp_path / "run"), plain())
    assert outcome.exit_code == 1
    assert outcome.manifest.status == "frozen"
    assert outcome.manifest.frozen == {"3": 20, "5": 20}


def test_a_failure_is_recorded(program, tmp_path):
    source = program.source.replace("updates = state.updates + 1", "raise RuntimeError('a bug')")
    with pytest.raises(RuntimeError, match="a bug"):
        train(Program("toy", "0123abcd", "taxon 1\n", source), options(tmp_path / "run"), plain())
    assert manifest.read(RunFolder(tmp_path / "run")).status == "failed"


def test_evaluating_a_run(program, tmp_path):
    folder = tmp_path / "run"
    train(program, options(folder, environment=Recipe("Pendulum-v1"), steps=30, evaluate_every=30), plain())
    (folder / "agent.py").write_text("raise SystemExit('executed')")
    result = evaluate_run(folder, program.source, "0123abcd", 2, "cpu")
    last = [line for line in records(folder) if line["kind"] == "evaluation" and line["step"] == 30]
    # The same agents from the same starts: the same returns as in training.
    assert [seed.returns for seed in result.seeds] == [line["returns"] for line in last]
    for row, source, message in (
        ("ffff", program.source, "not the spec that was run"),
        ("0123abcd", program.source.replace("16", "8"), "the agent needs"),
    ):
        with pytest.raises(UserError, match=message):
            evaluate_run(folder, source, row, 2, "cpu")
    with pytest.raises(UserError, match="not the folder of a run"):
        evaluate_run(tmp_path / "nowhere", program.source, "0123abcd", 2, "cpu")


def test_filming_a_run(program, tmp_path):
    train(program, options(tmp_path / "run"), plain())
    evaluate_run(tmp_path / "run", program.source, "0123abcd", 1, "cpu", tmp_path / "film.mp4")
    frames = imageio.mimread(tmp_path / "film.mp4")
    assert [round(float(frame.mean()), -1) for frame in frames] == [0, 80, 160]
    with pytest.raises(UserError, match="cannot be filmed"):
        evaluate_run(tmp_path / "run", program.source, "0123abcd", 1, "cpu", tmp_path / "no" / "film.mp4")


def test_a_film_without_pygame_ends_in_a_message(program, tmp_path, monkeypatch):
    train(program, options(tmp_path / "run", environment=Recipe("Pendulum-v1")), plain())
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(UserError, match="Pendulum-v1 cannot be filmed: pygame is not installed") as caught:
        evaluate_run(tmp_path / "run", program.source, "0123abcd", 1, "cpu", tmp_path / "film.mp4")
    assert "install what is missing" in caught.value.help


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"environment": Recipe("CartPole-v1")},
            "CartPole-v1 has discrete actions, and the policy has continuous ones",
        ),
        ({"environment": Recipe("Hoper-v4")}, "no environment Hoper-v4"),
        ({"device": "tpu"}, "no device tpu"),
        ({"device": "cuda"}, "no CUDA device"),
    ],
)
def test_what_cannot_start_leaves_no_folder(program, tmp_path, monkeypatch, changes, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=message):
        train(program, options(tmp_path / "run", **changes), plain())
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_is_not_touched(program, tmp_path):
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(UserError, match="not an empty folder"):
        train(program, options(tmp_path), plain())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_log_holds_only_json(tmp_path):
    with Log(RunFolder(tmp_path), [2, 4]) as log:
        values = {"return": float("nan"), "returns": [1.0, float("inf")], "lengths": [3]}
        log.logged(Logged(5, (line("evaluation", 5, values, 2),)))
    text = (tmp_path / "metrics.jsonl").read_text()
    expected = {"kind": "evaluation", "step": 5, "seed": 2, "return": None, "returns": [1.0, None], "lengths": [3]}
    assert json.loads(text, parse_constant=pytest.fail) == expected
