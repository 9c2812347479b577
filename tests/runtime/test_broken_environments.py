"""Environments that break: the same words with workers and without, nothing lost, and no traceback."""

import decimal
import enum
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import broken
import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from taxon.runtime.environments import closing
from taxon.runtime.environments.boxes import BoxActions
from taxon.runtime.environments.environment import make, spaces_of
from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.state import environment_state
from taxon.runtime.environments.state.environment_state import ChangedError, EnvironmentState, restorable
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.saved import evaluate_run
from taxon.runtime.trainer import resume, train
from tests.runtime.test_resume import options, plain, program, state, stop_after, words

__all__ = ["program"]  # a fixture


def asked(folder, id, **changes):
    return options(
        folder, **({"environment": Recipe(id), "seeds": (3,), "steps": 30, "evaluate_every": 10**6} | changes)
    )


@pytest.mark.parametrize(("id", "workers"), [(next(iter(broken.RESETS)), 1), *((id, 0) for id in broken.RESETS)])
def test_a_first_reset_that_breaks_is_said(program, tmp_path, id, workers):
    console, folder = plain(), tmp_path / "run"
    outcome = train(program, asked(folder, id, workers=workers), console)
    assert (outcome.exit_code, outcome.manifest.frozen) == (1, {"3": 0})
    cause = outcome.manifest.causes["3"]
    assert broken.RESETS[id] in cause
    assert f"seed 3 was frozen at step 0: {cause}" in console.file.getvalue()
    assert [line["cause"] for line in words(folder) if line["kind"] == "frozen"] == [cause]
    assert "Traceback" in (folder / "failure-of-seed-3.txt").read_text()


@pytest.mark.parametrize("id", broken.STEPS)
def test_a_step_that_breaks_its_word_is_said(id):
    from taxon.runtime.environments.vectors.sync_vector import SyncVector

    stepper = SyncVector([make(Recipe(id), 0)])
    stepper.open(1, False)
    assert stepper.begin({0: None}) == []
    stepper.start(np.zeros((1, 2), np.float32), np.ones(1, np.bool_), 1, False)
    (said,) = stepper.finish()
    assert said.cause == f"{id} failed: {broken.STEPS[id]}"


@pytest.mark.parametrize("reward", [True, 2, np.float16(0.5), np.array([1.5]), np.array(2.5), decimal.Decimal(3)])
@pytest.mark.parametrize("flag", [np.bool_(False), 0, np.array([False])])
def test_numbers_of_any_kind_are_rewards_and_flags(monkeypatch, reward, flag):
    environment = make(Recipe(next(iter(broken.RESETS))), 0)
    raw = environment.raw.unwrapped
    monkeypatch.setattr(raw, "step", broken.answering(reward=reward, terminated=flag).__get__(raw))
    environment.raw = raw
    assert environment.step(np.zeros(2))[1:] == (float(np.asarray(reward).item()), False, False)


@pytest.mark.parametrize("id", broken.UNUSABLE)
def test_what_cannot_be_made_or_used_is_a_message(id):
    with pytest.raises(UnusableEnvironmentError) as caught:
        make(Recipe(id), 0)
    assert caught.value.message.startswith(f"{id} ")
    assert broken.UNUSABLE[id] in caught.value.message
    assert caught.value.help


