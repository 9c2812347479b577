"""taxon study with real runs of small networks, and what it says where it cannot run."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.program import taxon
from studies.running.studying import below, children

STUDY = """\
taxon 1

architecture tiny_net {
  network.hidden = [4]
  data.batch = 8
  data.warmup = 20
}

study tiny {
  base  = std.td3
  vary  net with [tiny_net]
  vary  noise = exploration.std in [0.1, 0.2]
  on    = ["taxon/LQR-v0"]
  seeds = SEEDS
  steps = 600

  /// More noise helps.
  claim helps = effect(noise, net = tiny_net, above = 0)
}
"""
OPTIONS = ("--eval-every", "200", "--eval-episodes", "1", "--save-every", "50")


def write(folder: Path, seeds: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "tiny.tx"
    file.write_text(STUDY.replace("SEEDS", str(seeds)))
    return file


def begin(folder: Path, *arguments: str, command: str = "study") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "taxon", command, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def ran(folder: Path, *arguments: str) -> str:
    """Run the study to its end: what is said."""
    process = begin(folder, *arguments)
    said = process.communicate()[0].decode()
    assert process.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study that nothing interrupted."""
    folder = write(tmp_path_factory.mktemp("calm")).parent
    said = ran(folder, "tiny.tx", *OPTIONS)
    assert said.splitlines()[-1] == "2/2 done"
    return folder


