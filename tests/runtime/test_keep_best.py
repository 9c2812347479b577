"""The best policies of a run: whose they are, that they give the returns that they were kept for, and what survives."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import best
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence, parse_keep
from taxon.runtime.saved import evaluate_run
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.test_resume import stop_after


@pytest.fixture
def program(toy_source: str) -> Program:
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


def options(folder: Path, **changes: Any) -> Options:
    settings = {
        "environment": Recipe("known/ShortPendulum-v0"),
        "seeds": (3, 5),
        "steps": 240,
        "device": "cpu",
        "out": folder,
    }
    settings |= {"out": folder, "evaluate_every": 30, "evaluation_episodes": 2, "save_every": parse_cadence("70", "")}
    return Options(**(settings | {"keep_best": True} | changes))


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def evaluations(folder: Path, seed: int) -> dict[int, dict[str, Any]]:
    lines = [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: line for line in lines if line["kind"] == "evaluation" and line["seed"] == seed}


def kept(folder: Path) -> tuple[dict[str, int], dict[str, float], bytes]:
    found = best.read(RunFolder(folder))
    return found.steps, found.returns, (folder / found.file).read_bytes()


def test_each_seeds_best_evaluation_can_be_made_again(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(program, options(folder), plain())
    found = best.read(RunFolder(folder))
    result = evaluate_run(folder, program.source, "0123abcd", 2, "cpu", kept=True)
    for seed in result.seeds:
        lines = evaluations(folder, seed.seed)
        highest = max(line["return"] for line in lines.values())
        step = min(step for step, line in lines.items() if line["return"] == highest)
        assert (found.steps[str(seed.seed)], found.returns[str(seed.seed)]) == (step, highest)
        assert (seed.steps, seed.frozen) == (step, None)
        assert seed.returns == lines[step]["returns"]
    assert found.steps["3"] != found.steps["5"]  # so that the parts of two evaluations stand in one file


def test_a_seeds_best_is_the_same_alone(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "both"), plain())
    train(program, options(tmp_path / "alone", seeds=(5,)), plain())
    both, alone = (RunFolder(tmp_path / name) for name in ("both", "alone"))
    ours, own = best.read(both), best.read(alone)
    assert {"5": ours.steps["5"]} == own.steps
    theirs = best.load(both, ours)
    for name, tensor in best.load(alone, own).items():
        assert tensor[0].equal(theirs[name][1]), name


@pytest.mark.parametrize("calls", [57, 157, 330])
def test_what_is_kept_survives_a_stop(program: Program, tmp_path: Path, calls: int) -> None:
    """A checkpoint is older than the best evaluation, or younger; both ways the end is that of an unbroken run."""
    train(program, options(tmp_path / "whole"), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, calls)
        train(program, options(tmp_path / "broken"), plain())
    resume(program, tmp_path / "broken", console=plain())
    assert kept(tmp_path / "broken") == kept(tmp_path / "whole")
    assert len(list((tmp_path / "broken").glob("best-*"))) == 1


def test_an_evaluation_after_the_checkpoint_is_made_again(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "whole"), plain())
    folder = tmp_path / "killed"
    train(program, options(folder, steps=60), plain())
    early = {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith("best")}
    resume(program, folder, 240, plain())
    late = kept(folder)
    assert late == kept(tmp_path / "whole")
    # Of a process that was killed after the best policies were written and before the next checkpoint.
    train(program, options(tmp_path / "again", steps=60), plain())
    for path in folder.glob("best*"):
        (tmp_path / "again" / path.name).write_bytes(path.read_bytes())
    resume(program, tmp_path / "again", 240, plain())
    assert kept(tmp_path / "again") == late
    assert early.keys() != {"best.json", best.read(RunFolder(folder)).file}


def test_a_frozen_seed_keeps_its_best(program: Program, tmp_path: Path) -> None:
    source = program.source.replace(
        'metrics = {"value_loss": loss,',
        "loss = torch.where((updates == 30) & (torch.arange(len(updates)) == 1), torch.nan, loss)\n"
        '        metrics = {"value_loss": loss,',
    )
    broken = Program("toy", "0123abcd", "taxon 1\n", source)
    train(broken, options(tmp_path / "run"), plain())
    latest = evaluate_run(tmp_path / "run", source, "0123abcd", 1, "cpu")
    assert [seed.frozen for seed in latest.seeds] == [None, 49]
    found = evaluate_run(tmp_path / "run", source, "0123abcd", 1, "cpu", kept=True)
    assert [seed.frozen for seed in found.seeds] == [None, None]
    assert found.seeds[1].steps in (0, 30)


def test_without_it_there_is_none(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "run", keep_best=False, steps=30), plain())
    assert not list((tmp_path / "run").glob("best*"))
    with pytest.raises(UserError, match=r"has kept no best policies") as caught:
        evaluate_run(tmp_path / "run", program.source, "0123abcd", 1, "cpu", kept=True)
    assert "--keep best" in caught.value.help


def test_what_is_missing_or_damaged(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(program, options(folder, steps=60), plain())
    tensors = folder / best.read(RunFolder(folder)).file
    whole = tensors.read_bytes()

    def refused(message: str) -> None:
        with pytest.raises(UserError, match=message):
            resume(program, folder, 120, plain())
        with pytest.raises(UserError, match=message):
            evaluate_run(folder, program.source, "0123abcd", 1, "cpu", kept=True)

    tensors.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused("is not the file that was saved: its digest differs")
    tensors.unlink()
    refused("names best-.*, which is not there")
    tensors.write_bytes(whole)
    index = (folder / "best.json").read_text()
    (folder / "best.json").write_text(index.replace('"format": 1', '"format": 2'))
    refused("its digest differs")
    (folder / "best.json").write_text("{}")
    refused("is not the index of a run's best policies")
    (folder / "best.json").unlink()
    console = plain()
    resume(program, folder, 120, console)
    assert "the best policies that were kept are missing" in console.file.getvalue()  # type: ignore[attr-defined]
    assert min(best.read(RunFolder(folder)).steps.values()) > 60


def test_the_best_of_another_run_is_refused(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "one", steps=30), plain())
    train(program, options(tmp_path / "other", steps=30, seeds=(3, 6)), plain())
    for path in (tmp_path / "other").glob("best*"):
        (tmp_path / "one" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UserError, match=r"best\.json belongs to another run"):
        resume(program, tmp_path / "one", 60, plain())
    with pytest.raises(UserError, match=r"best\.json belongs to another run"):
        evaluate_run(tmp_path / "one", program.source, "0123abcd", 1, "cpu", kept=True)


@pytest.mark.parametrize("text", ["", "all", "BEST"])
def test_a_run_keeps_nothing_else(text: str) -> None:
    with pytest.raises(UserError, match="a run keeps no"):
        parse_keep(text)
