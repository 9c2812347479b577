"""The shapes that a module declares are those of a run in which all axes have a size of their own.

A tensor [S, 1] times one of [S, M, B] broadcasts silently where S = M or S = 1: here nothing is as long as another.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest
import torch
import updates
from tiny import SPECS, build
from torch import Tensor

from taxon.operators.observations import Array

SEEDS = 17
# Windows and a trace, a categorical E-step, rollouts, a natural gradient, a delay, noise with memory, whole episodes,
# a full covariance, a solved dual, weights of whole sequences, a baseline.
NAMES = (
    *(
        "mpo",
        "mpo_joint",
        "mpo_onestep-discrete",
        "vmpo",
        "vmpo-discrete",
        "ppo",
        "ppo_clip",
        "trpo",
        "td3",
        "ddpg",
        "sac",
    ),
    *("awr", "awac", "reps", "urex", "rwr"),
)
CLASS = re.compile(r"^class (\w+)\(NamedTuple\):\n((?:(?:    .*)?\n)+)", re.MULTILINE)
FIELD = re.compile(r"^    (\w+): (\w+)(?:  # \[(.*)\])?$", re.MULTILINE)


def declared(built: ModuleType) -> dict[str, dict[str, tuple[str, str]]]:
    """The tuples of a module: their fields, the type and the shape of each."""
    text = Path(str(built.__file__)).read_text("utf-8")
    return {
        name: {field: (kind, shape) for field, kind, shape in FIELD.findall(body)} for name, body in CLASS.findall(text)
    }


class Axes:
    """What the letters of a shape stand for. P, the parameters of one network, is measured at its first use."""

    def __init__(self, built: ModuleType) -> None:
        data = built.DATA
        self.constants = {name: value for name, value in vars(built).items() if isinstance(value, int)}
        self.sizes = {"S": SEEDS, "n": updates.STEPS, "O": updates.OBSERVATIONS, "A": updates.ACTIONS}
        self.sizes |= {"B": data.batch, "T": getattr(data, "sequence", 1), "N": data.environments}

    def check(self, shape: str, value: Tensor, what: str) -> None:
        wanted = [part.strip() for part in shape.split(",")]
        assert len(wanted) == value.dim(), f"{what}: [{shape}] is {list(value.shape)}"
        for part, size in zip(wanted, value.shape, strict=True):
            if part == "E":
                assert size in (1, 2), f"{what}: [{shape}] is {list(value.shape)}"
            elif part != "P":
                known = self.sizes[part] if part in self.sizes else eval(part, {}, self.constants)
                assert size == known, f"{what}: [{shape}] is {list(value.shape)}"


def parts(value: Any) -> Iterator[Tensor]:
    """The tensors of a field: itself, or those of an optimiser's memory."""
    if isinstance(value, Tensor):
        yield value
    else:
        for part in value:
            yield from parts(part)


def check_fields(axes: Axes, fields: dict[str, tuple[str, str]], value: Any) -> None:
    for name, (kind, shape) in fields.items():
        found = getattr(value, name)
        if kind in ("Trained", "Lagged"):  # moments and copy are shaped as the parameters
            axes.check(shape, found.params, name)
            assert {part.shape for part in parts(found)} == {found.params.shape}, name
        elif shape:
            axes.check(shape, found, name)
        else:
            assert all(part.shape[0] == SEEDS for part in parts(found)), name


def repeated(shape: torch.Size) -> bool:
    """Whether two axes are as long as each other, which no broadcast but a mistaken one makes; [A, A] is a matrix."""
    long = [size for size in shape if size > 1]
    if long[-2:] == [updates.ACTIONS, updates.ACTIONS]:
        long.pop()
    return len(set(long)) < len(long)


class Locals:
    """Every tensor that a function of a module names must lead with S, and have no axis twice."""

    def __init__(self, file: str) -> None:
        self.file, self.seen = file, 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "return" or frame.f_code.co_filename != self.file or argument is None:
            return
        where = frame.f_code.co_name
        for name, value in frame.f_locals.items():
            if isinstance(value, Tensor) and name != "_":  # the sum of a loss over the seeds
                self.seen += 1
                assert value.shape[:1] == (SEEDS,), f"{name} of {where}: {list(value.shape)}"
                assert not repeated(value.shape), f"{name} of {where}: {list(value.shape)}"


@pytest.mark.parametrize("name", NAMES)
def test_shapes_are_as_they_are_declared(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, minibatch, noise, columns and metrics of the first updates; and all that these functions name."""
    actions = "discrete" if name.endswith("-discrete") else "continuous"
    row = updates.small(SPECS / f"{name.removesuffix('-discrete')}.tx", actions)
    assert row is not None
    built = build(row, tmp_path)
    classes, axes, made = declared(built), Axes(built), set()

    def watched(phase: Any, update: Callable[..., Any]) -> Callable[..., Any]:
        def run(state: Any, batch: Any, noise: Any) -> Any:
            new, metrics = update(state, batch, noise)
            made.add(phase.name)
            check_fields(axes, classes[type(batch).__name__], batch)
            if noise:
                check_fields(axes, classes["Noise"], noise)
            for each in (state, new):
                check_fields(axes, classes["State"], each)
            for metric, value in metrics.items():
                assert value.shape == (SEEDS,), metric
            return new, metrics

        return run

    def refreshed(phase: Any) -> Callable[..., Any]:
        def run(*arguments: Any) -> dict[str, Tensor]:
            columns = phase.refresh(*arguments)
            fields = {at: field for each in classes.values() for at, field in each.items()}
            for at, column in columns.items():
                axes.check(fields[at][1].replace("B", "n"), column, f"the column {at}")
            return columns

        return run

    class Watched(built.Agent):  # type: ignore[name-defined, misc]
        def __init__(self, observation: Array, action: int) -> None:
            super().__init__(observation, action)
            self.phases = tuple(
                phase._replace(
                    update=watched(phase, phase.update),
                    between=phase.between and watched(phase, phase.between),
                    refresh=phase.refresh and refreshed(phase),
                )
                for phase in self.phases
            )

    watch = Locals(str(built.__file__))
    monkeypatch.setattr(built, "Agent", Watched)
    monkeypatch.setattr(updates, "SEEDS", SEEDS)
    monkeypatch.setattr(updates, "UPDATES", 2)
    monkeypatch.setattr(updates, "SOLVED", 1)
    sys.setprofile(watch)
    try:
        updates.run(built, name)
    finally:
        sys.setprofile(None)
    assert made == {phase.name for phase in Watched(Array((updates.OBSERVATIONS,)), updates.ACTIONS).phases}
    assert watch.seen > 20


def test_a_mistaken_broadcast_is_found() -> None:
    one, other = torch.ones(SEEDS, 1), torch.ones(SEEDS)
    assert repeated((one * other).shape)
    assert repeated((torch.ones(SEEDS, 1, 7) * torch.ones(SEEDS, 7, 1)).shape)
    assert not repeated(torch.ones(SEEDS, 24, updates.ACTIONS, updates.ACTIONS).shape)
