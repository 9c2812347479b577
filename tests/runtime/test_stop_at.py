"""Early stopping: where a run ends, that a resume changes nothing of it, and how it goes on."""

import io
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from rich.console import Console

from taxon.runtime.anew import Anew
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.events import Evaluated, Halt
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence, parse_stop
from taxon.runtime.run import Run
from taxon.runtime.stop_at import StopAt
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.test_resume import state, stop_after, words


@pytest.fixture
def program(toy_source: str) -> Program:
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


def options(folder: Path, **changes: Any) -> Options:
    """Evaluations of short episodes of Pendulum every 30 steps; a checkpoint at others."""
    settings = {
        "environment": Recipe("known/ShortPendulum-v0"),
        "seeds": (3, 5),
        "steps": 240,
        "device": "cpu",
        "out": folder,
    }
    settings |= {"out": folder, "evaluate_every": 30, "evaluation_episodes": 1, "save_every": parse_cadence("70", "")}
    return Options(**(settings | changes))


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def means(folder: Path) -> dict[int, float]:
    """The mean over seeds of each evaluation."""
    found: dict[int, list[float]] = {}
    for text in (folder / "metrics.jsonl").read_text().splitlines():
        line = json.loads(text)
        if line["kind"] == "evaluation":
            found.setdefault(line["step"], []).append(line["return"])
    return {step: fmean(returns) for step, returns in found.items()}


@pytest.fixture
def whole(program: Program, tmp_path: Path) -> tuple[Path, int, float]:
    """A run that stops nowhere, a step in its middle, and the return that no evaluation before that had reached."""
    train(program, options(tmp_path / "whole"), plain())
    found = means(tmp_path / "whole")
    records = [step for step in found if step and all(found[step] > value for at, value in found.items() if at < step)]
    step = next(step for step in records if step not in (0, 240))
    return tmp_path / "whole", step, found[step]


def test_it_stops_at_the_first_evaluation_that_is_good_enough(
    program: Program, tmp_path: Path, whole: tuple[Path, int, float]
) -> None:
    _, step, least = whole
    console = plain()
    outcome = train(program, options(tmp_path / "run", stop_at=least), console)
    record = manifest.read(RunFolder(tmp_path / "run"))
    assert (outcome.exit_code, record.status, record.steps_done, record.stop_at) == (0, "reached", step, least)
    assert f"reached after {step} steps, the evaluation's return of" in console.file.getvalue()  # type: ignore[attr-defined]
    assert max(means(tmp_path / "run")) == step
    assert (tmp_path / "run" / "curve.png").exists()


@pytest.mark.parametrize("calls", [57, 157, 330])
def test_a_run_that_was_stopped_on_its_way_ends_at_the_same_step(
    program: Program, tmp_path: Path, whole: tuple[Path, int, float], calls: int
) -> None:
    _, _, least = whole
    train(program, options(tmp_path / "once", stop_at=least), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, calls)
        train(program, options(tmp_path / "twice", stop_at=least), plain())
    if manifest.read(RunFolder(tmp_path / "twice")).status == "interrupted":
        resume(program, tmp_path / "twice", console=plain())
    assert manifest.read(RunFolder(tmp_path / "twice")).status == "reached"
    assert state(tmp_path / "twice") == state(tmp_path / "once")
    assert words(tmp_path / "twice") == words(tmp_path / "once")


def test_a_run_that_is_killed_before_it_says_that_it_has_reached_its_return(
    program: Program, tmp_path: Path, whole: tuple[Path, int, float]
) -> None:
    _, step, least = whole

    def killed(run: Run) -> None:
        raise MemoryError  # the last checkpoint is written, and run.json says `running`

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "_finish", killed)
        patch.setattr("taxon.runtime.broken._failed", lambda folder, record: None)
        with pytest.raises(UserError):
            train(program, options(tmp_path / "run", stop_at=least), plain())
    assert manifest.read(RunFolder(tmp_path / "run")).status == "running"
    outcome = resume(program, tmp_path / "run", console=plain())
    assert (outcome.manifest.status, outcome.manifest.steps_done) == ("reached", step)


