"""Environments whose every number is known, and a hand-written agent in the form of an emitted module."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from pictures import draws_curves

from taxon.runtime.folder import module

__all__ = ["draws_curves"]  # a fixture


class Corridor(gymnasium.Env):
    """Walks 0, 1, 2, ... whatever is done; the step to t pays t, and the walk ends at `length`.

    It ends by termination, or by truncation where `truncates`. Every action received is kept.
    """

    metadata: ClassVar = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(
        self,
        length: int = 3,
        truncates: bool = False,
        interrupted_at: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.render_mode = render_mode
        self.observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
        self.action_space = spaces.Box(np.array([-2.0, 0.0]), np.array([4.0, 1.0]), dtype=np.float64)
        self.length, self.truncates, self.interrupted_at = length, truncates, interrupted_at
        self.received: list[np.ndarray] = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0
        return np.array([0.0, 0.5]), {}

    def step(self, action):
        self.received.append(action)
        if len(self.received) == self.interrupted_at:
            for _ in range(2):  # the user's Ctrl-C, and the one that does not wait
                os.kill(os.getpid(), signal.SIGINT)
        self.place += 1
        over = self.place == self.length
        return np.array([self.place, 0.5]), float(self.place), over and not self.truncates, over and self.truncates, {}

    def render(self):
        return np.full((32, 32, 3), 80 * self.place, np.uint8)


class Drawn(Corridor):
    """A walk whose length, 1 to 5, and whose observed mark are drawn at each start; odd lengths terminate."""

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.mark = self.np_random.random()
        self.length = 1 + int(5 * self.mark)
        self.truncates = self.length % 2 == 0
        return np.array([0.0, self.mark]), {}

    def step(self, action):
        _, *rest = super().step(action)
        return np.array([self.place, self.mark]), *rest


class Discrete(Corridor):
    """Three choices, counted from 5; the place is observed as one of four."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.Discrete(3, start=5)
        self.observation_space = spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return 0, {}

    def step(self, action):
        _, *rest = super().step(action)
        return self.place, *rest


class Several(Corridor):
    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.MultiDiscrete([3, 2])


class Unbounded(Corridor):
    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.Box(-np.inf, np.inf, (2,))


class Dictionary(Corridor):
    """Observes a dictionary, given in another order than the alphabet's."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Dict(
            {"z": spaces.Box(-1, 9, (), np.float64), "a": spaces.Box(-1, 9, (2, 1), np.float64)}
        )

    def reset(self, *, seed=None, options=None):
        return {"z": np.float64(7.0), "a": np.array([[1.0], [2.0]])}, {}


for name, kind in {
    "Drawn": Drawn,
    "Discrete": Discrete,
    "Several": Several,
    "Unbounded": Unbounded,
    "Dictionary": Dictionary,
}.items():
    gymnasium.register(f"known/{name}-v0", kind)
gymnasium.register("known/Terminates-v0", Corridor, kwargs={"length": 3})
gymnasium.register("known/Truncates-v0", Corridor, kwargs={"length": 3, "truncates": True})
gymnasium.register("known/Endless-v0", Corridor, kwargs={"length": 10**9})
gymnasium.register("known/TimeLimit-v0", Corridor, kwargs={"length": 9}, max_episode_steps=3)
gymnasium.register(
    "known/ShortPendulum-v0", "gymnasium.envs.classic_control.pendulum:PendulumEnv", max_episode_steps=20
)
gymnasium.register("known/Interrupts-v0", Corridor, kwargs={"length": 5, "truncates": True, "interrupted_at": 257})


@pytest.fixture(scope="session")
def toy_source() -> str:
    return (Path(__file__).parent / "toy_agent.py").read_text()


@pytest.fixture
def toy(toy_source: str, tmp_path: Path) -> ModuleType:
    return module.load(toy_source, tmp_path / "toy.py")


@pytest.fixture
def generators() -> Callable[[int], list[torch.Generator]]:
    return lambda count: [torch.Generator().manual_seed(seed) for seed in range(count)]


@pytest.fixture
def empty_graph_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is compiled meanwhile is made anew."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
