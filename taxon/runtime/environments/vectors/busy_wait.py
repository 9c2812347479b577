"""Waiting for a message without falling asleep at once, where there is a core for it.

A process that sleeps takes longer to wake up than some environments take for a step (benchmarks/findings.md). Spinning
yields the core to any program that wants it: where that was not so, another program made a step 2.3 times as long.
"""

import os
import select
import time

SPIN = 1e-3  # seconds between two messages, up to which sleep is not worth it


class BusyWait:
    """Waiting for what comes by a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._patience = 0.0

    def spin(self) -> None:
        """From now on wait in a busy loop before falling asleep: for a process with a core of its own."""
        self._patience = SPIN

    def wait(self) -> None:
        """Return when something has come, the other end is closed, or it is time to sleep."""
        until = time.perf_counter() + self._patience
        while not self._poll.poll(0) and time.perf_counter() < until:
            os.sched_yield()
