"""Environments that a user names: files, modules, arguments, wrappers, and functions of a Python program."""

import functools
import sys
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

from taxon.runtime.environments.environment import make
from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.environments.importing import defined, digest
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.state.environment_state import restorable
from taxon.runtime.environments.travelling import travels
from taxon.runtime.environments.words import read_recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.saved import evaluate_run
from taxon.runtime.trainer import resume, train
from tests.runtime.test_resume import options, plain, program, state, stop_after, words

__all__ = ["program"]  # a fixture

HILL = '''
import gymnasium
import numpy as np
from hill_helper import SLOPE


class Hill(gymnasium.Env):
    """Rolls from a drawn place; each action is paid by how far up it leads. Twelve steps, or the top."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}
    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def __init__(self, slope: float = SLOPE, render_mode: str | None = None) -> None:
        self.slope, self.render_mode = slope, render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = self.np_random.normal(size=2), 0
        return self.place.copy(), {}

    def step(self, action):
        self.steps += 1
        self.place = np.clip(self.place + self.slope * action, -5.0, 5.0)
        return self.place.copy(), float(self.place.sum()), bool(self.place[0] > 4.0), self.steps == 12, {}

    def render(self):
        return np.full((16, 16, 3), int(20 * abs(self.place[0])), np.uint8)


def steep(slope: float = 1.0):
    return Hill(slope)


class Doubled(gymnasium.RewardWrapper):
    def __init__(self, env, by: float = 2.0) -> None:
        super().__init__(env)
        self.by = by

    def reward(self, reward):
        return self.by * reward


def halved(reward):
    return reward / 2


NUMBER = 3
gymnasium.register("Hill-v0", "hill:Hill", max_episode_steps=7)
gymnasium.register("HillHere-v0", Hill)
'''


@pytest.fixture(autouse=True)
def forgotten():
    """What a test imports and registers is gone afterwards."""
    path, modules, registry = list(sys.path), set(sys.modules), dict(gymnasium.registry)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith(("hill", "faulty_")):
            del sys.modules[name]
    gymnasium.registry.clear()
    gymnasium.registry.update(registry)


