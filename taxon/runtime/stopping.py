"""How a signal ends what is going on: between two steps, or at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from taxon.runtime.environments.faults import AtOnce


class Stop(Exception):  # noqa: N818 - no error: the user asked for it
    """What is going on is to end at the next whole step."""


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], None]]:
    """A function that raises Stop once SIGINT or SIGTERM has arrived.

    The first signal only leaves a note, so that a step is never cut in two; a second SIGINT raises AtOnce.
    """
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if noted and number == signal.SIGINT:
            raise AtOnce
        noted.append(number)

    def stop() -> None:
        if noted:
            raise Stop

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
