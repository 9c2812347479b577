"""Shipped specs and examples train 500 environment steps through the command line: one of every kind, and all of them
with `-m slow`. (`compiler/test_updates.py` makes 20 updates of each.)"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import shipped
from pictures import draws_curves
from sampling import sampled
from smaller import smaller
from typer.testing import CliRunner

from taxon.cli.main import application
from taxon.cli.specs.loading import load
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder import checkpoint
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.loading import shipped_names

__all__ = ["draws_curves"]  # a fixture
STEPS = 500
ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.tx"))
STUDIES = sorted((ROOT / "examples" / "studies").glob("*.tx"))
TUNES = sorted((ROOT / "examples" / "tuning").glob("*.tx"))

# Two rounds of rollouts or three of a replay, with few updates each: set where a row has the path.
FEWER = {
    "data.environments": 10,
    "data.steps": 25,
    "data.policy_epochs": 1,
    "data.value_epochs": 1,
    "data.batch": 32,
    "data.warmup": 250,
    "data.steps_per_update": 125,
    "data.updates": 2,
    "data.episodes.value_updates": 10,
    "data.episodes.policy_updates": 10,
}
# What is not meant for Pendulum, or not for it alone.
ENVIRONMENTS = {
    "erpg": ["CartPole-v1", "Pendulum-v1"],
    "forward_kl_discrete": ["CartPole-v1"],
    "iadp_maze": ["taxon/GoalGrid-v0"],
    "mpo_categorical": ["CartPole-v1"],
    "mpo_discrete": ["CartPole-v1"],
    "power": ["taxon/Reach-v0"],
    "ppo": ["Pendulum-v1", "CartPole-v1"],
    "ppo_clip": ["Pendulum-v1", "CartPole-v1"],
    "ppo_multipliers": ["Pendulum-v1", "CartPole-v1"],
    "ppo_soft": ["Pendulum-v1", "CartPole-v1"],
    "ppo_uniform": ["Pendulum-v1", "CartPole-v1"],
    "reps": ["taxon/Grid-v0", "CartPole-v1", "Pendulum-v1"],
    "reps_replay": ["CartPole-v1", "Pendulum-v1"],
    "rerpi": ["Pendulum-v1", "CartPole-v1"],
    "rwr": ["taxon/LinearQuadratic-v0"],
    "rwr_return": ["taxon/Reach-v0"],
    "sac_discrete": ["CartPole-v1"],
    "trpo": ["Pendulum-v1", "CartPole-v1"],
    "trpo_gae": ["Pendulum-v1", "CartPole-v1"],
    "urex": ["taxon/Copy-v0", "Pendulum-v1"],
    "vmpo": ["Pendulum-v1", "CartPole-v1"],
    "vmpo_mmd": ["Pendulum-v1"],
    "vmpo_gae": ["Pendulum-v1", "CartPole-v1"],
}
BOXES = {"Pendulum-v1", "taxon/LinearQuadratic-v0", "taxon/Reach-v0"}  # of continuous actions
NO_ALGORITHM = {"architectures", "elu_layernorm"}  # mixins; a study
KIND = ("pi_q", "pi_q.update", "pi_p.update", "pi_theta", "G.estimate")


def cases() -> Iterator[tuple[str, str]]:
    """Every spec with every environment that it is trained in."""
    specs = {name: name for name in shipped_names()} | {path.stem: str(path) for path in EXAMPLES}
    for name in sorted(specs.keys() - NO_ALGORITHM):
        for environment in ENVIRONMENTS.get(name, ["Pendulum-v1"]):
            yield specs[name], environment


def kind(case: tuple[str, str]) -> tuple[object, ...]:
    """What of a row decides how it trains."""
    spec, environment = case
    path = Path(spec) if spec.endswith(".tx") else ROOT / "specs" / f"{spec}.tx"
    row = shipped.row(path, "continuous" if environment in BOXES else "discrete")
    assert row is not None
    return environment in BOXES, row["data"], *(row.base(axis) for axis in KIND)


@pytest.mark.parametrize(("spec", "environment"), sampled(cases(), kind), ids=lambda value: Path(value).stem)
def test_trains(spec: str, environment: str, tmp_path: Path) -> None:
    row = load(spec, [], Recipe(environment)).row
    settings = [f"--set={setting}" for setting in smaller(row, FEWER)]
    options = ["--env", environment, "--steps", str(STEPS), "--eval-every", str(STEPS), "--eval-episodes", "1"]
    out = tmp_path / "run"

    result = CliRunner().invoke(application(["run"]), ["run", spec, *options, "--out", str(out), *settings])

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 0, result.output
    record = json.loads((out / "run.json").read_text())
    assert record["status"] == "finished"
    assert checkpoint.read(RunFolder(out)).steps == STEPS
    assert record["updates"]
    assert min(record["updates"].values()) >= 2  # of every phase
    evaluation = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    assert (evaluation["kind"], evaluation["step"]) == ("evaluation", STEPS)


def test_the_table_of_examples_lists_them_all() -> None:
    table = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(.+?\.tx)` \|", table, flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in (*EXAMPLES, *STUDIES, *TUNES))


@pytest.mark.parametrize("path", [*EXAMPLES, *STUDIES, *TUNES], ids=lambda path: path.stem)
def test_an_example_is_named_like_its_file_and_checks_without_a_finding(path: Path) -> None:
    result = CliRunner().invoke(application(["check"]), ["check", str(path), "--format", "concise"])
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output
    assert re.search(rf"^(algorithm|study|tune) {path.stem}\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