@pytest.mark.parametrize(
    ("id", "message", "help"),
    [
        ("a:b:c", "it has 2 colons", "module:Id-v0"),
        ("mine:Maze-v0", "there is no module mine to import for mine:Maze-v0", "or name the file, as in --env path/to"),
        ("mine.py:Maze-v0", "which is executed where a command line names it and nowhere else", "say it yourself"),
        ("elsewhere.deep:Maze-v0", "there is no module elsewhere.deep", "run in the folder of elsewhere.py"),
        ("rash.deep:Maze-v0", "cannot be made: ZeroDivisionError", "rash.py, line 1"),
        (
            "broken.deep:Maze-v0",
            "there is no module broken.deep to import",
            "the folder of broken/deep.py on PYTHONPATH",
        ),
        ("needy:Maze-v0", "needs what is not installed here: no_such_thing", "install no_such_thing"),
        ("rash:Maze-v0", "cannot be made: ZeroDivisionError", "rash.py, line 1"),
        ("broken:faulty/Haff-v0", "broken registers no faulty/Haff-v0", "did you mean broken:faulty/Half-v0"),
        (":Maze-v0", "cannot be made", ""),
        (
            "..:Maze-v0",
            "there is no module .. to import",
            "has it, or name the file, as in --env path/to/file.py:Id-v0",
        ),
        ("", "cannot be made", ""),
    ],
)
def test_a_module_that_is_not_found_or_breaks(tmp_path, monkeypatch, id, message, help):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "needy.py").write_text("import no_such_thing")
    (tmp_path / "path" / "rash.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path / "path")
    with pytest.raises(UnusableEnvironmentError) as caught:
        make(Recipe(id), 0)
    assert message in caught.value.message
    assert help in caught.value.help


def ends(space, rows):
    box = BoxActions("Known-v0", space)
    return [box(np.full(box.size, row, np.float32)) for row in rows]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_action_leaves_its_box(dtype):
    draw = np.random.default_rng(0)
    for _ in range(200):
        low = draw.normal(size=(2, 3)) * 10.0 ** draw.integers(-3, 3)
        space = spaces.Box(low.astype(dtype), (low + draw.random((2, 3))).astype(dtype), dtype=dtype)
        actions = ends(space, [-1.0, -0.3, 1.0, 7.0])
        assert all(space.contains(action) for action in actions)
        assert (actions[0] == space.low).all()
        assert (actions[2] == space.high).all()


def test_the_boxes_of_the_reports():
    space = spaces.Box(np.array([0.1, -0.3], np.float32), np.array([0.7, 1.1], np.float32))
    assert space.contains(ends(space, [1.0])[0])
    space = spaces.Box(-0.1, 0.1, (3,), np.float64)
    assert space.contains(ends(space, [1.0])[0])
    assert spaces.Box(-1.0, 1.0, (), np.float32).contains(ends(spaces.Box(-1.0, 1.0, (), np.float32), [0.3])[0])


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(-2, 2, np.int64), (-128, 127, np.int8), (0, 255, np.uint8), (5, 5, np.int32), (2**63, 2**63 + 3, np.uint64)],
)
def test_whole_numbers_have_equal_cells(low, high, dtype):
    space = spaces.Box(np.array([low], dtype), np.array([high], dtype), dtype=dtype)
    box, cells = BoxActions("Known-v0", space), high - low + 1
    rows = ((np.arange(10 * cells) + 0.5) / (5 * cells) - 1.0).reshape(-1, 1)
    actions = np.concatenate([box(row) for row in rows])
    numbers, counts = np.unique(actions, return_counts=True)
    assert [int(number) for number in numbers] == list(range(low, high + 1))
    assert set(counts) == {10}
    assert [int(box(np.array([end]))[0]) for end in (-9.0, 9.0)] == [low, high]


def test_the_advice_for_unbounded_actions_works():
    with pytest.raises(UnusableEnvironmentError) as caught:
        make(Recipe("broken:faulty/Half-v0"), 0)
    wrapping = caught.value.help[
        caught.value.help.index("gymnasium.wrappers") : caught.value.help.index(", with bounds")
    ]
    bounded = lambda: eval(wrapping, {"gymnasium": gymnasium, "env": gymnasium.make("broken:faulty/Half-v0")})  # noqa: E731
    gymnasium.register("known/Bounded-v0", bounded)
    environment = make(Recipe("known/Bounded-v0"), 0)
    environment.reset()
    assert environment.step(np.ones(2))[1] == 1.0


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("name", "said"),
    [("Raises", "failed when it was closed: OSError: the port is gone"), ("Exits", "closed: SystemExit: 4")],
)
def test_a_close_that_breaks_loses_nothing(program, tmp_path, caplog, capfd, workers, name, said):
    id = f"broken:faulty/Close{name}-v0"
    outcome = train(program, asked(tmp_path / "run", id, workers=workers), plain())
    assert (outcome.exit_code, manifest.read(RunFolder(tmp_path / "run")).status) == (0, "finished")
    assert said in caplog.text  # of the environment for evaluations
    assert (said in capfd.readouterr().err) == bool(workers)
    assert restorable(Recipe(id), 0)


