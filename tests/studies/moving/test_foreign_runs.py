"""A folder of runs from a stranger is refused in a sentence and soon; nothing is written, nothing outside touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fuzz.folders import edited
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runtime.test_checkpoint_bytes import within
from runtime.test_folder import FOREIGN, SECRET, file, folder
from studies.running import studying

from taxon.runtime.errors import UserError
from taxon.studies.moving.arriving import arrive
from taxon.studies.moving.leaving import leave
from taxon.studies.running.store import Store

TRIES = int(os.environ.get("TAXON_FUZZ", "60"))
FILES = ["place.json", "spec.tx", "run.json", "metrics.jsonl"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of one cell, exported."""
    place = tmp_path_factory.mktemp("made")
    study = studying.write(place, levels=(0.1,), seeds=2)
    studying.run(study)
    leave(studying.opened(study), place / "moved")
    return place / "moved"


@pytest.fixture
def moved(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(made, tmp_path / "moved"))


def refused(moved: Path, to: Path, match: str = "") -> str:
    """What is said; nothing is written but perhaps an empty store."""
    with within(20), pytest.raises(UserError, match=match) as caught:
        arrive(moved, Store(to / "store"))
    assert caught.value.help
    assert "\n" not in caught.value.message
    assert not list((to / "store").glob("*/run-*"))
    return caught.value.message


def place_of(moved: Path) -> Path:
    return next(path for path in moved.iterdir() if (path / "place.json").exists())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("stands", [*FOREIGN, folder])
def test_only_a_file_is_a_file(moved: Path, tmp_path: Path, name: str, stands: Callable[[Path, Path], None]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(SECRET)
    where = next(moved.rglob(name))
    where.unlink()
    stands(where, outside)
    said = refused(moved, tmp_path, rf"{name} is an? \w+, where a run has a file")
    assert "hunter2" not in said
    assert [(path.name, path.read_bytes()) for path in outside.iterdir()] == [("file", SECRET)]


@pytest.mark.parametrize("stands", [*FOREIGN, file])
def test_what_is_no_folder_is_left_out(moved: Path, tmp_path: Path, stands: Callable[[Path, Path], None]) -> None:
    place = place_of(moved)
    shutil.rmtree(place)
    (tmp_path / "outside").mkdir()
    stands(place, tmp_path / "outside")
    refused(moved, tmp_path, "has no runs of a study")


def change(moved: Path, name: str, **fields: Any) -> None:
    where = next(moved.rglob(name))
    where.write_text(json.dumps({**json.loads(where.read_text()), **fields}))


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("place.json", {"row": "0" * 64}, "is not the spec of the row 000000000000"),
        ("place.json", {"module": "0" * 64}, "another version of taxon, whose module of it is another"),
        ("place.json", {"environment": "two"}, "is not that of a folder"),
        ("place.json", {"evaluate_every": 10}, "is not that of a folder"),
        ("place.json", {"precision": "half"}, "place.json: precision: "),
        ("place.json", {"more": 1}, "place.json: more: "),
        ("run.json", {"row": "0" * 64}, "belongs elsewhere: row"),
        ("run.json", {"environment": "two"}, "belongs elsewhere: environment"),
        ("run.json", {"compiled": ["update"]}, "belongs elsewhere: compiled"),
        ("run.json", {"status": "interrupted"}, "is of a run that has not finished"),
        ("run.json", {"steps_done": 40}, "is of a run that has not finished"),
        ("run.json", {"status": "frozen"}, "is of a run that has not finished"),
        ("run.json", {"seeds": [7]}, "has not the evaluations of seed 7"),
        ("run.json", {"seeds": [*range(10_000)]}, "has not the evaluations of seed"),
        ("run.json", {"steps": 80, "steps_done": 80}, "has not the evaluations of seed"),
        ("run.json", {"steps": 10**12, "steps_done": 10**12}, "has not the evaluations of seed|run.json: "),
        ("run.json", {"frozen": {"0": 20, "1": 20}, "status": "frozen", "seeds": [0, 1]}, "has not the evaluations"),
    ],
)
def test_wrong_keys(moved: Path, tmp_path: Path, name: str, fields: dict[str, Any], message: str) -> None:
    change(moved, name, **fields)
    refused(moved, tmp_path, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("taxon 1\nimport std.sac\nalgorithm row extends std.sac {}\n", "imports another file"),
        ("taxon 1\nalgorithm row extends std.td3 {}\n", "is not the spec of the row"),
        ("taxon 1\nalgorithm row { nothing = 1 }\n", "means nothing here"),
        ("\0", "spec.tx"),
        ("{" * 100_000, "spec.tx"),
    ],
)
def test_wrong_specs(moved: Path, tmp_path: Path, text: str, message: str) -> None:
    next(moved.rglob("spec.tx")).write_text(text)
    refused(moved, tmp_path, message)


