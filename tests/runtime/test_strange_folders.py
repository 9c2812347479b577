"""A run's folder from a stranger: what stands in the place of its files, and what its record says.

Each command that reads such a folder answers in a sentence and soon, and nothing outside has changed.
"""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from cli.program import taxon
from rich.console import Console

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.run import Run
from taxon.runtime.saved import evaluate_run
from taxon.runtime.trainer import Program, resume, train
from taxon.semantics import canonical, load_spec, row_hash
from tests.runtime.test_checkpoint_bytes import seal, within
from tests.runtime.test_folder import FOREIGN, SECRET, file, folder

FILES = [
    ".lock",
    ".unfinished",
    "run.json",
    "resolved.tx",
    "agent.py",
    "metrics.jsonl",
    "curve.png",
    "failure-of-seed-3.txt",
    "checkpoint.json",
    "checkpoint-*.safetensors",
    "best.json",
    "best-*.safetensors",
    "metrics.csv",
    "loggers.json",
    "replay/rows-0.bin",
    "tensorboard/mean/events.out.tfevents.0",
]
FOLDERS = ["replay", "tensorboard", "tensorboard/seed_3", "tensorboard/mean"]
EVALUATED = ["run.json", "checkpoint.json", "checkpoint-*.safetensors"]
STANDING = [(name, stands) for name in FILES for stands in [*FOREIGN, folder]]
STANDING += [(name, stands) for name in FOLDERS for stands in [*FOREIGN, file]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Path]:
    """A program and a run of it that was half made."""
    program = Program("toy", "0123abcd", "taxon 1\n", (Path(__file__).parent / "toy_agent.py").read_text())
    place = tmp_path_factory.mktemp("found") / "run"
    asked = Options(Recipe("Pendulum-v1"), (3, 5), 60, "cpu", place, 40, 1, parse_cadence("20", ""), keep_best=True)
    train(program, replace(asked, log=("tensorboard", "csv")), plain())
    return program, place


@pytest.fixture
def run(found: tuple[Program, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(found[1], tmp_path / "run"))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the user's with files that have the names of a run's."""
    place = tmp_path / "outside"
    for name in ("file", "rows-7.bin", "rows-0.bin", "events.out.tfevents.0", "mean/events.out.tfevents.1"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(SECRET)
    return place


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def everything(place: Path) -> dict[str, Any]:
    """What is below a folder, with when it was changed."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in sorted(place.rglob("*"))
    }


def put(run: Path, name: str, stands: Callable[[Path, Path], None], outside: Path) -> str:
    """Have something else stand where a run has this file; its name."""
    place = next(run.glob(name), run / name)
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    stands(place, outside)
    return place.name


def going_on(program: Program, run: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "go", lambda run, stop: pytest.fail("the run began"))
        resume(program, run, 80, plain())


@pytest.mark.parametrize(("name", "stands"), STANDING)
def test_going_on_touches_nothing_outside(
    found: Any, run: Path, outside: Path, name: str, stands: Callable[[Path, Path], None]
) -> None:
    name, before = put(run, name, stands, outside), everything(outside)
    if name == "resolved.tx":  # read by the command, below
        return
    with within(10), pytest.raises(UserError, match=rf"{name} is an? \w+, where a run has a f") as caught:
        going_on(found[0], run)
    assert caught.value.help
    assert everything(outside) == before


@pytest.mark.parametrize(("name", "stands"), [each for each in STANDING if each[0] in EVALUATED])
def test_an_evaluation_follows_no_link(
    found: Any, run: Path, outside: Path, name: str, stands: Callable[[Path, Path], None]
) -> None:
    name, before = put(run, name, stands, outside), everything(outside)
    with within(10), pytest.raises(UserError, match=rf"{name} is an? \w+, where a run has a f"):
        evaluate_run(run, found[0].source, found[0].row, 1, "cpu")
    assert everything(outside) == before


@pytest.mark.parametrize("name", ["run.json", "resolved.tx"])
@pytest.mark.parametrize("stands", [*FOREIGN, folder])
@pytest.mark.parametrize("command", [["diff", "sac"], ["run", "--resume"], ["eval"]])
def test_a_command_follows_no_link(
    run: Path, outside: Path, name: str, stands: Callable[[Path, Path], None], command: list[str]
) -> None:
    row = load_spec("sac").row
    assert row is not None
    (run / "resolved.tx").write_text(canonical(row))
    record = json.loads((run / "run.json").read_bytes()) | {"row": row_hash(row)}
    (run / "run.json").write_text(json.dumps(record))
    put(run, name, stands, outside)
    before = everything(outside)
    with within(20):
        called = taxon(*command, run)
    assert called.exit_code == 2
    assert f"{name} is a " in called.stderr
    assert "where a run has a file" in called.stderr
    assert "hunter2" not in called.stdout + called.stderr
    assert everything(outside) == before


