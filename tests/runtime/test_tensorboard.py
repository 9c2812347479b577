"""What TensorBoard reads: a run for each seed and one of their mean, and after a resume what metrics.jsonl holds."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.events import Line, Logged
from taxon.runtime.folder.logging import checked, line
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.tensorboard import TensorBoard
from taxon.runtime.options import Options
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.test_resume import stop_after

BEGAN = "2026-01-02T03:04:05+00:00"
Points = dict[str, list[tuple[int, float]]]


@pytest.fixture
def program(toy_source: str) -> Program:
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


def options(folder: Path, **changes: Any) -> Options:
    settings = {"environment": Recipe("known/Drawn-v0"), "seeds": (3, 5), "steps": 60, "device": "cpu", "out": folder}
    return Options(**(settings | {"evaluate_every": 20, "evaluation_episodes": 1} | changes))


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def shown(folder: Path) -> dict[str, Points]:
    """Of every TensorBoard run of a folder every tag's steps and values, as TensorBoard itself reads them."""
    runs = {}
    for place in sorted((folder / "tensorboard").iterdir()):
        reader = EventAccumulator(str(place), size_guidance={"scalars": 0}).Reload()
        tags = reader.Tags()["scalars"]
        runs[place.name] = {tag: [(point.step, point.value) for point in reader.Scalars(tag)] for tag in tags}
    return runs


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_a_seed_with_the_tags_of_all(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "run"), plain())
    runs = shown(tmp_path / "run")
    assert list(runs) == ["mean", "seed_3", "seed_5"]
    assert not list((tmp_path / "run" / "tensorboard").glob("*tfevents*"))
    written = [line for line in lines(tmp_path / "run") if line["kind"] == "evaluation"]
    for seed in (3, 5):
        own = [(line["step"], pytest.approx(line["return"])) for line in written if line["seed"] == seed]
        assert runs[f"seed_{seed}"]["evaluation/return"] == own
    sums = {step: sum(line["return"] for line in written if line["step"] == step) for step in (0, 20, 40, 60)}
    means = [(step, pytest.approx(total / 2)) for step, total in sums.items()]
    assert runs["mean"]["evaluation/return"] == means
    assert runs["seed_3"].keys() == runs["seed_5"].keys() >= {"update/value_loss", "episode/return"}
    assert "speed/steps_per_second" in runs["mean"]
    assert all("seed" not in tag for tags in runs.values() for tag in tags)


def test_one_seed_has_no_mean_beside_it(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "run", seeds=(7,)), plain())
    runs = shown(tmp_path / "run")
    assert list(runs) == ["seed_7"]
    assert "speed/steps_per_second" in runs["seed_7"]


def test_the_mean_is_that_of_the_seeds_that_are_alive(program: Program, tmp_path: Path) -> None:
    source = program.source.replace(
        'metrics = {"value_loss": loss,',
        "loss = torch.where((updates == 9) & (torch.arange(len(updates)) == 1), torch.nan, loss)\n"
        '        metrics = {"value_loss": loss,',
    )
    train(replace(program, source=source), options(tmp_path / "run"), plain())
    runs = shown(tmp_path / "run")
    three, five, mean = (runs[name]["evaluation/return"] for name in ("seed_3", "seed_5", "mean"))
    assert [step for step, _ in five] == [0, 20]  # it is frozen at step 28
    assert [step for step, _ in mean] == [0, 20, 40, 60]
    both = [(step, pytest.approx((one + other) / 2)) for (step, one), (_, other) in zip(three, five, strict=False)]
    assert mean == [*both, *three[2:]]


def write(board: TensorBoard, *lines: tuple[str, int, dict[str, Any], int | None]) -> None:
    written: tuple[Line, ...] = tuple(line(*each) for each in lines)
    board.logged(Logged(written[-1]["step"], written))


def test_a_step_has_one_point(tmp_path: Path) -> None:
    """Two episodes of a seed that end at one step are one point, and the mean waits for every seed."""
    board = TensorBoard(RunFolder(tmp_path), [1, 2], BEGAN)
    write(
        board,
        ("episode", 4, {"return": 1.0}, 1),
        ("episode", 5, {"return": 3.0}, 1),
        ("episode", 5, {"return": 5.0}, 1),
        ("episode", 5, {"return": 10.0}, 2),
        ("evaluation", 5, {"return": float("nan")}, 1),
        ("evaluation", 5, {"return": 2.0, "returns": [2.0]}, 2),
    )
    runs = shown(tmp_path)
    assert runs["seed_1"] == {"episode/return": [(4, 1.0), (5, 4.0)]}
    assert runs["seed_2"] == {"episode/return": [(5, 10.0)], "evaluation/return": [(5, 2.0)]}
    assert runs["mean"] == {"episode/return": [(5, 7.0)]}


