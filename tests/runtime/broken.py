"""Environments that break in one way each, which a worker process can make by `broken:faulty/...`."""

import collections
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

BOX = spaces.Box(-1.0, 1.0, (2,), np.float32)


class Sound(gymnasium.Env):
    """Breaks nothing; what derives from it breaks one thing."""

    metadata: ClassVar = {"render_modes": ["rgb_array"]}
    observation_space = BOX
    action_space = BOX

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode, self.count = render_mode, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        self.count += 1
        return np.zeros(2, np.float32), 1.0, self.count % 7 == 0, False, {}


def one(name: str, **methods: Any) -> type[Sound]:
    return type(name, (Sound,), methods)


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(self: Any, *_: Any, **__: Any) -> Any:
        raise error

    return fail


def answering(**changes: Any) -> Callable[..., Any]:
    """A step that answers as always but for some parts."""

    def step(self: Any, action: Any) -> Any:
        answer = {"observation": np.zeros(2, np.float32), "reward": 1.0, "terminated": False, "truncated": False}
        return (*(answer | changes).values(), {})

    return step


def spaced(action: Any = BOX, observation: Any = BOX) -> type[Sound]:
    return one("Spaced", action_space=action, observation_space=observation)


def register(name: str, entry: Any) -> str:
    gymnasium.register(f"faulty/{name}-v0", entry)
    return f"broken:faulty/{name}-v0"


# What breaks at the first reset, and the cause that is said.
RESETS = {
    register(
        "NoSeed", one("NoSeed", reset=lambda self: (np.zeros(2), {}))
    ): "got an unexpected keyword argument 'seed'",
    register(
        "OldReset", one("OldReset", reset=lambda self, **_: np.zeros(2))
    ): "its reset returns an array of float64 [2] and not (observation, info)",
    register(
        "WrongReset", one("WrongReset", reset=lambda self, **_: (np.zeros(3), {}))
    ): "its observation has 3 numbers and not 2",
    register("NoneReset", one("NoneReset", reset=lambda self, **_: None)): "its reset returns None",
    register("ExitReset", one("ExitReset", reset=raising(SystemExit("no licence")))): "SystemExit: no licence",
}

# What breaks in a step, and the cause.
STEPS = {
    register("OldStep", one("OldStep", step=lambda self, action: (np.zeros(2), 1.0, False, {}))): "its step returns 4 "
    "values and not (observation, reward, terminated, truncated, info)",
    register("Huge", one("Huge", step=answering(reward=1e39))): "its reward is 1e+39, more than float32 holds",
    register("Endless", one("Endless", step=answering(reward=10**400))): "its reward is more than float32 holds",
    register("Text", one("Text", step=answering(reward="1.0"))): "its reward is '1.0' and no number",
    register("Nothing", one("Nothing", step=answering(reward=None))): "its reward is None and no number",
    register("Complex", one("Complex", step=answering(reward=1j))): "its reward is 1j and no number",
    register(
        "Two", one("Two", step=answering(reward=np.ones(2)))
    ): "its reward is an array of float64 [2] and no number",
    register(
        "Far", one("Far", step=answering(observation=np.array([0, 1e39])))
    ): "its observation is not finite in float32",
    register("Flag", one("Flag", step=answering(terminated="no"))): "its terminated is 'no' and neither true nor false",
    register(
        "NoFlag", one("NoFlag", step=answering(truncated=None))
    ): "its truncated is None and neither true nor false",
    register("Quits", one("Quits", step=raising(SystemExit()))): "SystemExit",
    register("Stops", one("Stops", step=raising(GeneratorExit()))): "GeneratorExit",
}