@pytest.mark.parametrize(
    "name", ["metrics.jsonl", "replay/rows-0.bin", "agent.py", ".lock", ".unfinished", "curve.png"]
)
def test_a_file_with_a_name_outside_keeps_its_contents_there(found: Any, run: Path, outside: Path, name: str) -> None:
    """A hard link, as an archive may hold one."""
    place = run / name
    content = place.read_bytes() if place.exists() else SECRET
    place.unlink(missing_ok=True)
    (outside / "file").write_bytes(content)
    os.link(outside / "file", place)
    assert resume(found[0], run, 80, plain()).manifest.status == "finished"
    assert (outside / "file").read_bytes() == content


def test_what_a_record_names_is_not_run(run: Path, outside: Path) -> None:
    """`.unfinished` was a link to a shell's settings, and the record's name a command for it."""
    (run / ".unfinished").symlink_to(outside / "file")
    record = json.loads((run / "run.json").read_bytes())
    (run / "run.json").write_text(json.dumps(record | {"name": "$(touch pwned)"}))
    with pytest.raises(UserError, match=r"run\.json: name: "):
        manifest.read(RunFolder(run))


RANGES = [
    ({"machine": {"threads": 100_000}}, "machine.threads"),
    ({"machine": {"threads": 0}}, "machine.threads"),
    ({"machine": {"cores": 0}}, "machine.cores"),
    ({"evaluation_episodes": 0}, "evaluation_episodes"),
    ({"evaluation_episodes": -1}, "evaluation_episodes"),
    ({"evaluation_episodes": 10**9}, "evaluation_episodes"),
    ({"evaluate_every": 0}, "evaluate_every"),
    ({"evaluate_every": -1}, "evaluate_every"),
    ({"seed_threads": 100_000}, "seed_threads"),
    ({"seed_threads": 3}, "seed_threads is 3, and there are 2 seeds"),
    ({"seed_threads": 0}, "seed_threads"),
    ({"environments": 0}, "environments"),
    ({"environments": -1}, "environments"),
    ({"environments": 10**6}, "environments"),
    ({"environments": 3}, "has 3 environments of a seed, and the spec 1"),
    ({"workers": 3}, "workers is 3, more than there are environments"),
    ({"workers": -1}, "workers"),
    ({"steps": 0}, "steps"),
    ({"steps": 10**19}, "steps"),
    ({"steps_done": -1}, "steps_done"),
    ({"seeds": [3, 3]}, "it names a seed twice"),
    ({"seeds": [10**20]}, "seeds.0"),
    ({"device": "../x"}, "device"),
    ({"device": "tpu"}, "device"),
    ({"device": "cuda:\n0"}, "device"),
    ({"captured": True}, "captured is true of the device cpu"),
    ({"name": "../x"}, "name"),
    ({"name": "two words"}, "name"),
    ({"name": ""}, "name"),
    ({"row": "z"}, "row"),
    ({"environment": ""}, "environment"),
    ({"environment": "Pendulum-v1\x1b[31m"}, "environment: it holds a character"),
    ({"save_every": "never"}, "save_every"),
    ({"save_every": "0s"}, "save_every"),
    ({"compiled": ["a/b"]}, "compiled.0"),
    ({"packages": {"torch": "\x1b]0;x\x07"}}, "packages.torch"),
    ({"started": "yesterday"}, "started"),
    ({"started": "2026-01-01T00:00:00"}, "started: it is a time of no zone"),
    ({"frozen": {"x": 1}}, "frozen"),
    ({"frozen": {"3": -1}}, "frozen.3"),
    ({"updates": {"update": -1}}, "updates.update"),
    ({"evaluation_seed": -1}, "evaluation_seed"),
    ({"stop_at": float("nan")}, "stop_at is no finite number"),
    ({"stop_at": "high"}, "stop_at"),
    ({"evaluate_every": None}, "stop_at and keep_best are of evaluations"),
    ({"log": ["a/b"]}, "log.0"),
    ({"log": ["neptune"]}, "there is no logger neptune"),
    ({"status": "paused"}, "status"),
    ({"surprise": 1}, "surprise"),
]


@pytest.mark.parametrize(("changes", "message"), RANGES)
def test_a_record_outside_its_ranges_is_refused(found: Any, run: Path, changes: dict[str, Any], message: str) -> None:
    record = json.loads((run / "run.json").read_bytes())
    changes = {name: record[name] | value if name == "machine" else value for name, value in changes.items()}
    (run / "run.json").write_text(json.dumps(record | changes))
    with within(10), pytest.raises(UserError) as caught:
        going_on(found[0], run)
    assert message in caught.value.message


