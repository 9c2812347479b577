"""A run's environments in worker processes, each of which steps its share one after the other.

What is computed is what one process computes: an environment has the same number and gets the same actions wherever
it lives. A process that dies becomes a fault of the seeds whose environments it had.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.vectors.busy_wait import BusyWait
from taxon.runtime.environments.vectors.shared_memory import map_shared, nameless_file
from taxon.runtime.environments.vectors.step_buffer import StepBuffer
from taxon.runtime.environments.vectors.vector import Episode, Fault
from taxon.runtime.environments.vectors.worker import MORE, STEP
from taxon.runtime.errors import UserError

LONGEST_TRACE = 100_000  # bytes
PATIENCE = 5.0  # seconds that a process may take to end
ALONE = "leave --workers out, or say --workers 0, to step the environments in one process"
Events = list[Episode | Fault]


class LostError(Exception):
    """A worker process is gone."""


class Remote:
    """One worker process and the way to it. A request is answered before the next one is made."""

    def __init__(self, memory: int, share: range) -> None:
        self.share = share  # the environments that live there
        self.lost = False
        self._stepping = False
        ours, theirs = socket.socketpair()
        self._connection = Connection(ours.detach())
        self._busy_wait = BusyWait(self._connection.fileno())
        self._trace = nameless_file()
        descriptors = theirs.fileno(), memory, self._trace
        with theirs:
            # In a group of its own it does not receive Ctrl-C, which is the run's matter, not even while it starts. It
            # finds modules where this process does, and not in the working directory beside.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "taxon.runtime.environments.vectors.worker", *map(str, descriptors)],
                pass_fds=descriptors,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                stdin=subprocess.DEVNULL,
                process_group=0,
            )

    @property
    def process(self) -> int:
        """Its number in the system."""
        return self._process.pid

    def call(self, name: str, *arguments: Any) -> None:
        """Request a method's answer. That the process is gone shows when the answer is awaited.

        Raises RuntimeError in the middle of a step, whose end would be taken for the answer.
        """
        if self._stepping:
            raise RuntimeError("a step of the environments was begun and not ended")
        with contextlib.suppress(OSError):
            self._connection.send_bytes(MORE)
            self._connection.send((name, *arguments))

    def answer(self) -> Any:
        """Wait for it. Raises LostError, and ValueError with what the method raised."""
        done, value = self._receive()
        if not done:
            raise ValueError(value)
        return value

    def step(self) -> None:
        """Request a step."""
        self._stepping = True
        with contextlib.suppress(OSError):
            self._connection.send_bytes(STEP)

    def stepped(self) -> Events:
        """Wait for its end: what happened in it. Raises LostError."""
        self._stepping = False
        self._busy_wait.wait()
        try:
            if self._connection.recv_bytes() == STEP:
                return []
        except (EOFError, OSError):
            raise LostError from None
        events: Events = self._receive()
        return events

    def spin(self) -> None:
        """Wait for its next steps in a busy loop, there and here; to be answered."""
        self.call("spin")
        self._busy_wait.spin()

    def disconnect(self) -> None:
        """Say that there is nothing more to do."""
        self.lost = True
        self._connection.close()

    def end(self) -> str:
        """Hang up and see the process end: how it did."""
        self.disconnect()
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code >= 0:
            return f"ended with exit code {code}"
        return f"was ended by {signal.Signals(-code).name}" + (
            ", perhaps since memory ran out" if -code == signal.SIGKILL else ""
        )

    def forget(self) -> None:
        """Close what is left of it."""
        os.close(self._trace)

    def trace(self) -> str:
        """Where its code was when it broke off, if that is known."""
        return os.pread(self._trace, LONGEST_TRACE, 0).decode(errors="replace")

    def _receive(self) -> Any:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            raise LostError from None


class RemoteCheckpoint:
    """A EnvironmentCheckpoint of an environment in a worker process."""

    def __init__(self, remote: Remote, index: int) -> None:
        self._remote, self._index = remote, index

    def capture(self) -> dict[str, Any] | None:
        """None where the process is gone: its seeds are about to be frozen."""
        try:
            state: dict[str, Any] | None = self._ask("capture")
        except LostError:
            return None
        return state

    def restore(self, saved: dict[str, Any]) -> str | None:
        """As a EnvironmentCheckpoint does. Raises UserError where the process is gone."""
        try:
            unlike: str | None = self._ask("restore", saved)
        except LostError:
            raise UserError("a worker process ended while the run was brought back", ALONE) from None
        return unlike

    def _ask(self, name: str, *arguments: Any) -> Any:
        if self._remote.lost:
            raise LostError
        self._remote.call(name, self._index, *arguments)
        return self._remote.answer()


class SubprocessVector:
    """Environments in worker processes, each with as many of those that `numbers` stand for as any, or one less.

    here: how many of them, the first, are someone else's to step, on the same buffer.
    Raises UserError where the processes or the environments cannot be made. To be closed.
    """

    def __init__(
        self, recipe: Recipe, numbers: Sequence[int], workers: int, observation: int, action: int, here: int = 0
    ) -> None:
        self._id = recipe.id
        self.count, self.observation, self.action = len(numbers), observation, action
        self._memory = nameless_file()
        self._shared = map_shared(self._memory, self.count, observation, action)
        self._remotes: list[Remote] = []
        self._stepped: list[Remote] = []  # those that are making a step
        try:
            for share in shares(range(here, self.count), workers):
                self._remotes.append(Remote(self._memory, share))
            for remote in self._remotes:
                remote.call("make", recipe, [numbers[index] for index in remote.share], remote.share.start)
            for remote in self._remotes:
                if wrong := self._settle(remote):
                    raise UserError(f"in a worker process {wrong[0]}", f"{wrong[1]}; or {ALONE}")
        except OSError as error:
            self.close()
            raise UserError(f"{workers} worker processes cannot be started: {error.strerror}", ALONE) from error
        except BaseException:
            self.close()
            raise

    def open(self, width: int, waits: bool) -> StepBuffer:
        self._width = width
        for remote in self._remotes:
            remote.call("open", self.count, width, waits)
        for remote in self._remotes:
            self._settle(remote)
        return self._shared.buffer

    def spin(self) -> None:
        """Have everyone wait awake for the other, for a moment: where each process has a core of its own."""
        for remote in self._remotes:
            remote.spin()
        for remote in self._remotes:
            self._settle(remote)

    def start(self, actions: NDArray[np.floating[Any]], alive: NDArray[np.bool_], now: int, last: bool) -> None:
        shared = self._shared
        shared.actions[:], shared.alive[: len(alive)], shared.moment[:] = actions, alive, (now, last)
        self._stepped = [remote for remote in self._remotes if not remote.lost and alive[self._seeds(remote)].any()]
        for remote in self._stepped:
            remote.step()

    def finish(self) -> Events:
        events: Events = []
        for remote in self._stepped:
            try:
                events += remote.stepped()
            except LostError:
                events += self._lose(remote)
        self._stepped = []
        return events

    def begin(self, starts: Mapping[int, int | None]) -> Events:
        pending = []
        for remote in self._remotes:
            own = {index: starts[index] for index in remote.share if index in starts}
            if own and not remote.lost:
                remote.call("begin", own)
                pending.append(remote)
        events: Events = []
        for remote in pending:
            try:
                events += remote.answer()
            except LostError:
                events += self._lose(remote)
        return events

    def checkpoints(self) -> list[RemoteCheckpoint]:
        """What keeps each environment's state."""
        return [RemoteCheckpoint(remote, index) for remote in self._remotes for index in remote.share]

    def processes(self) -> list[int]:
        """Their numbers in the system."""
        return [remote.process for remote in self._remotes]

    def close(self) -> None:
        """End every process."""
        for remote in self._remotes:
            remote.disconnect()
        for remote in self._remotes:
            remote.end()
            remote.forget()
        os.close(self._memory)

    def _settle(self, remote: Remote) -> Any:
        """The answer of a process that is needed for there to be a run at all."""
        try:
            return remote.answer()
        except LostError:
            raise UserError(f"a worker process of {self._id} {remote.end()}", ALONE) from None
        except ValueError as error:
            raise UserError(f"{self._id} cannot be made in a worker process: {error}", ALONE) from None

    def _seeds(self, remote: Remote) -> slice:
        return slice(remote.share[0] // self._width, remote.share[-1] // self._width + 1)

    def _lose(self, remote: Remote) -> list[Fault]:
        """What it is to the seeds of a process that it is gone."""
        cause = f"{self._id} failed: its worker process {remote.end()}"
        self._shared.buffer.rows[remote.share.start : remote.share.stop] = 0.0
        seeds = self._seeds(remote)
        return [Fault(seed, cause, remote.trace()) for seed in range(seeds.start, seeds.stop)]


def shares(numbers: range, parts: int) -> list[range]:
    """Numbers in so many parts, or as many as there are numbers: the first ones may have one more than the others."""
    parts = min(parts, len(numbers))
    each, more = divmod(len(numbers), parts)
    ends = [k * each + min(k, more) for k in range(parts + 1)]
    return [numbers[start:end] for start, end in pairwise(ends)]
