"""What is said of a run that is too short holds: at the fewest steps there is an update, at one less there is none."""

import io
from pathlib import Path

import pytest
from cli.program import taxon
from rich.console import Console
from smaller import smaller

from taxon.cli.specs.loading import load
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder import manifest, module
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options
from taxon.runtime.trainer import Program, train
from taxon.taxonomy.axes import facts
from taxon.taxonomy.rules import check_duration
from tests.runtime.test_kills import SMALL, compiled, environment_of
from tests.taxonomy.test_duration import fewest


# One of each way of keeping data: steps, a delayed policy, windows, episodes, rollouts, restarts.
@pytest.mark.parametrize("spec", ["sac", "td3", "mpo", "awr", "ppo", "reps", "power", "urex"])
def test_the_first_update(spec: str, tmp_path: Path) -> None:
    environment = environment_of(spec)
    paths = load(spec, [], Recipe(environment)).row
    row = load(spec, smaller(paths, SMALL), Recipe(environment)).row
    program = Program(*compiled(spec, environment))
    assert module.load(program.source, tmp_path / "agent.py").DATA.fewest == fewest(row)
    for steps, learns in ((fewest(row) - 1, False), (fewest(row), True)):
        assert (check_duration(row, steps) == []) == learns
        folder = tmp_path / str(steps)
        options = Options(Recipe(environment), steps=steps, device="cpu", out=folder, evaluation_episodes=1)
        record = train(program, options, Console(file=io.StringIO())).manifest
        assert (sum(record.updates.values()) > 0) == learns
        assert facts.rounds(row, record.steps_done) == learns


@pytest.mark.parametrize(("spec", "steps"), [("sac", "3k"), ("power", "1500"), ("vmpo", "400")])
def test_a_run_that_learns_nothing_does_not_begin(spec: str, steps: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = taxon("run", spec, "--env", "Pendulum-v1", "--steps", steps, "--out", folder)
    assert result.exit_code == 1
    assert "error[TX403]" in result.stderr
    assert "ask for more, as in `--steps " in result.stderr
    assert not folder.exists()


def test_more_steps_without_an_update_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    small = ["data.environments=2", "data.steps=10", "data.batch=10", "network.hidden=[4]"]
    sets = [part for setting in small for part in ("--set", setting)]
    common = ("--eval-episodes", "1", "--device", "cpu")
    assert taxon("run", "ppo", "--env", "Pendulum-v1", "--steps", "20", "--out", folder, *sets, *common).exit_code == 0
    before = manifest.read(RunFolder(folder))
    result = taxon("run", "--resume", folder, "--steps", "38")
    assert result.exit_code == 1
    assert "makes no update after step 20: the next is at step 40" in result.stderr
    assert manifest.read(RunFolder(folder)) == before
    assert taxon("run", "--resume", folder, "--steps", "39").exit_code == 0
    assert sum(manifest.read(RunFolder(folder)).updates.values()) > sum(before.updates.values())