def test_a_time_is_that_of_the_training(tmp_path: Path) -> None:
    board = TensorBoard(RunFolder(tmp_path), [1], BEGAN)
    write(board, ("evaluation", 0, {"return": 1.0}, 1), ("speed", 5, {"seconds": 12.5}, None))
    write(board, ("evaluation", 9, {"return": 1.0}, 1))
    reader = EventAccumulator(str(tmp_path / "tensorboard" / "seed_1")).Reload()
    started = 1767323045.0
    assert [point.wall_time - started for point in reader.Scalars("evaluation/return")] == [12.5, 12.5]


@pytest.mark.parametrize("calls", [57, 100])
def test_after_a_resume_it_is_what_the_metrics_hold(program: Program, tmp_path: Path, calls: int) -> None:
    """Of a run that was killed: what it wrote after its checkpoint is dropped from both."""
    train(program, options(tmp_path / "whole", steps=100), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, calls)
        train(program, options(tmp_path / "run", steps=100), plain())
    kept = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    board = TensorBoard(RunFolder(tmp_path / "run"), [3, 5], BEGAN)
    write(board, ("evaluation", 99, {"return": 1e6}, 3))  # of a life that a SIGKILL ended
    (tmp_path / "run" / "metrics.jsonl").write_bytes(kept + b'{"kind": "evaluation", "step": 99')
    (tmp_path / "run" / "tensorboard" / "events.out.tfevents.1.host").write_bytes(b"of an earlier taxon")
    resume(program, tmp_path / "run", console=plain())
    ours, theirs = shown(tmp_path / "run"), shown(tmp_path / "whole")
    for runs in (ours, theirs):
        for tags in runs.values():
            for tag in ("speed/seconds", "speed/steps_per_second"):
                tags.pop(tag, None)
    assert ours == theirs


def test_lines_that_cannot_be_read_are_said_and_left_out(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "run"), plain())
    place = tmp_path / "run" / "metrics.jsonl"
    content = place.read_bytes()
    at = content.index(b'{"kind": "evaluation"')
    place.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    console = plain()
    resume(program, tmp_path / "run", 80, console)
    assert "1 lines of metrics.jsonl cannot be read" in console.file.getvalue()  # type: ignore[attr-defined]
    assert [step for step, _ in shown(tmp_path / "run")["mean"]["evaluation/return"]] == [
        20,
        40,
        60,
        80,
    ]  # step 0 is lost


@pytest.mark.parametrize(
    "line",
    [
        [],
        {},
        {"kind": "episode"},
        {"kind": "episode", "step": -1},
        {"kind": "episode", "step": 2**63},
        {"kind": "episode", "step": True},
        {"kind": 3, "step": 1},
        {"kind": "episode", "step": 1, "seed": 4},
        {"kind": "episode", "step": 1, "seed": "../x"},
        {"kind": "\ud800", "step": 1, "return": 1.0},
        {"kind": "episode", "step": 1, "return": 10**400},
    ],
)
def test_a_line_of_another_run_is_refused(line: Any) -> None:
    with pytest.raises((ValueError, OverflowError)):
        checked(line, frozenset((1, 2)))


def test_its_files_may_be_removed_while_it_trains(tmp_path: Path) -> None:
    import shutil

    board = TensorBoard(RunFolder(tmp_path), [1], BEGAN)
    write(board, ("evaluation", 1, {"return": 1.0}, 1))
    shutil.rmtree(tmp_path / "tensorboard")
    write(board, ("evaluation", 2, {"return": 2.0}, 1))
    assert shown(tmp_path) == {"seed_1": {"evaluation/return": [(2, 2.0)]}}


def test_many_seeds_need_no_file_each(tmp_path: Path) -> None:
    """More of them than a process may have files open, beside those that it has."""
    import os
    import resource

    before, there = resource.getrlimit(resource.RLIMIT_NOFILE), len(os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(there + 100, before[0]), before[1]))
    try:
        board = TensorBoard(RunFolder(tmp_path), range(300), BEGAN)
        write(board, *(("evaluation", 1, {"return": 1.0}, seed) for seed in range(300)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    place = tmp_path / "tensorboard"
    assert len(list(place.iterdir())) == 301
    (event,) = list(EventFileLoader(str(place / "mean" / "events.out.tfevents.0")).Load())[1:]
    assert event.step == 1