def test_a_close_that_hangs_is_not_waited_for(monkeypatch, caplog):
    monkeypatch.setattr(closing, "PATIENCE", 0.1)
    began = time.monotonic()
    closing.close_all([make(Recipe("broken:faulty/CloseHangs-v0"), number) for number in range(3)])
    assert time.monotonic() - began < 5
    assert "broken:faulty/CloseHangs-v0 did not close within 0.1 seconds" in caplog.text


def test_one_that_leaves_the_working_directory_leaves_the_paths(program, tmp_path, monkeypatch, capsys):
    id = "broken:faulty/Wanders-v0"
    monkeypatch.chdir(tmp_path)
    assert spaces_of(Recipe(id)) == ("continuous", 2, 2)
    assert Path.cwd() == tmp_path
    assert capsys.readouterr().out == ""
    outcome = train(program, asked(Path("run"), id), plain())
    os.chdir(tmp_path)
    assert (outcome.exit_code, (tmp_path / "run" / "curve.png").exists()) == (0, True)
    assert resume(program, Path("run"), 40, plain(), environment=Recipe(id)).exit_code == 0
    os.chdir(tmp_path)
    assert evaluate_run(Path("run"), program.source, program.row, 1, "cpu", environment=Recipe(id)).seeds[0].steps == 40


def test_one_that_writes_into_its_action_is_restorable():
    assert restorable(Recipe("broken:faulty/Scribbles-v0"), 0)


@pytest.mark.parametrize("name", ["Standard", "Keyed"])
def test_generators_of_the_standard_library_slots_and_any_keys_are_restored(name):
    assert restorable(Recipe(f"broken:faulty/{name}-v0"), 0)


def test_an_iterator_is_found_out():
    assert not restorable(Recipe("broken:faulty/Generates-v0"), 0)


class Mood(enum.Enum):
    CALM = 0
    WILD = 1


@pytest.mark.parametrize(
    "moods",
    [
        ("calm", "wild"),
        (b"calm", b"wild"),
        (Mood.CALM, Mood.WILD),
        (frozenset({1}), frozenset({1, 2})),
        ({1}, {1, 2}),
        (1j, 2j),
        (("calm", 1), ("calm", 2)),
        (np.array(["calm"]).item, None),
        ([Mood.CALM], [Mood.CALM, Mood.WILD]),
        ({"mood": "calm"}, {"mood": "wild"}),
        (["calm", "calm"], ["calm"]),
    ],
)
def test_what_cannot_be_written_is_noticed(moods):
    if callable(moods[0]):
        moods = (np.array(["calm"]), np.array(["wild"]))
    one, other = (broken.Moody(("first", "second")) for _ in range(2))
    for each in (one, other):
        each.mood = moods[0]
    states = EnvironmentState(one), EnvironmentState(other)
    one.reset(seed=1)
    states[1].restore(states[0].capture())
    one.mood, one.count = moods[1], 7
    before = other.count
    with pytest.raises(ChangedError, match="mood"):
        states[1].restore(states[0].capture())
    assert other.count == before  # nothing was written


@pytest.mark.parametrize("workers", [0, 1])
def test_a_resume_that_cannot_be_exact_says_so(program, tmp_path, workers):
    """A string decides from step 150 on, which the trial does not see."""
    id, console, folder = "broken:faulty/Moody-v0", plain(), tmp_path / "run"
    assert environment_state.TRIED < 75
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 230)  # those of the first evaluation count
        train(program, asked(folder, id, steps=200, workers=workers), plain())
    assert 150 < manifest.read(RunFolder(folder)).steps_done < 200
    assert manifest.read(RunFolder(folder)).restorable
    assert resume(program, folder, console=console, environment=Recipe(id)).exit_code == 0
    assert "an environment of seed 3 cannot be restored and begins a new episode: " in console.file.getvalue()
    assert "mood: it is not what it was, and only numbers are ever written" in console.file.getvalue()


