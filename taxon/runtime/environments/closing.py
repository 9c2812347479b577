"""The end of environments, at which nothing of a run may be lost."""

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.faults import described, is_the_users

PATIENCE = 4.0  # seconds for all of them


class _Late(BaseException):
    """Time is up. No Exception, which an environment might catch."""


def close_all(environments: Sequence[Environment]) -> None:
    """Close environments; that one raises, or does not come to an end, is a warning."""
    for complaint in closed(environments):
        logging.getLogger("taxon").warning(complaint)


def closed(environments: Sequence[Environment]) -> list[str]:
    """Close environments: what went wrong, each kind once."""
    complaints: dict[str, None] = {}
    id = ""
    try:
        with _in_time():
            for environment in environments:
                id = environment.id
                try:
                    environment.close()
                except _Late:
                    raise
                except BaseException as error:  # whatever an environment raises
                    if is_the_users(error):
                        raise
                    complaints[f"{id} failed when it was closed: {described(error)}"] = None
    except _Late:
        complaints[f"{id} did not close within {PATIENCE:g} seconds"] = None
    return list(complaints)


@contextmanager
def _in_time() -> Iterator[None]:
    """Raise _Late after PATIENCE; only the main thread can be interrupted, and only in Python's code."""

    def late(number: int, frame: FrameType | None) -> None:
        raise _Late

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