# What cannot be made or used, and what is said.
UNUSABLE = {
    register(
        "Constructor", one("Constructor", __init__=raising(ValueError("no map")))
    ): "cannot be made: ValueError: no map",
    register("Exits", one("Exits", __init__=raising(SystemExit(2)))): "cannot be made: SystemExit: 2",
    register("Argument", lambda maze: Sound()): "cannot be made: TypeError",
    register("Entry", "json:NoSuch"): "cannot be made: AttributeError",
    register("Number", lambda: 3): "cannot be made: TypeError",
    register("Vector", lambda: gymnasium.make_vec("CartPole-v1", 2)): "cannot be made: TypeError",
    register("Spaceless", one("Spaceless", action_space=None)): "actions of the kind NoneType",
    register("Blind", one("Blind", observation_space=None)): "spaces that cannot be used: AttributeError",
    register("NoActions", spaced(spaces.Box(-1, 1, (0,)))): "actions of no numbers",
    register("NoSight", spaced(BOX, spaces.Box(-1, 1, (2, 0)))): "observations of no numbers",
    register("NoKeys", spaced(BOX, spaces.Dict({}))): "spaces that cannot be used",
    register("Tuple", spaced(spaces.Tuple([BOX]))): "actions of the kind Tuple",
    register("Binary", spaced(spaces.MultiBinary(3))): "actions of the kind MultiBinary",
    register("Sequence", spaced(BOX, spaces.Sequence(BOX))): "observations of the kind Sequence, which do not flatten",
    register("Half", spaced(spaces.Box(-np.inf, 1.0, (2,)))): "unbounded actions",
    register("Largest", spaced(spaces.Box(np.finfo(np.float32).min, np.finfo(np.float32).max, (2,)))): "unbounded",
    register("Wide64", spaced(spaces.Box(-3e38, 3e38, (2,), np.float64))): "unbounded actions",
    register("Whole", spaced(spaces.Box(-np.inf, np.inf, (2,), np.int64))): "unbounded actions",
}


def hang(self: Any) -> None:
    time.sleep(60)


register("CloseRaises", one("CloseRaises", close=raising(OSError("the port is gone"))))
register("CloseExits", one("CloseExits", close=raising(SystemExit(4))))
register("CloseHangs", one("CloseHangs", close=hang))


class Wanders(Sound):
    """Leaves the working directory, when it is made and later; says so where programs read."""

    def __init__(self) -> None:
        super().__init__()
        print("hello")
        os.chdir("/")

    def step(self, action: Any) -> Any:
        os.chdir("/tmp")
        return super().step(action)


register("Wanders", Wanders)
register("Scribbles", one("Scribbles", step=lambda self, action: scribble(self, action)))


def scribble(self: Any, action: Any) -> Any:
    reward = float(action[0])
    action[:] = 0.0
    return np.zeros(2, np.float32), reward, False, False, {}


class Moody(Sound):
    """From its 150th step on, a string, or something like it, decides what an action does."""

    def __init__(self, moods: tuple[Any, Any] = ("calm", "wild")) -> None:
        super().__init__()
        self.moods = moods
        self.mood = moods[0]

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        self.count += 1
        if self.count == 150:
            self.mood = self.moods[1]
        sign = 1.0 if self.mood == self.moods[0] else -1.0
        return np.zeros(2, np.float32), sign * float(action[0]), False, self.count % 60 == 0, {}


register("Moody", Moody)


class Standard(Sound):
    """Draws with the standard library."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        if seed is not None:
            self.draws = random.Random(seed)
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.zeros(2, np.float32), self.draws.gauss(0.0, 1.0), False, False, {}


class Slots:
    __slots__ = ("energy",)

    def __init__(self) -> None:
        self.energy = 0.0


class Keyed(Sound):
    """Keeps numbers in slots and under keys that are no strings."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.slots, self.table = Slots(), {(0, 1): 0.0, 2: 0.0}
        self.visits: Any = collections.defaultdict(int)  # which grow
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        self.slots.energy += float(action[0])
        self.table[0, 1] += 1.0
        self.table[2] -= 0.5
        self.visits[round(3 * float(action[0])), 1] += 1
        reward = self.slots.energy + self.table[0, 1] + self.table[2] + max(self.visits.values()) * len(self.visits)
        return np.zeros(2, np.float32), reward, False, False, {}


class Generates(Sound):
    """Goes on from a place that nobody can set, and shows it late."""

    def __init__(self) -> None:
        super().__init__()
        self.places = iter(range(sys.maxsize))

    def step(self, action: Any) -> Any:
        return np.zeros(2, np.float32), float(next(self.places) > 10_000), False, False, {}


register("Standard", Standard)
register("Keyed", Keyed)
register("Generates", Generates)


class Crowded(Sound):
    """Holds more objects than are looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.crowd = [Slots() for _ in range(20_000)]


register("Crowded", Crowded)