def test_a_spec_of_another_name_is_refused(moved: Path, tmp_path: Path) -> None:
    """Its row is the same, and so its key would be; the text that all studies share would not."""
    where = next(moved.rglob("spec.tx"))
    where.write_text(where.read_text().replace("algorithm row", "algorithm other"))
    refused(moved, tmp_path, "is not the spec of the row")


@pytest.mark.parametrize(
    "line",
    [
        '{"kind": "evaluation", "step": 20, "seed": 0, "return": 1e999}',
        '{"kind": "evaluation", "step": -20, "seed": 0, "return": 1}',
        '{"kind": "evaluation", "step": 20, "seed": 0, "return": "1"}',
        '{"kind": "evaluation", "step": 20, "seed": 0, "return": 1, "code": "x"}',
        '{"kind": "evaluation"' + "[" * 100_000,
        '{"kind": "speed", "step": 1, "seconds": -1}',
    ],
)
def test_wrong_lines(moved: Path, tmp_path: Path, line: str) -> None:
    where = next(moved.rglob("metrics.jsonl"))
    where.write_text(where.read_text() + line + "\n")
    refused(moved, tmp_path, r"metrics.jsonl, line \d+: ")


@pytest.mark.parametrize("name", FILES)
def test_big_files(moved: Path, tmp_path: Path, name: str) -> None:
    os.truncate(next(moved.rglob(name)), 2**40)  # which takes no room on the disk
    refused(moved, tmp_path, f"{name} is larger than")


def test_what_else_a_run_has_stays_behind(moved: Path, tmp_path: Path) -> None:
    """A checkpoint, a module, a traceback or lines of other kinds: none of a stranger's comes into the store."""
    run = next(place_of(moved).glob("run-*"))
    for name in ("checkpoint.json", "agent.py", "imported.json", "x.safetensors"):
        (run / name).write_text("stranger's")
    with (run / "metrics.jsonl").open("a") as lines:
        lines.write('{"kind": "episode", "step": 3}\nrubbish\n')
    assert arrive(moved, Store(tmp_path / "store")).runs == 2
    came = next((tmp_path / "store").glob(f"*/{run.name}"))
    assert {path.name for path in came.iterdir()} == {"run.json", "metrics.jsonl", "imported.json"}
    assert "stranger" not in "".join(path.read_text() for path in came.iterdir())
    assert "episode" not in (came / "metrics.jsonl").read_text()


@settings(max_examples=TRIES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(name=st.sampled_from(FILES), data=st.data())
def test_whatever_the_bytes(
    made: Path, tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """An import ends in a sentence or in runs, and then they are readable."""
    to = tmp_path_factory.mktemp("fuzz")
    shutil.copytree(made, to / "moved")
    where = next((to / "moved").rglob(name))
    where.write_bytes(data.draw(edited(where.read_bytes())))
    message = ""
    with within(20):
        try:
            assert arrive(to / "moved", Store(to / "store")).runs == 2
        except UserError as error:
            message = error.message
    assert "\n" not in message
    shutil.rmtree(to)
