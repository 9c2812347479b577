"""Python's search for garbage, put off while what it would look through only grows."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def put_off() -> Iterator[None]:
    """Search for none meanwhile, and not among what is there at the end until `search_again`.

    Of five seconds that a compiled run takes to its first update the search took 0.8, in the imports and the compiler's
    traces, nearly all of which stay. Later a search of all of that would stop the run for 0.3 s now and then.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


def search_again() -> None:
    """Look through everything from now on."""
    gc.unfreeze()
