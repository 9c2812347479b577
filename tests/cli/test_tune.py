"""taxon tune with real runs of small networks, and what it says where it cannot run."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from cli.program import taxon
from cli.test_study import begin
from studies.running.studying import below

TUNE = """\
taxon 1

algorithm small extends std.td3 {
  network.hidden = [4]
  data.batch = 8
  data.warmup = 20
}

/// The noise of a small TD3.
tune tiny {
  base    = small
  search  exploration.std in uniform(0.05, 0.4)
  on      = ["taxon/LQR-v0"]
  seeds   = 2
  steps   = 400
  trials  = 2
  sampler = random
}
"""
OPTIONS = ("--eval-every", "200", "--eval-episodes", "1", "--save-every", "50")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tune was stopped once, and then run to its end."""
    folder = tmp_path_factory.mktemp("tune")
    (folder / "tiny.tx").write_text(TUNE)
    first = begin(folder, "run", "tiny.tx", *OPTIONS, "--jobs", "1", command="tune")
    deadline = time.monotonic() + 120
    while not below(folder, "runs/store/*/run-*/metrics.jsonl"):
        assert time.monotonic() < deadline
        assert first.poll() is None
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGINT)
    assert first.wait(timeout=120) == 130
    again = begin(folder, "tiny.tx", *OPTIONS, command="tune")
    said = again.communicate(timeout=300)[0].decode()
    assert again.returncode == 0, said
    assert "2/2 trials" in said
    assert "the best row: " in said
    return folder


@pytest.fixture(autouse=True)
def there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "here" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("here"))


def test_its_trials_are_runs_of_the_store_on_the_tuning_seeds(here: Path) -> None:
    records = [json.loads(path.read_text()) for path in below(here, "runs/store/*/run-*/run.json")]
    assert all(record["seeds"] == [100_000, 100_001] for record in records)
    lines = list(csv.DictReader((here / "tunes/tiny/trials.csv").read_text().splitlines()))
    assert [line["state"] for line in lines] == ["done", "done"]
    rows = {record["row"] for record in records}
    assert len(rows) == 2


def test_status_and_best(here: Path) -> None:
    done = taxon("tune", "status", "tiny.tx")
    assert done.exit_code == 0
    assert done.stdout.startswith("tune tiny: 2/2 trials · best ")
    data = json.loads(taxon("tune", "status", "tiny.tx", "--json").stdout)
    scores = [trial["score"] for trial in data["trials"]]
    assert data["best"] == scores.index(max(scores))
    best = taxon("tune", "best", "tiny.tx")
    assert best.exit_code == 0
    assert best.stdout == (here / "tunes/tiny/tiny_best.tx").read_text()
    value = data["trials"][data["best"]]["values"]["exploration.std"]
    assert f"algorithm tiny_best extends small {{\n  exploration.std = {value}\n}}" in best.stdout
    assert taxon("check", "tunes/tiny/tiny_best.tx").exit_code == 0
    assert taxon("fmt", "--check", "tunes/tiny/tiny_best.tx").exit_code == 0


def test_dry_run_writes_nothing(here: Path) -> None:
    before = sorted(here.rglob("*"))
    done = taxon("tune", "tiny.tx", "--dry-run")
    assert done.exit_code == 0
    assert "tune tiny: 2 trials of small on 1 environment, seeds 100000 to 100001" in done.stdout
    assert "so far: 2/2 trials" in done.stdout
    assert "core-hours: 0.0 at most" in done.stdout
    assert taxon("tune", "tiny.tx", "--dry-run", "--out", "none").stdout.count("so far: 0/2 trials") == 1
    assert sorted(here.rglob("*")) == before


def test_other_settings_are_refused(here: Path) -> None:
    done = taxon("tune", "tiny.tx", "--eval-every", "100")
    assert done.exit_code == 2
    assert "the runs were begun with --eval-every 200" in done.stderr


def write(folder: Path, text: str) -> None:
    (folder / "tiny.tx").write_text(text)


def test_what_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, TUNE)
    done = taxon("run", "tiny.tx:tiny", "--env", "taxon/LQR-v0")
    assert (done.exit_code, "`taxon tune tiny.tx:tiny` runs a tune" in done.stderr) == (1, True)
    done = taxon("study", "tiny.tx:tiny")
    assert (done.exit_code, "`taxon tune tiny.tx:tiny` runs a tune" in done.stderr) == (1, True)
    done = taxon("tune", "best", "tiny.tx")
    assert (done.exit_code, "no trial has a score yet" in done.stderr) == (2, True)
    assert taxon("tune", "status", "tiny.tx").exit_code == 1
    write(tmp_path, TUNE.replace("taxon/LQR-v0", "taxon/LQR-v9"))
    assert "TX404" in taxon("tune", "tiny.tx").stderr
    write(tmp_path, TUNE.replace("sampler = random", "pruner = median"))
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = taxon("tune", "tiny.tx", "--eval-every", "200")
    assert (done.exit_code, "pip install 'taxon-rl[tune]'" in done.stderr, done.stdout) == (2, True, "")
    assert taxon("check", "tiny.tx").exit_code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ray", "nowhere"], "--ray"),
        (["--dry-run", "--ray", "local"], "--dry-run and --ray each do something else"),
        (["--per-gpu", "2"], "--per-gpu"),
    ],
)
def test_where_it_cannot_be_run(options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, TUNE)
    done = taxon("tune", "tiny.tx", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.tx"]


def test_show_prints_a_tune(tmp_path: Path) -> None:
    write(tmp_path, TUNE)
    done = taxon("show", f"{tmp_path / 'tiny.tx'}:tiny")
    assert done.exit_code == 0
    assert "search exploration.std in uniform(0.05, 0.4)" in done.stdout
