"""The tables of a study in both formats have the same values, with nothing where nothing is there."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.program import taxon
from studies.running import studying

from taxon.runtime.errors import UserError
from taxon.studies.running import results, table
from taxon.studies.running.parquet import parquet


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[table.Table]:
    """Of a study with runs that froze, and with one cell that was not run."""
    folder = tmp_path_factory.mktemp("tables")
    study = studying.opened(studying.write(folder, levels=(0.1,), environments=("one", "freezes")))
    study.declare()
    studying.driver(study).run(lambda: None)
    more = studying.opened(studying.write(folder, levels=(0.1, 0.2), environments=("one", "freezes")))
    found = more.results(more.look())
    return [table.results(more.plan, found, more.floors()), table.curves(more.plan, found)]


def test_parquet_has_what_csv_has(tables: list[table.Table]) -> None:
    written = pytest.importorskip("pyarrow.parquet")
    for each in tables:
        found = written.read_table(io.BytesIO(parquet(each)))
        types = {str: "string", int: "int64", float: "double"}
        assert {field.name: str(field.type) for field in found.schema} == {
            name: types[kind] for name, kind in each.columns.items()
        }
        rows = list(csv.DictReader(each.csv().splitlines()))
        assert len(rows) == found.num_rows > 0
        for row, other in zip(rows, found.to_pylist(), strict=True):
            assert row == {name: "" if value is None else str(value) for name, value in other.items()}
    assert tables[0].columns["frozen_at"] is int
    assert {row[list(tables[0].columns).index("status")] for row in tables[0].rows} == {"done", "frozen", "missing"}


def test_a_table_without_rows_has_columns(tables: list[table.Table]) -> None:
    written = pytest.importorskip("pyarrow.parquet")
    found = written.read_table(io.BytesIO(parquet(table.Table(tables[1].columns, []))))
    assert (found.num_rows, found.column_names) == (0, [*tables[1].columns])


def test_without_pyarrow(tables: list[table.Table], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match="--parquet needs pyarrow, which is not installed") as caught:
        parquet(tables[0])
    assert caught.value.help == "pip install 'taxon-rl[parquet]'"


def _cut(metrics: Path) -> None:
    metrics.write_bytes(metrics.read_bytes()[:150])


def _undefined(metrics: Path) -> None:
    *before, last, speed = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join([*before, json.dumps(json.loads(last) | {"return": math.nan}) + "\n", speed]))


def _endless(metrics: Path) -> None:
    *before, last, speed = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join([*before, last.split('"return"')[0] + f'"return": {"9" * 400}}}\n', speed]))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (Path.unlink, "cannot be read: No such file"),
        (_cut, "has no finite return of seed 0 at step 20"),
        (_undefined, "has no finite return of seed 0 at step 60"),
        (_endless, "has no finite return of seed 0 at step 60"),
    ],
)
def test_a_finished_run_without_all_of_its_evaluations_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = studying.write(tmp_path, environments=("taxon/LQR-v0",), seeds=1)
    assert studying.run(file).complete == 2
    metrics = studying.below(tmp_path, "store/*/run-0-1/metrics.jsonl")[0]
    damage(metrics)
    for words in (["status", "tiny.tx"], ["tiny.tx"]):
        told = taxon("study", *words, "--out", "tiny", "--store", "store")
        assert told.exit_code == 1
        assert "1/2 done · 1 failed" in told.stdout + told.stderr
        (line,) = (line for line in (told.stdout + told.stderr).splitlines() if str(metrics) in line)
        assert said in line
        assert line.endswith(f"; restore it from a copy, or remove {metrics.parent}, and the run is made again")
    told = taxon("study", "status", "tiny.tx", "--json", "--out", "tiny", "--store", "store")
    found = json.loads(told.stdout)
    assert (told.exit_code, found["counts"]["complete"], found["counts"]["failed"]) == (1, 1, 1)
    assert sorted((unit["state"], bool(unit["why"])) for unit in found["units"]) == [("broken", True), ("done", False)]
    assert "  1 broken: " in taxon("study", "tiny.tx", "--dry-run", "--out", "tiny", "--store", "store").stdout
    shutil.rmtree(metrics.parent)
    assert studying.run(file).complete == 2


def test_a_frozen_seed_without_all_of_its_evaluations_is_broken(tmp_path: Path) -> None:
    file = studying.write(tmp_path, levels=(0.1,), environments=("freezes",), seeds=1)
    studying.run(file)
    (metrics,) = studying.below(tmp_path, "store/*/run-0-1/metrics.jsonl")
    whole = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join(line for line in whole if '"step": 40,' not in line))
    assert [each.state.value for each in studying.opened(file).look().values()] == ["frozen"]  # it froze at step 40
    metrics.write_text(whole[0])
    (found,) = studying.opened(file).look().values()
    assert found.state.value == "broken"
    assert "it has no evaluation at step 20, before the seed froze" in found.why


def test_evaluations_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often they are looked at, those that are not all there too."""
    file = studying.write(tmp_path, seeds=1)
    studying.run(file)
    _cut(studying.below(tmp_path, "store/*/run-0-1/metrics.jsonl")[0])
    read: list[object] = []
    points = results.points
    monkeypatch.setattr(results, "points", lambda run, seed: read.append(run) or points(run, seed))
    study = studying.opened(file)
    study.declare()
    for _ in range(3):
        found = {unit: study.store.find(unit) for unit in study.plan.units()}
        study.write(found)
        study.checked(found)
    assert len(read) == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [(["export", "tiny.tx", "--csv"], 0), (["status", "tiny.tx"], 1), (["tiny.tx", "--dry-run"], 0)],
)
def test_reading_leaves_a_store_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int
) -> None:
    """Of an environment too whose random policy was never measured."""
    monkeypatch.chdir(tmp_path)
    studying.run(studying.write(tmp_path, levels=(0.1,), environments=("taxon/LQR-v0",), seeds=1))
    studying.write(tmp_path, levels=(0.1,), environments=("taxon/LQR-v0", "Pendulum-v1"), seeds=1)
    before = sorted(tmp_path.rglob("*"))
    assert taxon("study", *words, "--out", "tiny", "--store", "store").exit_code == code
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [[], ["--csv", "--parquet"], ["--csv", "--runs", "x"], ["--runs", "x", "--curves"]])
def test_an_export_has_one_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    studying.write(tmp_path)
    told = taxon("study", "export", "tiny.tx", *words)
    assert told.exit_code == 2
    assert told.stderr.startswith("error: ")
