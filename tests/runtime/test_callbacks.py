"""Callbacks: what they are given, that they change no number, how they end a run, and what becomes of a failing one."""

import dataclasses
import io
import json
import random
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.events import Began, Callback, Ended, Evaluated, Event, Halt, Logged, Saved
from taxon.runtime.folder import manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.test_resume import state, words

KINDS = {"began": Began, "logged": Logged, "evaluated": Evaluated, "saved": Saved, "ended": Ended}


@pytest.fixture
def program(toy_source: str) -> Program:
    return Program("toy", "0123abcd", "taxon 1\n", toy_source)


def options(folder: Path, **changes: Any) -> Options:
    settings = {"environment": Recipe("known/Drawn-v0"), "seeds": (3, 5), "steps": 60, "device": "cpu", "out": folder}
    settings |= {"evaluate_every": 20, "evaluation_episodes": 2, "save_every": parse_cadence("25", "")}
    return Options(**(settings | changes))


def plain() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]


class Keeps(Callback):
    """Keeps every event, and answers one of them."""

    def __init__(self, at: str = "", answer: Any = None) -> None:
        self.events: list[Event] = []
        self.at, self.answer = at, answer

    def _take(self, event: Event) -> Any:
        self.events.append(event)
        if self.at != type(event).__name__.lower():
            return None
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    began = logged = evaluated = saved = ended = _take  # type: ignore[assignment]


class Draws(Keeps):
    """Draws from every global stream there is, and takes gradients off."""

    def _take(self, event: Event) -> Any:
        torch.randn(7), np.random.random(3), random.random()
        torch.manual_seed(1)
        return super()._take(event)

    began = logged = evaluated = saved = ended = _take  # type: ignore[assignment]


def test_the_events_of_a_run_in_their_order(program: Program, tmp_path: Path) -> None:
    keeps = Keeps()
    train(program, options(tmp_path / "run"), plain(), [keeps])
    names = [type(event).__name__ for event in keeps.events]
    # At step 0 nothing but the evaluation is logged; a checkpoint every 25 steps, and the last before the last words.
    assert names == [
        *("Began", "Saved", "Logged", "Evaluated"),
        *("Logged", "Logged", "Evaluated"),
        *("Saved", "Logged", "Logged", "Evaluated"),
        *("Saved", "Logged", "Logged", "Evaluated"),
        *("Saved", "Ended"),
    ]
    folder = tmp_path / "run"
    assert keeps.events[0] == Began(folder, "toy", "0123abcd", "known/Drawn-v0", (3, 5), 60, 0, False)
    assert keeps.events[-1] == Ended(60, "finished", None, MappingProxyType({}))
    assert [event.step for event in keeps.events if isinstance(event, Saved)] == [0, 25, 50, 60]
    written = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    given = [line for event in keeps.events if isinstance(event, Logged) for line in event.lines]
    assert json.loads(json.dumps([dict(line) for line in given])) == written
    evaluations = [event for event in keeps.events if isinstance(event, Evaluated)]
    assert [event.step for event in evaluations] == [0, 20, 40, 60]
    for event in evaluations:
        lines = [line for line in written if line["kind"] == "evaluation" and line["step"] == event.step]
        assert {line["seed"]: tuple(line["returns"]) for line in lines} == event.returns
        assert {line["seed"]: line["return"] for line in lines} == event.means
        assert {line["seed"]: tuple(line["lengths"]) for line in lines} == event.lengths


def test_events_cannot_be_changed(program: Program, tmp_path: Path) -> None:
    keeps = Keeps()
    train(program, options(tmp_path / "run"), plain(), [keeps])
    for event in keeps.events:
        with pytest.raises(dataclasses.FrozenInstanceError):
            event.step = 7  # type: ignore[misc]
    evaluated = next(event for event in keeps.events if isinstance(event, Evaluated))
    logged = next(event for event in keeps.events if isinstance(event, Logged))
    for values in (evaluated.returns, evaluated.lengths, logged.lines[0]):
        with pytest.raises(TypeError):
            values[3] = 0.0  # type: ignore[index]
    assert isinstance(logged.lines[0]["returns"], tuple)


def test_the_numbers_are_the_same_with_callbacks_and_without(program: Program, tmp_path: Path) -> None:
    train(program, options(tmp_path / "without", environment=Recipe("Pendulum-v1")), plain())
    train(program, options(tmp_path / "with", environment=Recipe("Pendulum-v1")), plain(), [Draws(), Keeps()])
    assert state(tmp_path / "with") == state(tmp_path / "without")
    assert words(tmp_path / "with") == words(tmp_path / "without")


def test_a_callback_that_takes_no_event_is_said_without_a_place(program: Program, tmp_path: Path) -> None:
    """What raised is the call, which is taxon's own line."""

    class Deaf(Callback):
        def began(self) -> None:  # type: ignore[override]
            """Takes nothing."""

    with pytest.raises(UserError) as caught:
        train(program, options(tmp_path / "run"), plain(), [Deaf()])
    assert "takes 1 positional argument but 2 were given" in caught.value.message
    assert ".py" not in caught.value.message.rpartition("given")[2]
    assert "None" not in caught.value.message


