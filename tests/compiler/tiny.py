"""Rows, their modules, and a small continuous environment to train them in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from taxon.compiler import emit
from taxon.operators.observations import Array
from taxon.runtime.folder import module
from taxon.runtime.loop.loop import Loop, streams
from taxon.semantics import load_spec
from taxon.taxonomy.schema import Row

CPU = torch.device("cpu")
SPECS = Path(__file__).parents[2] / "specs"
# A row of any kind at a size at which an update takes milliseconds.
SMALL = ("network.hidden = [8, 6]", "data.batch = 4", "data.capacity = 60", "data.warmup = 20")


def row_of(spec: str | Path, *sets: str, actions: str | None = None) -> Row:
    """The row of a shipped spec or of a file, with overrides; `actions` as the environment's kind."""
    resolution = load_spec(spec, sets, actions=actions)
    assert resolution.row is not None, resolution.diagnostics
    return resolution.row


def build(row: Row, folder: Path) -> ModuleType:
    """The emitted module of a row, imported."""
    return module.load(emit(row), folder / f"{row.name}.py")


class Drift:
    """A point that drifts with the action: observation 3, action 2, rewards in [0.1, 2.1], which have logarithms.

    Its episodes last four and five steps by turns: one terminates, the next is truncated.
    """

    observation, layout, action, discrete = 3, Array((3,)), 2, False

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.episodes = 0

    def reset(self, seed: int | None = None) -> np.ndarray:
        if seed is not None:
            self.random = np.random.default_rng(seed)
        self.time = 0
        self.episodes += 1
        self.place = self.random.normal(size=3).astype(np.float32)
        return self.place

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool]:
        self.time += 1
        push = self.push(action)
        self.place = (0.8 * self.place + 0.3 * push + 0.1 * self.random.normal(size=3)).astype(np.float32)
        odd = self.episodes % 2 == 1
        over = self.time == (4 if odd else 5)
        return self.place, 1.1 + float(np.tanh(self.place.sum())), over and odd, over and not odd

    def push(self, action: np.ndarray) -> np.ndarray:
        """Where the action moves the point: [3]."""
        return np.append(np.clip(action, -1, 1), 0.1)


class Hops(Drift):
    """The same point, pushed along one of its three axes."""

    action, discrete = 3, True

    def push(self, action: np.ndarray) -> np.ndarray:
        return np.eye(3)[np.argmax(action)]


def loop_of(built: ModuleType, seeds: Sequence[int], steps: int = 1000, agent: Any = None, *more: Any) -> Loop:
    """A loop over the module's agent, in the environment that suits it; `more` goes to Loop."""
    sources = streams(seeds, CPU, built.DATA.environments)
    world = Hops if built.Agent.discrete else Drift
    environments = [world(seed) for seed in sources.environment]
    agent = agent or built.Agent(world.layout, world.action)
    return Loop(agent, built.DATA, environments, sources, steps, CPU, *more)


def lint(folder: Path, rules: str) -> list[tuple[str, str, str]]:
    """What ruff finds in the files of a folder: file, code and message."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length=120", "--target-version=py311"]
    options = [f"--select={rules}", "--ignore=RUF002,RUF003", "--output-format=json", str(folder)]
    found = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    return [(Path(each["filename"]).name, each["code"], each["message"]) for each in json.loads(found.stdout)]


def leaves(state: Any) -> list[torch.Tensor]:
    """Every tensor of a state, in order."""
    return [state] if isinstance(state, torch.Tensor) else [leaf for part in state for leaf in leaves(part)]


def leaf_of(state: Any, name: str) -> torch.Tensor:
    """A tensor of a state: the parameters of `critic`, what is called `critic.target`, or the field itself."""
    for word in name.split("."):
        state = getattr(state, word)
    found: torch.Tensor = getattr(state, "params", state)
    return found


def with_leaf(state: Any, name: str, value: torch.Tensor) -> Any:
    """The state with another tensor in the place of one of its own."""
    field, _, inner = name.partition(".")
    kept = getattr(state, field)
    whole = kept._replace(**{inner or "params": value}) if hasattr(kept, "params") else value
    return state._replace(**{field: whole})


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal bit for bit."""
    return all(torch.equal(a, b) for a, b in zip(leaves(one), leaves(other), strict=True))