def test_one_that_holds_too_much_to_look_at_is_trained_all_the_same(program, tmp_path):
    id = "broken:faulty/Crowded-v0"
    assert not restorable(Recipe(id), 0)
    assert train(program, asked(tmp_path / "run", id, workers=1), plain()).exit_code == 0
    assert resume(program, tmp_path / "run", 40, plain(), environment=Recipe(id)).exit_code == 0


def test_before_the_string_changes_it_is_exact(program, tmp_path):
    id = "broken:faulty/Moody-v0"
    train(program, asked(tmp_path / "whole", id, steps=200), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 100)
        train(program, asked(tmp_path / "parts", id, steps=200), plain())
    resume(program, tmp_path / "parts", console=plain(), environment=Recipe(id))
    assert state(tmp_path / "parts") == state(tmp_path / "whole")


def test_what_is_lost_later_begins_anew(program, tmp_path, monkeypatch, caplog):
    """A part that cannot be kept any more ends no run."""
    monkeypatch.setattr(
        EnvironmentState, "capture", lambda self: (_ for _ in ()).throw(ValueError("env.grid: too large"))
    )
    monkeypatch.setattr("taxon.runtime.trainer.restorable", lambda id, seed: True)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 20)
        train(program, asked(tmp_path / "run", "Pendulum-v1"), plain())
    assert caplog.text.count("the state of Pendulum-v1 is not kept: ValueError: env.grid: too large") == 1
    console = plain()
    assert resume(program, tmp_path / "run", console=console).exit_code == 0
    assert "begins a new episode: the checkpoint has no state of it" in console.file.getvalue()


@pytest.mark.parametrize(
    ("render", "message"),
    [
        (lambda self: None, "its render returns None and no picture"),
        (lambda self: "ASCII", "its render returns 'ASCII' and no picture"),
        (broken.raising(RuntimeError("no screen")), "RuntimeError: no screen"),
    ],
)
def test_what_cannot_be_filmed_is_said(program, tmp_path, monkeypatch, render, message):
    id = "broken:faulty/CloseRaises-v0"
    make(Recipe(id), 0)
    train(program, asked(tmp_path / "run", id, steps=10), plain())
    monkeypatch.setattr(broken.Sound, "render", render)
    with pytest.raises(UserError) as caught:
        evaluate_run(tmp_path / "run", program.source, program.row, 1, "cpu", tmp_path / "film.mp4", Recipe(id))
    assert "cannot be filmed" in caught.value.message
    assert message in caught.value.message


def test_check_refuses_what_run_refuses(tmp_path):
    """And is as light as it was: gymnasium is imported, torch is not."""
    code = "import sys; from taxon.cli.main import main\ntry: main()\nfinally: assert 'torch' not in sys.modules"
    for env, message in (("Hoper-v4", "did you mean Hopper-v4"), ("broken:faulty/Half-v0", "unbounded actions")):
        command = [sys.executable, "-c", code, "check", "sac", "--env", env]
        paths = os.pathsep.join([str(Path(__file__).parent), *map(os.path.abspath, sys.path)])
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}, cwd=tmp_path
        )
        assert (done.returncode, "TX404" in done.stdout) == (2, True), done.stderr
        assert message in done.stdout
        assert "all fine" not in done.stderr


def test_a_file_that_is_read_is_noticed(tmp_path):
    (tmp_path / "map").write_text("a\nb\n")
    one, other = broken.Moody(), broken.Moody()
    for each in (one, other):
        each.map = (tmp_path / "map").open()
        each.log = io.StringIO()
    states = EnvironmentState(one), EnvironmentState(other)
    one.reset(seed=0)
    one.map.readline()
    with pytest.raises(ChangedError, match="map"):
        states[1].restore(states[0].capture())