@pytest.mark.parametrize("at", ["began", "logged", "evaluated", "saved"])
def test_a_halt_ends_the_run_cleanly_and_it_can_go_on(program: Program, tmp_path: Path, at: str) -> None:
    train(program, options(tmp_path / "whole"), plain())
    console, keeps, other = plain(), Keeps(at, Halt("enough")), Keeps()
    outcome = train(program, options(tmp_path / "run"), console, [keeps, other])
    reason = f"the callback {__name__}.Keeps: enough"
    record = manifest.read(RunFolder(tmp_path / "run"))
    assert (outcome.exit_code, record.status, record.reason) == (0, "stopped", reason)
    assert record.ended is not None
    assert record.steps_done < 60
    assert f"stopped after {record.steps_done:,} steps, {reason}" in said(console)
    assert "to go on: taxon run --resume" in said(console)
    assert keeps.events[-1] == other.events[-1] == Ended(record.steps_done, "stopped", reason, MappingProxyType({}))
    again = Keeps()
    assert resume(program, tmp_path / "run", console=plain(), callbacks=[again]).manifest.status == "finished"
    assert again.events[0].step == record.steps_done
    assert isinstance(again.events[0], Began)
    assert again.events[0].resumed
    assert state(tmp_path / "run") == state(tmp_path / "whole")
    assert words(tmp_path / "run") == words(tmp_path / "whole")


def test_a_halt_waits_for_the_whole_step(program: Program, tmp_path: Path) -> None:
    """One of an evaluation comes before the next step; of two, the first says why."""
    first, second = Keeps("evaluated", Halt("first")), Keeps("evaluated", Halt("second"))
    outcome = train(program, options(tmp_path / "run"), plain(), [first, second])
    assert outcome.manifest.steps_done == 0
    assert str(outcome.manifest.reason).endswith("first")


@pytest.mark.parametrize("at", ["began", "logged", "evaluated", "saved"])
@pytest.mark.parametrize("error", [ValueError("no such column"), SystemExit(3), AssertionError()])
def test_a_callback_that_fails_ends_in_one_message_and_the_run_is_saved(
    program: Program, tmp_path: Path, at: str, error: BaseException
) -> None:
    train(program, options(tmp_path / "whole"), plain())
    keeps, other = Keeps(at, error), Keeps()
    with pytest.raises(UserError) as caught:
        train(program, options(tmp_path / "run"), plain(), [keeps, other])
    message = f"the callback {__name__}.Keeps.{at} failed: {type(error).__name__}"
    assert caught.value.message.startswith(message)
    assert str(error) in caught.value.message
    assert f"({__file__}, line " in caught.value.message
    assert "mend the callback; the run is saved: taxon run --resume" in caught.value.help
    record = manifest.read(RunFolder(tmp_path / "run"))
    assert record.status == "failed"
    assert record.reason == caught.value.message
    # It is left out from then on, and the others are not.
    assert type(keeps.events[-1]).__name__.lower() == at
    assert isinstance(other.events[-1], Ended)
    resume(program, tmp_path / "run", console=plain())
    assert state(tmp_path / "run") == state(tmp_path / "whole")
    assert words(tmp_path / "run") == words(tmp_path / "whole")


def test_a_callback_that_fails_at_the_end_leaves_the_run_finished(program: Program, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Keeps\.ended failed: ValueError") as caught:
        train(program, options(tmp_path / "run"), plain(), [Keeps("ended", ValueError("late"))])
    assert "the run itself is finished" in caught.value.help
    assert manifest.read(RunFolder(tmp_path / "run")).status == "finished"


@pytest.mark.parametrize("answer", [True, False, "stop", 0])
def test_an_answer_that_is_no_halt_is_a_failure(program: Program, tmp_path: Path, answer: Any) -> None:
    """What another library means by True is not guessed."""
    with pytest.raises(UserError, match=r"Keeps.logged failed: it returned .*, which is neither a Halt nor None"):
        train(program, options(tmp_path / "run"), plain(), [Keeps("logged", answer)])


class Half:
    def began(self, event: Began) -> None: ...


@pytest.mark.parametrize(
    ("callback", "message", "help"),
    [
        (Keeps, "is the class Keeps and not an instance of it", "Keeps()"),
        (Half(), "is of the kind Half, which is no callback", "subclass taxon.runtime.events.Callback"),
        (print, "is of the kind builtin_function_or_method, which is no callback", "subclass"),
    ],
)
def test_what_is_no_callback_is_refused_before_the_run(
    program: Program, tmp_path: Path, callback: Any, message: str, help: str
) -> None:
    with pytest.raises(UserError) as caught:
        train(program, options(tmp_path / "run"), plain(), [Keeps(), callback])
    assert caught.value.message == f"callbacks[1] {message}"
    assert help in caught.value.help
    assert not (tmp_path / "run").exists()


def test_a_subclass_has_the_methods_that_it_wants(program: Program, tmp_path: Path) -> None:
    class Means(Callback):
        def __init__(self) -> None:
            self.means: list[dict[int, float]] = []

        def evaluated(self, event: Evaluated) -> None:
            self.means.append(event.means)

    means = Means()
    assert train(program, options(tmp_path / "run"), plain(), [means]).exit_code == 0
    assert len(means.means) == 4


def test_the_callback_of_the_page_does_what_the_page_says(program: Program, tmp_path: Path) -> None:
    """Every return is the same, so that nothing is better than the first evaluation."""
    page = (Path(__file__).parents[2] / "docs" / "runtime.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {"__name__": "page"}
    exec(block, names)
    asked = options(tmp_path / "run", environment=Recipe("known/Truncates-v0"), steps=200)
    outcome = train(program, asked, plain(), [names["Patience"]()])
    assert (outcome.manifest.status, outcome.manifest.steps_done) == ("stopped", 100)
    assert outcome.manifest.reason == "the callback page.Patience: five evaluations without a better one"
