"""An environment that notes when each of its steps begins, and ends the process once enough have begun.

`benchmarks.clock:Clocked-HalfCheetah-v4` is HalfCheetah-v4 with a clock. Whoever steps it is measured the same way, and
no contender needs a change. Step k begins when everything due after the step before it is done (the update, the choice
of the action and its transfer from a GPU), so begins[b] - begins[a] is the whole time of b - a steps of the loop.

A contender may step its environments in processes that it starts. Each of them notes times then, and the contender's
own, which imports this first, leaves its memory. `launch` prefers what the contender's own process says.

Imported by every contender's interpreter: it needs gymnasium alone.
"""

import atexit
import importlib.metadata
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium

from benchmarks.handshake import CONTENDER, PREFIX, SETTINGS, record

PACKAGES = ("torch", "jax", "numpy", "gymnasium", "mujoco", "stable-baselines3", "sbx-rl", "tensordict", "torchrl")


class Clock(gymnasium.Env[Any, Any]):
    """An environment and its clock. Of several in one process, the first that steps and is still open keeps the time.

    taxon tries two copies before it trains; they are closed by then.
    """

    checkpoint: "Clock | None" = None

    def __init__(self, told: dict[str, Any], **options: Any) -> None:
        self.inner = gymnasium.make(told["environment"], disable_env_checker=True, **options)
        self.observation_space = self.inner.observation_space
        self.action_space = self.inner.action_space
        self.render_mode = self.inner.render_mode
        self.told = told
        self.begins: list[float] = []
        self.processor: list[float] = []  # seconds that the process, all threads, has used when a step begins

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return self.inner.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        if Clock.checkpoint is None:
            Clock.checkpoint = self
        if Clock.checkpoint is self:
            self.begins.append(time.monotonic())
            self.processor.append(time.process_time())
            if len(self.begins) > self.told["steps"]:
                self._finish()
        return self.inner.step(action)

    def close(self) -> None:
        if Clock.checkpoint is self:
            Clock.checkpoint = None
        self.inner.close()

    def _finish(self) -> None:
        """Leave the times behind and end the process: what a contender does at its end is not measured."""
        times = [begin - self.told["started"] for begin in self.begins]
        _leave(self.told, {"begins": times, "processor": self.processor, "versions": _versions()})
        sys.stdout.flush()
        os._exit(0)


def _leave(told: dict[str, Any], what: dict[str, Any]) -> None:
    """Write down what this process knows."""
    own = os.environ[CONTENDER] == str(os.getpid())
    out = record(Path(told["folder"]), os.getpid())
    part = out.with_suffix(".part")
    part.write_text(json.dumps(what | (_memory() if own else {})), encoding="utf-8")
    part.rename(out)


def _memory() -> dict[str, int]:
    """Peaks in bytes: of the process, and of the GPU's memory that torch has given out."""
    unit = 1 if sys.platform == "darwin" else 1024
    peaks = {"process_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        peaks["device_bytes"] = torch.cuda.max_memory_allocated()
    return peaks


def _versions() -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


if SETTINGS in os.environ:
    _told = json.loads(os.environ[SETTINGS])
    if CONTENDER not in os.environ:
        os.environ[CONTENDER] = str(os.getpid())
        atexit.register(_leave, _told, {})  # where another process had the environments, and ended
    gymnasium.register(PREFIX + _told["environment"], entry_point="benchmarks.clock:Clock", kwargs={"told": _told})