def test_threads_that_this_machine_cannot_have_are_fewer(found: Any, run: Path) -> None:
    record = json.loads((run / "run.json").read_bytes())
    record["machine"]["threads"] = 1_000
    (run / "run.json").write_text(json.dumps(record))
    before, console = torch.get_num_threads(), plain()
    try:
        assert resume(found[0], run, 80, console).manifest.status == "finished"
        taken = max(os.cpu_count() or 1, 64)
        assert torch.get_num_threads() == taken
    finally:
        torch.set_num_threads(before)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"torch takes {taken} threads on this machine and took 1000: the last bits may differ" in said


@pytest.mark.parametrize("name", [*EVALUATED, "metrics.jsonl"])
def test_a_file_of_a_terabyte_is_not_read(found: Any, run: Path, name: str) -> None:
    """It takes no room on the disk: nothing but its size was written."""
    place = next(run.glob(name))
    if name == "metrics.jsonl":  # with an index that stands behind all of it
        body = json.loads((run / checkpoint.INDEX).read_bytes())["body"]
        body["state"]["run"]["metrics"] = 2**40
        seal(run, body)
    with place.open("wb") as file:
        file.truncate(2**40)
    with within(10), pytest.raises(UserError, match=r"is larger than|has a line of more than"):
        going_on(found[0], run)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5_000,
        "1e400",
        "NaN",
        '"\\ud800"',
        "\ufeff{}",
        '{"row": NaN}',
        "",
        "\0" * 99,
    ],
)
@pytest.mark.parametrize("name", ["run.json", "checkpoint.json"])
def test_what_is_hardly_json_is_refused(found: Any, run: Path, name: str, text: str) -> None:
    (run / name).write_text(text)
    with within(10), pytest.raises(UserError, match=name):
        going_on(found[0], run)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("loop", "steps"), -5),
        (("loop", "steps"), 10**30),
        (("loop", "steps"), 50),
        (("loop", "updates"), {"update": -1}),
        (("loop", "samples"), 1.5),
        (("loop", "sums"), [[["other", "loss"], {"kind": "tensor", "is": "loop.alive"}]]),
        (("source", "added"), 10**18),
        (("source", "added"), 0),
        (("run", "evaluated"), 10**6),
        (("run", "logged"), -1),
        (("run", "logged_frozen"), [7]),
        (("run", "evaluation_steps"), [1]),
    ],
)
def test_a_sealed_index_with_impossible_counts_is_refused(found: Any, run: Path, place: Any, value: Any) -> None:
    body = json.loads((run / checkpoint.INDEX).read_bytes())["body"]
    body["state"][place[0]][place[1]] = value
    seal(run, body)
    with within(10), pytest.raises(UserError, match=r"does not fit|rows are missing|not those of the checkpoint"):
        going_on(found[0], run)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [{"first": 0, "steps": 10**18}],
        [{"first": 0, "steps": 60}] * 1_000,
        [{"first": 0, "steps": 60, "file": "rows-1.bin"}],
        [{"first": 1, "steps": 59}],
    ],
)
def test_a_sealed_index_with_impossible_rows_is_refused(found: Any, run: Path, entries: list[dict[str, Any]]) -> None:
    body = json.loads((run / checkpoint.INDEX).read_bytes())["body"]
    (row,) = body["replay"]
    body["replay"] = [row | entry for entry in entries]
    seal(run, body)
    with within(10), pytest.raises(UserError, match=r"rows are missing|not those of the checkpoint|is shorter"):
        going_on(found[0], run)


@pytest.mark.parametrize("said", ["\n", "\x1b[31m", "x" * 10_000])
def test_what_a_stranger_says_is_part_of_one_line(found: Any, run: Path, said: str) -> None:
    body = json.loads((run / checkpoint.INDEX).read_bytes())["body"]
    body["state"] = {"kind": "tensor", "is": said}
    seal(run, body)
    with pytest.raises(UserError, match="names an array") as caught:
        going_on(found[0], run)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1_000
    assert said not in caught.value.message


def test_an_array_of_numbers_that_numpy_lacks_is_refused(found: Any, run: Path) -> None:
    body = json.loads((run / checkpoint.INDEX).read_bytes())["body"]
    place = run / body["file"]
    tensors = safetensors.torch.load(place.read_bytes())
    tensors = {name: part.bfloat16() if part.is_floating_point() else part for name, part in tensors.items()}
    place.write_bytes(safetensors.torch.save(tensors))
    body["sha256"] = hashlib.sha256(place.read_bytes()).hexdigest()
    seal(run, body)
    with pytest.raises(UserError, match="BFloat16"):
        going_on(found[0], run)


def test_a_spec_that_a_run_resolved_imports_nothing(run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.tx").write_text("taxon 1\nimport std.sac\nalgorithm mine extends std.sac {}\n")
    (run / "resolved.tx").write_text('taxon 1\nimport "../mine.tx"\nalgorithm x extends mine {}\n')
    called = taxon("diff", run, "sac")
    assert called.exit_code == 2
    assert "imports another file, which no run's spec does" in called.stderr
