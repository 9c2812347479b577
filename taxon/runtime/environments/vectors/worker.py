"""A worker process: it makes a share of a run's environments and steps them for the run.

    python -m taxon.runtime.environments.vectors.worker SOCKET MEMORY TRACE

takes descriptors. A message without bytes is a request for a step, and one back says that nothing happened but what
stands in the shared memory. Any other announces a call, a method's name with its arguments, or what happened. The
process ends when the run closes the socket, which it does however it ends.
"""

import contextlib
import faulthandler
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from taxon.runtime.environments.closing import close_all
from taxon.runtime.environments.environment import Environment, make
from taxon.runtime.environments.faults import UnusableEnvironmentError, described
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.state.checkpointing import EnvironmentCheckpoint
from taxon.runtime.environments.vectors.busy_wait import BusyWait
from taxon.runtime.environments.vectors.shared_memory import map_shared
from taxon.runtime.environments.vectors.sync_vector import SyncVector

STEP = b""  # a request for a step; as an answer, that nothing happened
MORE = b"+"  # announces data


class Worker:
    """Environments numbered from `first` of a run's; every method that has a name without `_` may be called."""

    def __init__(self, memory: int, busy_wait: BusyWait) -> None:
        self._memory, self._busy_wait = memory, busy_wait
        self._environments: list[Environment] = []

    def make(self, recipe: Recipe, numbers: list[int], first: int) -> tuple[str, str] | None:
        """Make environments by their numbers: None, or what is wrong and what to do instead."""
        try:
            for number in numbers:
                self._environments.append(make(recipe, number))
        except UnusableEnvironmentError as error:
            return error.message, error.help
        self._checkpoints = [EnvironmentCheckpoint(environment) for environment in self._environments]
        self._stepper, self._first = SyncVector(self._environments, first), first
        return None

    def open(self, count: int, width: int, waits: bool) -> None:
        """count: of all environments."""
        self._shared = map_shared(self._memory, count, self._stepper.observation, self._stepper.action)
        self._stepper.open(width, waits, self._shared.buffer)

    def begin(self, starts: dict[int, int | None]) -> Any:
        return self._stepper.begin(starts)

    def capture(self, index: int) -> dict[str, Any] | None:
        return self._checkpoints[index - self._first].capture()

    def restore(self, index: int, saved: dict[str, Any]) -> str | None:
        return self._checkpoints[index - self._first].restore(saved)

    def step(self) -> list[Any]:
        now, last = self._shared.moment.tolist()
        self._stepper.start(self._shared.actions, self._shared.alive, now, bool(last))
        return self._stepper.finish()

    def spin(self) -> None:
        self._busy_wait.spin()

    def close(self) -> None:
        close_all(self._environments)


def serve(worker: Worker, connection: Connection, busy_wait: BusyWait) -> None:
    """Answer requests until the other end is closed."""
    while True:
        busy_wait.wait()
        if connection.recv_bytes() != STEP:
            name, *arguments = connection.recv()
            try:
                answer = True, getattr(worker, name)(*arguments)
            except ValueError as error:
                answer = False, str(error)
            except BaseException as error:  # whatever an environment's parts raise
                answer = False, described(error)
            connection.send(answer)
        elif events := worker.step():
            connection.send_bytes(MORE)
            connection.send(events)
        else:
            connection.send_bytes(STEP)


def main() -> None:
    # A signal to all processes of a run is the run's matter: it may still want to save these environments.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    socket, memory, trace = map(int, sys.argv[1:])
    faulthandler.enable(trace)
    busy_wait = BusyWait(socket)
    worker = Worker(memory, busy_wait)
    with contextlib.suppress(EOFError, ConnectionError):
        serve(worker, Connection(socket), busy_wait)
    worker.close()
    os.close(memory)


if __name__ == "__main__":
    main()
