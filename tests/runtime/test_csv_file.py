"""metrics.csv: the same figures as TensorBoard's files, as a table that anything reads."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from taxon.runtime.anew import Anew
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence, parse_log
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.test_resume import stop_after


@pytest.fixture
def program(toy_source: str) -> Program:
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


def options(folder: Path, **changes: Any) -> Options:
    settings = {"environment": Recipe("known/Drawn-v0"), "seeds": (3, 5), "steps": 60, "device": "cpu", "out": folder}
    settings |= {"evaluate_every": 20, "evaluation_episodes": 2, "save_every": parse_cadence("25", "")}
    return Options(**(settings | {"log": ("csv",)} | changes))


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def figures(folder: Path) -> list[dict[str, str]]:
    """The table without what the clock says."""
    rows = [row for row in table(folder) if row["figure"] not in ("speed/seconds", "speed/steps_per_second")]
    return [{**row, "seconds": ""} for row in rows]


def test_a_row_for_each_seed_figure_and_step(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(program, options(folder), plain())
    assert not (folder / "tensorboard").exists()
    rows = table(folder)
    assert list(rows[0]) == ["step", "seconds", "seed", "figure", "value"]
    lines = [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]
    for kind, name, figure in (
        ("evaluation", "return", "evaluation/return"),
        ("update", "value_loss", "update/value_loss"),
        ("speed", "updates", "speed/updates"),
    ):
        expected = {(line["step"], line.get("seed", ""), float(line[name])) for line in lines if line["kind"] == kind}
        found = {
            (int(r["step"]), r["seed"] and int(r["seed"]), float(r["value"])) for r in rows if r["figure"] == figure
        }
        assert found == expected
    assert not [row for row in rows if "returns" in row["figure"]]


@pytest.mark.parametrize("calls", [30, 57, 80])
def test_after_a_resume_it_is_what_the_metrics_hold(program: Program, tmp_path: Path, calls: int) -> None:
    train(program, options(tmp_path / "whole"), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, calls)
        train(program, options(tmp_path / "run"), plain())
    with (tmp_path / "run" / "metrics.csv").open("a") as file:
        file.write("99,0,3,evaluation/return,1e6\n")  # of a life that a SIGKILL ended
    resume(program, tmp_path / "run", console=plain())
    assert figures(tmp_path / "run") == figures(tmp_path / "whole")


def test_a_run_that_goes_on_may_have_other_loggers(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "whole", steps=120), plain())
    train(program, options(tmp_path / "run", log=()), plain())
    assert {path.name for path in (tmp_path / "run").iterdir()} & {"metrics.csv", "tensorboard"} == set()
    resume(program, tmp_path / "run", 120, plain(), anew=Anew(log=("tensorboard", "csv")))
    assert manifest.read(RunFolder(tmp_path / "run")).log == ["tensorboard", "csv"]
    assert figures(tmp_path / "run") == figures(tmp_path / "whole")
    assert (tmp_path / "run" / "tensorboard" / "mean").is_dir()


def test_a_logger_that_there_is_none_of_leaves_no_folder(program: Program, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no logger neptune") as caught:
        train(program, options(tmp_path / "run", log=("csv", "neptune")), plain())
    assert "tensorboard, csv" in caught.value.help
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "names"),
    [("none", ()), ("csv", ("csv",)), ("tensorboard, csv", ("tensorboard", "csv")), ("wandb", ("wandb",))],
)
def test_lists_of_loggers(text: str, names: tuple[str, ...]) -> None:
    assert parse_log(text) == names


@pytest.mark.parametrize("text", ["", ",", "csv,", "csv,csv", "csv,none", ",csv"])
def test_what_is_no_list_of_loggers(text: str) -> None:
    with pytest.raises(UserError, match="--log"):
        parse_log(text)