@pytest.fixture
def hill(tmp_path) -> Path:
    """A folder with `hill.py` and what that imports."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "hill.py").write_text(HILL)
    (folder / "hill_helper.py").write_text("SLOPE = 0.5\n")
    return folder


def returns(recipe: Recipe, steps: int = 5) -> list[float]:
    environment = make(recipe, 0)
    environment.reset()
    return [environment.step(np.ones(2))[1] for _ in range(steps)]


@pytest.mark.parametrize("name", ["Hill-v0", "HillHere-v0", "Hill", "steep"])
@pytest.mark.parametrize("module", ["hill", "hill.py", "../mine/hill.py"])
def test_names_in_a_module_or_a_file(hill, module, name):
    recipe = Recipe(f"{module}:{name}", {} if name != "steep" else {"slope": 0.5}, folder=hill)
    first, *_, last = returns(recipe)
    assert last - first == pytest.approx(4.0)
    assert (name == "Hill-v0") == isinstance(make(recipe, 0).raw, gymnasium.wrappers.TimeLimit)


def test_a_file_is_executed_once_and_its_folder_is_searched_last(hill):
    (hill / "random.py").write_text("raise SystemExit")
    recipe = Recipe("hill.py:Hill", folder=hill)
    assert type(make(recipe, 0).raw) is type(make(recipe, 1).raw)
    assert sys.path[-1] == str(hill)


def test_arguments_and_wrappers(hill):
    plain = returns(Recipe("hill.py:Hill-v0", folder=hill), 3)
    steeper = returns(read_recipe("hill.py:Hill-v0", ["slope=1.0"], folder=hill), 3)
    assert np.diff(steeper) == pytest.approx(2 * np.diff(plain))
    doubled = read_recipe("hill.py:Hill-v0", [], ["hill.Doubled(by=3)", "TransformReward(hill.halved)"], hill)
    assert returns(doubled, 3) == pytest.approx([1.5 * each for each in plain])
    limited = make(read_recipe("hill.py:Hill-v0", ["max_episode_steps=3"], ["TimeLimit(2)"], hill), 0)
    limited.reset()
    assert [limited.step(np.zeros(2))[3] for _ in range(2)] == [False, True]
    pendulum = make(read_recipe("Pendulum-v1", ["g=2"], ["TransformReward(func=numpy.tanh)"]), 0)
    assert pendulum.raw.unwrapped.g == 2
    pendulum.reset()
    assert -1.0 <= pendulum.step(np.zeros(1))[1] <= 0.0


def test_arguments_of_the_control_suite():
    short = make(read_recipe("dm_control/cartpole-balance", ["time_limit=0.05"]), 0)
    short.reset()
    assert [short.step(np.zeros(1))[3] for _ in range(5)] == [False] * 4 + [True]
    with pytest.raises(UnusableEnvironmentError, match="draws by the seeds of the run"):
        make(read_recipe("dm_control/cartpole-balance", ["random=3"]), 0)


@pytest.mark.parametrize(
    ("words", "message", "help"),
    [
        (("hil.py:Hill",), "there is no file hil.py", "path/to/hil.py"),
        (("hill.py:Hil-v0",), "there is no environment hill.py:Hil-v0: hill.py registers no Hil-v0", "hill.py:Hill-v0"),
        (("hill.py:NUMBER",), "there is no environment hill.py:NUMBER", ""),
        (("hill.py:halved",), "hill.py:halved cannot be made: TypeError", ""),
        (("hill.py:Doubled",), "hill.py:Doubled cannot be made: TypeError", ""),
        (("hill.py:Hill", ["slop=1"]), "hill.py:Hill takes no argument slop", "did you mean slope? it takes slope, re"),
        (("hill.py:Hill-v0", ["slop=1"]), "takes no argument slop", "did you mean slope?"),
        (("Pendulum-v1", ["gravity=1"]), "Pendulum-v1 takes no argument gravity", "it takes render_mode, g, max_ep"),
        *(
            (("Pendulum-v1", [f"max_episode_steps={wrong}"]), f"max_episode_steps is {wrong}", "from 1 on")
            for wrong in ("0", "-3", "2.5", "True", "'ten'")
        ),
        (("hill.py:Hill", [], ["TimeLimt(3)"]), "gymnasium has no wrapper TimeLimt", "did you mean TimeLimit"),
        (("hill.py:Hill", [], ["vector"]), "vector is of the kind module and cannot be called", ""),
        (("hill.py:Hill", [], ["TimeLimit()"]), "TimeLimit() does not go around", "it takes max_episode_steps"),
        (("hill.py:Hill", [], ["TimeLimit(-1)"]), "TimeLimit(-1) does not go around hill.py:Hill: ValueError", "mend"),
        (("hill.py:Hill", [], ["hill.Tripled()"]), "there is no hill.Tripled: hill has no Tripled", "as in numpy.tanh"),
        (("hill.py:Hill", [], ["nowhere.A()"]), "there is no nowhere.A: there is no module nowhere", "nowhere.py"),
        (("hill.py:Hill", [], ["hill.NUMBER()"]), "hill.NUMBER is of the kind int", ""),
        (("hill.py:Hill", [], ["builtins.str()"]), "gives an object of the kind str", "such as TimeLimit"),
        (("hill.py:Hill", [], ["TransformReward(numpy.tan_h)"]), "there is no numpy.tan_h: numpy has no tan_h", ""),
        (("hill.py:Hill", [], ["Autoreset()"]), "begins episodes by itself", "leave gymnasium.wrappers.Autoreset out"),
        (("random.py:Hill",), "there is a module random already", "random_environment.py"),
        (("faulty_syntax.py:A",), "cannot be made: SyntaxError", "faulty_syntax.py, line 2"),
        (("faulty_raises.py:A",), "cannot be made: ZeroDivisionError", "faulty_raises.py, line 3"),
        (("faulty_exits.py:A",), "cannot be made: SystemExit", "faulty_exits.py, line 1"),
        (("faulty_relative.py:A",), "ImportError: attempted relative import", "faulty_relative.py, line 1"),
        (("faulty_needs.py:A",), "needs what is not installed here: no_such_thing", "install no_such_thing"),
        (("faulty_kind.py:A",), "is of the kind A, which is no gymnasium.Env", "faulty_kind.py, line 2"),
        (("faulty_kind.py:A-v0",), "is of the kind A, which is no gymnasium.Env", "faulty_kind.py, line 2"),
        (("faulty_kind.py:Old",), "is an environment of gym, which gymnasium has replaced", "faulty_kind.py, line 7"),
        (("faulty_kind.py:None_",), "is of the kind NoneType", ""),
        (("made()",), "made() is made by a function of a Python program", ""),
    ],
)
def test_what_is_wrong_is_said_with_a_way_out(hill, words, message, help):
    files = {
        "random.py": "",
        "faulty_syntax.py": "\ndef (\n",
        "faulty_raises.py": "\n\n1 / 0\n",
        "faulty_exits.py": "import sys; sys.exit('no')",
        "faulty_relative.py": "from . import x",
        "faulty_needs.py": "import no_such_thing",
        "faulty_kind.py": "import gymnasium\nclass A:\n    pass\ngymnasium.register('A-v0', 'faulty_kind:A')\n"
        "class Base: pass\nBase.__module__ = 'gym.core'\nclass Old(Base):\n    pass\ndef None_(): pass\n",
    }
    for name, text in files.items():
        (hill / name).write_text(text)
    id, *rest = words
    with pytest.raises(UnusableEnvironmentError) as caught:
        make(read_recipe(id, *rest, folder=hill), 0)
    assert message in caught.value.message
    assert help in caught.value.help


@pytest.mark.parametrize("id", ["hill.py:Hill", "hill:Hill"])
def test_nothing_of_a_folder_is_executed_without_the_users_word(hill, monkeypatch, id):
    monkeypatch.chdir(hill)
    with pytest.raises(UnusableEnvironmentError):
        make(Recipe(id), 0)
    with pytest.raises(UnusableEnvironmentError):
        make(read_recipe("Pendulum-v1", [], ["hill.Doubled()"]), 0)
    assert "hill" not in sys.modules


def test_what_a_module_defines(hill):
    assert defined("hill.Hill.reset", hill) is defined("hill.Hill", hill).reset
    assert defined("os.path.join", None) is __import__("os").path.join


def own(hill: Path) -> Recipe:
    return read_recipe("hill.py:Hill-v0", ["slope=0.3"], ["hill.Doubled(3.0)", "NormalizeReward()"], hill)


def test_a_run_in_ones_own_environment_goes_on_and_is_evaluated(hill, program, tmp_path):
    """Exactly, with a wrapper that learns, in workers as in one process."""
    recipe, asked = own(hill), {"steps": 150, "evaluate_every": 60}
    assert restorable(recipe, 0)
    whole = train(program, options(tmp_path / "whole", environment=recipe, **asked), plain()).manifest
    assert whole.recipe() == recipe
    assert (whole.environment, whole.environment_arguments) == ("hill.py:Hill-v0", {"slope": "0.3"})
    assert whole.environment_wrappers == ["hill.Doubled(3.0)", "NormalizeReward()"]
    assert whole.environment_file == digest(recipe)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 40)
        console = plain()
        train(program, options(tmp_path / "broken", environment=recipe, workers=2, **asked), console)
    command = "--env hill.py:Hill-v0 --env-set slope=0.3 --wrap 'hill.Doubled(3.0)' --wrap 'NormalizeReward()'"
    assert f"taxon run --resume {tmp_path / 'broken'} {command}" in console.file.getvalue()
    with pytest.raises(UserError, match="would execute a file"):
        resume(program, tmp_path / "broken", console=plain())
    with pytest.raises(UserError, match="the run was on"):
        resume(program, tmp_path / "broken", console=plain(), environment=Recipe("Pendulum-v1"))
    resume(program, tmp_path / "broken", console=plain(), environment=recipe)
    assert state(tmp_path / "broken") == state(tmp_path / "whole")
    assert words(tmp_path / "broken") == words(tmp_path / "whole")
    asked = (tmp_path / "whole", program.source, program.row, 2, "cpu")
    with pytest.raises(UserError, match="would execute a file"):
        evaluate_run(*asked)
    found = evaluate_run(*asked, video=tmp_path / "film.mp4", environment=recipe)
    assert all(len(seed.returns) == 2 for seed in found.seeds)
    assert (tmp_path / "film.mp4").exists()


def test_a_file_that_has_changed_is_said(hill, program, tmp_path):
    recipe = Recipe("hill.py:Hill", folder=hill)
    train(program, options(tmp_path / "run", environment=recipe, steps=20), plain())
    (hill / "hill.py").write_text(HILL + "\n# another line\n")
    console = plain()
    resumed = resume(program, tmp_path / "run", 30, console, environment=recipe).manifest
    assert "hill.py is not what it was: the numbers may differ" in console.file.getvalue()
    assert resumed.resumed[0].environment_file != resumed.environment_file


def walking(length: int = 4) -> gymnasium.Env:
    """Of this module, which a worker process can import."""
    from tests.runtime.worlds import Walk

    return gymnasium.wrappers.TimeLimit(Walk(), length)


def test_a_function_of_a_program_makes_a_run(program, tmp_path):
    recipe = Recipe.of(functools.partial(walking, length=3))
    assert travels(recipe)
    asked = {"environment": recipe, "steps": 100, "evaluate_every": None}
    for workers in (0, 2):
        record = train(program, options(tmp_path / str(workers), workers=workers, **asked), plain()).manifest
        assert (record.environment, record.workers) == ("walking()", workers)
    assert state(tmp_path / "0") == state(tmp_path / "2")
    with pytest.raises(UserError, match=r"walking\(\) was made by a function of a Python program"):
        resume(program, tmp_path / "0", 120, plain())
    resume(program, tmp_path / "0", 120, plain(), environment=recipe)
    assert manifest.read(RunFolder(tmp_path / "0")).steps_done == 120


def test_a_function_that_no_other_process_has(program, tmp_path):
    recipe = Recipe.of(lambda: walking())
    assert not travels(recipe)
    here = SimpleNamespace()
    exec("def made():\n    pass", here.__dict__ | {"__name__": "__main__"}, here.__dict__)
    here.made.__module__ = "__main__"
    assert not travels(Recipe.of(here.made))
    with pytest.raises(UserError, match=r"lambda\(\) cannot be made in a worker process"):
        train(program, options(tmp_path / "two", environment=recipe, workers=2), plain())
    console = plain()
    record = train(program, options(tmp_path / "auto", environment=recipe, workers="auto", steps=20), console).manifest
    assert record.workers == 0
    assert "lambda() is stepped by this process alone" in console.file.getvalue()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda: None, "lambda() is of the kind NoneType, which is no gymnasium.Env"),
        (lambda: 1 / 0, "lambda() cannot be made: ZeroDivisionError"),
        (lambda x: None, "lambda() cannot be made: TypeError"),
        (lambda: gymnasium.make("Hoper-v4"), "lambda() cannot be made: Environment `Hoper` doesn't exist"),
        (lambda: gymnasium.make_vec("Pendulum-v1", 2), "Vec"),
    ],
)
def test_functions_that_make_nothing(factory, message):
    with pytest.raises(UnusableEnvironmentError) as caught:
        make(Recipe.of(factory), 0)
    assert message in caught.value.message
