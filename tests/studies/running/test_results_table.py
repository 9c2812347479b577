"""The tables of a study in both formats have the same values, with nothing where nothing is there."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest
from cli.program import taxon
from studies.running import studying

from taxon.runtime.errors import UserError
from taxon.studies.running import table
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


@pytest.mark.parametrize("words", [[], ["--csv", "--parquet"], ["--csv", "--runs", "x"], ["--runs", "x", "--curves"]])
def test_an_export_has_one_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    studying.write(tmp_path)
    told = taxon("study", "export", "tiny.tx", *words)
    assert told.exit_code == 2
    assert told.stderr.startswith("error: ")
