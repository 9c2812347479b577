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


def test_an_import_takes_all_runs_or_none(there: Path, moved: Path, tmp_path: Path) -> None:
    """A later run's seed is being made: the earlier ones do not come either, and are free again."""
    file = studying.write(tmp_path, environments=("one", "freezes"), seeds=3)
    study = studying.opened(file)
    by_key = sorted(study.look(), key=lambda unit: unit.key)
    lease = Observer("", 60.0).claim(study.store.attempts(by_key[-1].place, by_key[-1].seed))
    assert lease is not None
    with pytest.raises(UserError, match="is being run in"):
        came(moved, tmp_path)
    assert {found.state for found in study.look().values()} == {State.MISSING}
    held = [unit for unit in by_key if study.store.held(unit, Observer("", 60.0))]
    assert held == [by_key[-1]]
    lease.end("stopped")
    assert came(moved, tmp_path).runs == 8
    assert not any(study.store.held(unit, Observer("", 60.0)) for unit in by_key)


def test_a_random_return_that_cannot_be_read_stops_an_import_before_it_writes(moved: Path, tmp_path: Path) -> None:
    measured = next(path.parent.name for path in moved.glob("random-*/return.json"))
    (tmp_path / "store" / measured).mkdir(parents=True)
    (tmp_path / "store" / measured / "return.json").write_text("{}")
    with pytest.raises(UserError, match=r"return\.json"):
        came(moved, tmp_path)
    assert not studying.below(tmp_path, "store/*/run-*")


def test_two_runs_of_a_seed_both_come(moved: Path, tmp_path: Path) -> None:
    run = next(path for path in moved.glob("*/run-*") if json.loads((path / "run.json").read_text())["seeds"] == [0, 1])
    shutil.copytree(run, run.with_name("run-0-2"))
    assert came(moved, tmp_path).runs == 9
    assert len(studying.below(tmp_path, "store/*/run-*")) == 9
    assert len(studying.below(tmp_path, f"store/{run.parent.name}/attempts-0/*/end.json")) == 2


def test_what_an_import_would_refuse_is_left_out_of_an_export(there: Path, tmp_path: Path) -> None:
    shutil.copytree(there.parent / "store", tmp_path / "store")
    file = studying.write(tmp_path, environments=("one", "freezes"), seeds=3)
    damaged = studying.below(tmp_path, "store/*/run-0-1/metrics.jsonl")[0]
    damaged.unlink()
    left = leave(studying.opened(file), tmp_path / "moved")
    first, *others = left.lines()
    assert first.startswith("7 runs with 10 seeds, ")
    (line,) = others
    assert line.startswith(f"left out: {damaged} cannot be read: No such file or directory; ")
    (tmp_path / "elsewhere").mkdir()
    assert came(tmp_path / "moved", tmp_path / "elsewhere").runs == 7
    for metrics in studying.below(tmp_path, "store/*/run-*/metrics.jsonl"):
        metrics.unlink()
    with pytest.raises(UserError, match=r"no run of the study is whole: .*metrics\.jsonl"):
        leave(studying.opened(file), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_run_that_goes_on_for_a_longer_study_is_left_out_of_an_export(tmp_path: Path) -> None:
    file = studying.write(tmp_path, levels=(0.1,), seeds=2)
    studying.run(file)
    record = studying.below(tmp_path, "store/*/run-0-1/run.json")[0]
    record.write_text(
        json.dumps(json.loads(record.read_text()) | {"status": "interrupted", "steps": 600, "steps_done": 80})
    )
    study = studying.opened(file)
    assert {found.state for found in study.look().values()} == {State.DONE}
    left = leave(study, tmp_path / "moved")
    assert (left.runs, [*left.lines()][1:]) == (
        1,
        [f"left out: {record} is of a run that has not finished; export it again when it has"],
    )


def test_a_broken_run_of_the_store_is_named_by_an_import(there: Path, moved: Path, tmp_path: Path) -> None:
    shutil.copytree(there.parent / "store", tmp_path / "store")
    damaged = studying.below(tmp_path, "store/*/run-0-1/metrics.jsonl")[0]
    damaged.unlink()
    with pytest.raises(UserError, match=rf"{damaged} cannot be read"):
        came(moved, tmp_path)


def test_where_there_is_nothing(there: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the study has no finished runs yet"):
        leave(studying.opened(studying.write(tmp_path)), tmp_path / "moved")
    with pytest.raises(UserError, match="is the store itself"):
        leave(studying.opened(there), there.parent / "store")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no runs of a study"):
        came(tmp_path / "empty", tmp_path)
    assert not (tmp_path / "store/empty").exists()