def test_it_goes_on_where_the_user_lifts_it(program: Program, tmp_path: Path, whole: tuple[Path, int, float]) -> None:
    unbroken, step, least = whole
    train(program, options(tmp_path / "run", stop_at=least), plain())
    with pytest.raises(UserError, match=f"is done at step {step}: the evaluation's return of .* has reached") as caught:
        resume(program, tmp_path / "run", 480, plain())
    assert "--stop-at never" in caught.value.help
    outcome = resume(program, tmp_path / "run", console=plain(), anew=Anew(stop_at="never"))
    assert (outcome.manifest.status, outcome.manifest.stop_at) == ("finished", None)
    assert state(tmp_path / "run") == state(unbroken)
    assert words(tmp_path / "run") == words(unbroken)


def test_it_goes_on_to_a_higher_return(program: Program, tmp_path: Path, whole: tuple[Path, int, float]) -> None:
    _, _, least = whole
    train(program, options(tmp_path / "run", stop_at=least), plain())
    outcome = resume(program, tmp_path / "run", console=plain(), anew=Anew(stop_at=0.0))
    assert (outcome.manifest.status, outcome.manifest.stop_at) == ("finished", 0.0)
    assert outcome.manifest.reason is None
    assert max(means(tmp_path / "run")) == 240


def test_an_untrained_policy_may_be_good_enough(program: Program, tmp_path: Path) -> None:
    outcome = train(program, options(tmp_path / "run", environment=Recipe("known/Truncates-v0"), stop_at=6.0), plain())
    assert (outcome.manifest.status, outcome.manifest.steps_done) == ("reached", 0)


def evaluated(**returns: tuple[float, ...]) -> Evaluated:
    found = {int(seed[1:]): values for seed, values in returns.items()}
    return Evaluated(10, found, dict.fromkeys(found, (1,)))


def test_of_several_seeds_it_is_the_mean_of_those_that_are_evaluated() -> None:
    stop = StopAt(475.0)
    assert stop.evaluated(evaluated(s1=(500.0, 400.0), s2=(499.0,))) is None  # 474.5
    assert stop.evaluated(evaluated(s1=(500.0, 402.0), s2=(499.0,))) == Halt(
        "the evaluation's return of 475 has reached 475"
    )
    assert StopAt(-200.0).evaluated(evaluated(s1=(float("nan"),))) is None


@pytest.mark.parametrize(
    ("text", "value"), [("return=475", 475.0), ("return = -200.5", -200.5), ("return=1e3", 1e3), ("never", None)]
)
def test_what_is_written(text: str, value: float | None) -> None:
    assert parse_stop(text) == value


@pytest.mark.parametrize(
    "text", ["", "475", "return", "return=", "return=many", "return=nan", "return=1e999", "loss=1"]
)
def test_what_is_no_return_to_stop_at(text: str) -> None:
    with pytest.raises(UserError, match="--stop-at") as caught:
        parse_stop(text)
    assert "--stop-at return=475" in caught.value.help


@pytest.mark.parametrize(
    ("changes", "option"),
    [({"stop_at": 1.0}, "--stop-at"), ({"keep_best": True}, "--keep best"), ({"evaluation_seed": 0}, "--eval-seed")],
)
def test_without_evaluations_what_is_about_them_is_refused(
    tmp_path: Path, changes: dict[str, Any], option: str
) -> None:
    with pytest.raises(UserError, match=f"{option} is about evaluations, and --eval-every never makes none"):
        options(tmp_path, evaluate_every=None, **changes)


def test_a_run_without_evaluations_gets_none_at_a_resume(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "run", evaluate_every=None, steps=40), plain())
    with pytest.raises(UserError, match="this run makes none"):
        resume(program, tmp_path / "run", 80, plain(), anew=Anew(stop_at=1.0))