@pytest.fixture
def here(calm: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(calm)
    return calm


def table(folder: Path) -> bytes:
    return (folder / "studies/tiny/results.csv").read_bytes()


def test_a_study_is_run(calm: Path) -> None:
    lines = list(csv.DictReader(table(calm).decode().splitlines()))
    assert [line["factor:noise"] for line in lines] == ["0.1", "0.2"]
    for line in lines:
        (run,) = below(calm, f"runs/store/*-{line['module']}/run-0-1")
        record = json.loads((run / "run.json").read_text())
        assert (record["row"], record["status"], record["steps"]) == (line["row"], "finished", 600)
        assert (record["compiled"], record["workers"], record["machine"]["threads"]) == ([], 0, 1)
        metrics = [json.loads(text) for text in (run / "metrics.jsonl").read_text().splitlines()]
        evaluations = {each["step"]: each["return"] for each in metrics if each["kind"] == "evaluation"}
        assert sorted(evaluations) == [0, 200, 400, 600]
        assert float(line["score"]) == float(line["last"]) == evaluations[600]
        assert float(line["random"]) < 0
        assert line["torch"].startswith("2.")
    assert lines[0]["score"] != lines[1]["score"]


def test_killed_and_typed_again(calm: Path, tmp_path: Path) -> None:
    write(tmp_path)
    kill_when(tmp_path, lambda: len(below(tmp_path, "runs/store/*/run-*/checkpoint.json")) == 2)
    said = ran(tmp_path, "tiny.tx")
    assert "2/2 done" in said
    assert table(tmp_path) == table(calm)
    records = [json.loads(path.read_text()) for path in below(tmp_path, "runs/store/*/run-*/run.json")]
    assert [bool(record["resumed"]) for record in records] == [True, True]


@pytest.mark.slow
def test_killed_twenty_times(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole", seeds=2).parent
    ran(whole, "tiny.tx", *OPTIONS)
    rough = write(tmp_path / "rough", seeds=2).parent
    for number in range(20):
        began = time.monotonic()
        kill_when(rough, lambda began=began, number=number: time.monotonic() - began > 2 + number * 0.4)
    ran(rough, "tiny.tx")
    assert table(rough) == table(whole)


def kill_when(folder: Path, due) -> None:
    """Run a study, and end it and its runs by SIGKILL."""
    process = begin(folder, "tiny.tx", *OPTIONS)
    deadline = time.monotonic() + 120
    while not due() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    if process.poll() is None:
        runs = children(process.pid)
        for number in (process.pid, *runs):
            os.kill(number, signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
def test_ctrl_c_leaves_checkpoints(calm: Path, tmp_path: Path) -> None:
    write(tmp_path)
    process = begin(tmp_path, "tiny.tx", *OPTIONS)
    while len(below(tmp_path, "runs/store/*/run-*/checkpoint.json")) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "each leaves a checkpoint" in process.communicate()[0].decode()
    assert process.returncode == 130
    records = [json.loads(path.read_text()) for path in below(tmp_path, "runs/store/*/run-*/run.json")]
    assert "interrupted" in {record["status"] for record in records}
    ran(tmp_path, "tiny.tx")
    assert table(tmp_path) == table(calm)


def test_what_there_is_is_printed(here: Path) -> None:
    done = taxon("study", "status", "tiny.tx")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "study tiny: 2/2 done"
    found = json.loads(taxon("study", "status", "tiny.tx", "--json").stdout)
    assert found["counts"]["complete"] == 2
    assert [Path(unit["run"]).is_dir() for unit in found["units"]] == [True, True]
    assert taxon("study", "export", "tiny.tx", "--csv").stdout.encode() == table(here)
    curves = taxon("study", "export", "tiny.tx", "--csv", "--curves").stdout
    assert curves.encode() == (here / "studies/tiny/curves.csv").read_bytes()
    shown = taxon("study", "tiny.tx", "--dry-run").stdout
    assert "  2 there already" in shown
    assert "core-hours: 0.0 (as 2 of 2 kinds of runs took)" in shown


def test_a_script_for_slurm_starts_workers_with_the_same_options(here: Path) -> None:
    arguments = ("--slurm", "--time=1:00:00", "--store", "runs/store", "--threads", "2", "--anew")
    lines = taxon("study", "tiny.tx", *arguments).stdout.splitlines()
    assert lines[-1].endswith("-m taxon study work tiny.tx --store runs/store --threads 2 --anew")
    assert "#SBATCH --cpus-per-task=2" in lines
    assert f"cd {here}" in lines


def test_a_script_has_a_worker_for_each_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, seeds=5)
    lines = taxon("study", "tiny.tx", "--slurm", "--mem=4G").stdout.splitlines()
    assert {"#SBATCH --array=0-9", "#SBATCH --mem=4G"} <= set(lines)
    lines = taxon("study", "tiny.tx", "--slurm", "", "--device", "cuda").stdout.splitlines()
    assert {"#SBATCH --array=0-1", "#SBATCH --gpus-per-task=1"} <= set(lines)


def test_other_settings_are_refused(here: Path) -> None:
    done = taxon("study", "tiny.tx", "--eval-every", "100")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "the runs were begun with --eval-every 200" in done.stderr


def test_a_study_that_was_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    done = taxon("study", "status", "tiny.tx")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (1, "study tiny: 0/2 done")
    shown = taxon("study", "tiny.tx", "--dry-run")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "  2 to be made" in shown.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.tx"]  # nothing is written


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none.tx"], 2, "none.tx"),
        (["tiny.tx:other"], 2, "no study `other`"),
        (["tiny.tx", "--jobs", "0"], 2, "--jobs 0"),
        (["tiny.tx", "--device", "tpu"], 2, "--device"),
        (["tiny.tx", "--dry-run", "--slurm", ""], 2, "--dry-run and --slurm each do something else"),
        (["tiny.tx", "--dry-run", "--ray", "local"], 2, "--dry-run and --ray each do something else"),
        (["tiny.tx", "--slurm", "", "--ray", "local"], 2, "--slurm and --ray each do something else"),
        (["tiny.tx", "--eval-every", "7"], 2, "600 steps do not end with an evaluation every 7"),
        (["work", "tiny.tx", "--lease", "5k"], 2, "--lease 5k is no time"),
        (["export", "tiny.tx"], 2, "--csv"),
        (["tiny.tx", "--keep", "some"], 2, "--keep last"),
        (["tiny.tx", "--ray", "nowhere"], 2, "--ray"),
        (["tiny.tx", "--out", "tiny.tx"], 2, "tiny.tx"),
        (["tiny.tx", "--store", "tiny.tx"], 2, "tiny.tx"),
    ],
)
def test_what_cannot_be_run(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    done = taxon("study", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_longer_than_a_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path)
    file.write_text(file.read_text().replace("study tiny", f"study {'t' * 300}"))
    shown = taxon("study", "tiny.tx", "--dry-run")
    assert (shown.exit_code, shown.stderr) == (0, "")


def test_an_environment_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path)
    file.write_text(file.read_text().replace("taxon/LQR-v0", "Nothing-v9"))
    done = taxon("study", "tiny.tx")
    assert done.exit_code in (1, 2)
    assert "Nothing-v9" in done.stderr
    assert not (tmp_path / "studies").exists()


