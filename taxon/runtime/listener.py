"""Waiting for a message without falling asleep at once, where there is a core for it.

A process that sleeps takes longer to wake up than some environments take for a step (benchmarks/findings.md). Who waits
awake yields the core to anybody who wants it: where that was not so, another program made a step 2.3 times as long.
"""

import os
import select
import time

AWAKE = 1e-3  # seconds between two messages, up to which sleep is not worth it


class Listener:
    """Who waits for what comes by a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._patience = 0.0

    def stay_awake(self) -> None:
        """From now on wait in a busy loop before falling asleep: for who has a core of its own."""
        self._patience = AWAKE

    def wait(self) -> None:
        """Return when something has come, the other end is closed, or it is time to fall asleep over it."""
        until = time.perf_counter() + self._patience
        while not self._poll.poll(0) and time.perf_counter() < until:
            os.sched_yield()
