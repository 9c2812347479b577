"""Finished runs move between stores, count there, and begin anew where more steps are asked for."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from studies.running import studying

from taxon.runtime.errors import UserError
from taxon.studies.moving.arriving import Arrived, arrive
from taxon.studies.moving.leaving import leave
from taxon.studies.running.attempts import Observer
from taxon.studies.running.progress import Counts
from taxon.studies.running.standing import Standing
from taxon.studies.running.store import State, Store


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a study that was run, with its export in `moved` beside it."""
    folder = tmp_path_factory.mktemp("there")
    file = studying.write(folder, environments=("one", "freezes"), seeds=3)
    studying.run(file, stack=2)
    leave(studying.opened(file), folder / "moved")
    return file


@pytest.fixture
def moved(there: Path, tmp_path: Path) -> Path:
    """A copy of what was exported."""
    return Path(shutil.copytree(there.parent / "moved", tmp_path / "moved"))


def came(moved: Path, to: Path) -> Arrived:
    return arrive(moved, Store(to / "store"))


def again(there: Path, to: Path, **changes: object) -> tuple[Path, Counts]:
    """The same study elsewhere, run with what is in the store there."""
    file = studying.write(to, environments=("one", "freezes"), **({"seeds": 3} | changes))  # type: ignore[arg-type]
    return file, studying.run(file)


def test_an_export_has_no_checkpoints_and_is_small(there: Path, moved: Path) -> None:
    files = [path for path in moved.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"place.json", "spec.tx", "run.json", "metrics.jsonl", "return.json"}
    assert sum(path.stat().st_size for path in files) < 12 * 2_000
    left = leave(studying.opened(there), moved)
    assert (left.runs, left.seeds) == (8, 12)
    assert left.bytes == sum(path.stat().st_size for path in moved.rglob("*") if path.is_file())


def test_imported_runs_count_and_nothing_is_run_again(there: Path, moved: Path, tmp_path: Path) -> None:
    arrived = came(moved, tmp_path)
    assert (arrived.runs, arrived.seeds, arrived.there, arrived.random) == (8, 12, 0, 2)
    before = len(studying.below(tmp_path, "store/*/attempts-*/*/holder.json"))
    file, counts = again(there, tmp_path)
    assert (counts.complete, counts.frozen) == (12, 6)
    assert studying.attempts(file) == before
    own, other = ((path.parent / "tiny/results.csv").read_text() for path in (there, file))
    rows = list(csv.DictReader(other.splitlines()))
    assert {row["origin"] for row in rows} == {"imported"}
    assert [{**row, "origin": ""} for row in rows] == list(csv.DictReader(own.splitlines()))
    assert (file.parent / "tiny/curves.csv").read_bytes() == (there.parent / "tiny/curves.csv").read_bytes()


def test_status_says_what_was_imported(there: Path, moved: Path, tmp_path: Path) -> None:
    came(moved, tmp_path)
    file = studying.write(tmp_path, environments=("one", "freezes"), seeds=3)
    standing = Standing.of(studying.opened(file))
    assert "  imported from another store: 12 of the complete runs" in standing.lines()
    assert all(unit["imported"] for unit in standing.data()["units"])
    own = Standing.of(studying.opened(there))
    assert not any("imported" in line for line in own.lines())
    assert not any(unit["imported"] for unit in own.data()["units"])


def test_the_same_again_is_there_already(moved: Path, tmp_path: Path) -> None:
    came(moved, tmp_path)
    arrived = came(moved, tmp_path)
    assert (arrived.runs, arrived.there, arrived.random) == (0, 8, 0)
    assert len(studying.below(tmp_path, "store/*/run-*")) == 8


def test_more_steps_begin_anew(there: Path, moved: Path, tmp_path: Path) -> None:
    came(moved, tmp_path)
    file, counts = again(there, tmp_path, steps=120)
    assert counts.complete == 12
    runs = studying.below(tmp_path, "store/*/run-*")
    assert sum(not (run / "imported.json").exists() for run in runs) == 6  # what had frozen has done so for any steps
    rows = list(csv.DictReader((file.parent / "tiny/results.csv").read_text().splitlines()))
    assert {row["origin"] for row in rows if row["environment"] == "one"} == {""}


def test_another_result_is_refused_and_nothing_is_written(there: Path, moved: Path, tmp_path: Path) -> None:
    shutil.copytree(there.parent / "store", tmp_path / "store")
    run = next(path for path in moved.glob("*/run-*") if json.loads((path / "run.json").read_text())["seeds"] == [2])
    text = (run / "metrics.jsonl").read_text().splitlines()
    text[1] = json.dumps(json.loads(text[1]) | {"return": 5.0})
    (run / "metrics.jsonl").write_text("\n".join(text) + "\n")
    before = sorted(tmp_path.glob("store/**/*"))
    with pytest.raises(UserError, match=r"has another result of seed 2 than .*/store/"):
        came(moved, tmp_path)
    assert sorted(tmp_path.glob("store/**/*")) == before


def test_what_is_being_run_stays(there: Path, moved: Path, tmp_path: Path) -> None:
    file = studying.write(tmp_path, environments=("one", "freezes"), seeds=3)
    study = studying.opened(file)
    unit = next(iter(study.look()))
    place = study.store.attempts(unit.place, unit.seed)
    assert Observer("", 60.0).claim(place) is not None
    with pytest.raises(UserError, match="is being run in"):
        came(moved, tmp_path)
    assert study.store.find(unit).state is State.MISSING


def test_where_there_is_nothing(there: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the study has no finished runs yet"):
        leave(studying.opened(studying.write(tmp_path)), tmp_path / "moved")
    with pytest.raises(UserError, match="is the store itself"):
        leave(studying.opened(there), there.parent / "store")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no runs of a study"):
        came(tmp_path / "empty", tmp_path)
    assert not (tmp_path / "store/empty").exists()