OWN = """import gymnasium
from taxon.tasks.regulator import Regulator
gymnasium.register("Own-v0", Regulator)
"""


def test_an_environment_of_ones_own_is_named_on_the_command_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in a study executes nothing by itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    file = write(tmp_path)
    for own in ("own_task.py:Own-v0", "own_task:Own-v0"):
        file.write_text(STUDY.replace("SEEDS", "1").replace("taxon/LQR-v0", own))
        (tmp_path / "own_task.py").write_text("raise SystemExit('executed')")
        for command in (["--dry-run"], ["status"], ["export", "--csv"]):
            words = [command[0], "tiny.tx", *command[1:]] if command[0].isalpha() else ["tiny.tx", *command]
            done = taxon("study", *words)
            assert (done.exit_code, done.stdout) == (2, "")
            assert f"the environment {own} of tiny.tx would " in done.stderr
            assert f"add --env {own}" in done.stderr
        assert taxon("check", "tiny.tx").exit_code == 0
    (tmp_path / "own_task.py").write_text(OWN)
    try:
        for own in ("own_task.py:Own-v0", "own_task:Own-v0"):
            file.write_text(STUDY.replace("SEEDS", "1").replace("taxon/LQR-v0", own))
            shown = taxon("study", "tiny.tx", "--env", own, "--dry-run")
            assert (shown.exit_code, shown.stderr) == (0, "")
            assert "  2 to be made" in shown.stdout
            script = taxon("study", "tiny.tx", "--env", own, "--slurm", "")
            assert f"study work tiny.tx --env {own}" in script.stdout
        other = taxon("study", "status", "tiny.tx", "--env", own, "--env", "maze:Maze-v0")
        assert other.exit_code == 2
        assert "--env maze:Maze-v0 is none of the environments" in other.stderr
    finally:
        sys.modules.pop("own_task", None)


def test_run_says_what_to_type_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    done = taxon("run", "tiny.tx", "--env", "taxon/LQR-v0")
    assert done.exit_code == 1
    assert "taxon study tiny.tx" in done.stderr


@pytest.mark.slow
def test_two_workers_share_a_study_and_one_is_killed(calm: Path, tmp_path: Path) -> None:
    folder = write(tmp_path / "two", seeds=2).parent
    first, second = (begin(folder, "work", "tiny.tx", *OPTIONS) for _ in range(2))
    while len(below(folder, "runs/store/*/run-*/checkpoint.json")) < 2:
        assert None in (first.poll(), second.poll())
        time.sleep(0.01)
    first.kill()
    first.communicate()
    second.communicate()
    assert second.returncode == 0
    ran(folder, "work", "tiny.tx")
    lines = list(csv.DictReader(table(folder).decode().splitlines()))
    assert [line["status"] for line in lines] == ["done"] * 4
    whole = list(csv.DictReader(table(calm).decode().splitlines()))
    assert [line["score"] for line in lines if line["seed"] == "0"] == [line["score"] for line in whole]
    shutil.rmtree(folder)
