"""Environments that a worker process can make by `worlds:known/...`, since importing this registers them."""

import os
import signal
from typing import ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

BROKEN = 5  # the seed whose training environments fail, where one does
ENVIRONMENTS = 3  # of a seed, at most
NUMBERS = np.random.SeedSequence(BROKEN).spawn(5)[4].generate_state(ENVIRONMENTS)  # as loop/streams.py draws them


class Walk(gymnasium.Env):
    """A walk whose length, 1 to 5, and whose observed mark are drawn at each start; odd lengths terminate.

    fault: what seed 5's does at its 40th step.
    """

    metadata: ClassVar = {"render_modes": []}
    observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = spaces.Box(-1.0, 1.0, (2,), np.float64)

    def __init__(self, fault: str | None = None) -> None:
        self.fault, self.steps, self.faulty = fault, 0, False

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.faulty = self.faulty or (seed is not None and seed in NUMBERS)
        self.place, self.mark = 0, self.np_random.random()
        return np.array([0.0, self.mark]), {}

    def step(self, action):
        self.steps, self.place = self.steps + 1, self.place + 1
        if self.faulty and self.steps == 40:
            self.fail()
        length = 1 + int(5 * self.mark)
        over, odd = self.place == length, length % 2 == 1
        return np.array([self.place, self.mark]), float(action[0]), over and odd, over and not odd, {}

    def fail(self) -> None:
        match self.fault:
            case "raises":
                raise ValueError("the motor burnt")
            case "exits":
                os._exit(3)
            case "sys-exits":
                raise SystemExit(3)
            case "interrupts":
                raise KeyboardInterrupt
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crashes":
                os.kill(os.getpid(), signal.SIGSEGV)


class Bytes(Walk):
    """The walk, seen in whole numbers of a byte each."""

    observation_space = spaces.Box(0, 255, (2,), np.uint8)

    def reset(self, *, seed=None, options=None):
        observation, info = super().reset(seed=seed)
        return np.round(observation * [1, 250]).astype(np.uint8), info

    def step(self, action):
        observation, *rest = super().step(action)
        return np.round(observation * [1, 250]).astype(np.uint8), *rest


gymnasium.register("known/Walk-v0", Walk)
gymnasium.register("known/Bytes-v0", Bytes)
for fault in ("raises", "exits", "sys-exits", "interrupts", "killed", "crashes"):
    gymnasium.register(f"known/Walk-{fault}-v0", Walk, kwargs={"fault": fault})
