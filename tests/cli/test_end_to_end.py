"""A spec becomes a trained agent: `taxon run` and `taxon eval` as a user calls them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CALL = "from taxon.cli.main import main; main()"


def taxon(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-c", CALL, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_run_and_eval(tmp_path: Path) -> None:
    (tmp_path / "ours.tx").write_text(
        "taxon 1\nimport std.sac\nalgorithm ours extends sac {\n"
        "  network.hidden = [8, 8]\n  data { batch = 16, warmup = 200, capacity = 1k }\n}\n"
    )
    trained = taxon(
        tmp_path,
        *("run", "ours.tx", "--env", "Pendulum-v1", "--seeds", "2", "--steps", "230", "--device", "cpu"),
        *("--eval-every", "230", "--eval-episodes", "1", "--set", "gamma=0.9", "--out", "out"),
    )
    assert trained.returncode == 0, trained.stderr
    out = tmp_path / "out"
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert (record["environment"], record["steps"], record["seeds"]) == ("Pendulum-v1", 230, [0, 1])
    assert "gamma = 0.9\n" in (out / "resolved.tx").read_text("utf-8")

    # What ran is what `emit` prints.
    emitted = taxon(tmp_path, "emit", "ours.tx", "--set", "gamma=0.9", "--env", "Pendulum-v1")
    assert emitted.stdout in [path.read_text("utf-8") for path in out.glob("*.py")]

    evaluated = taxon(tmp_path, "eval", "out", "--episodes", "1", "--device", "cpu")
    assert evaluated.returncode == 0, evaluated.stderr
    lines = evaluated.stdout.splitlines()
    assert lines[0] == "ours on Pendulum-v1 after 230 steps, 1 episode of every seed"
    assert [line.split(":")[0] for line in lines[1:]] == ["seed 0", "seed 1"]


def test_a_spec_that_is_refused_starts_nothing(tmp_path: Path) -> None:
    refused = taxon(tmp_path, "run", "sac", "--env", "Pendulum-v1", "--set", "bounds=penalty", "--out", "out")
    assert refused.returncode == 1
    assert "TX319" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_that_lacks_a_character_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    trained = taxon(
        tmp_path,
        *("run", "sac", "--env", "Pendulum-v1", "--steps", "2", "--set", "data.warmup=1", "--device", "cpu"),
        *("--eval-episodes", "1", "--out", "\u00fcber"),
    )
    assert trained.returncode == 0, trained.stderr
    assert f"finished after 2 steps: {tmp_path}/\\xfcber" in trained.stdout
