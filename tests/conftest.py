"""What takes time from the tests and is left out: waiting, and searching for garbage."""

import gc
import os

# Two workers share two cores, and some tests use two threads: one that waits for another must leave its core to whoever
# computes, in the processes that tests start, too. OpenMP reads it as torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_collection() -> None:
    """Thousands of tests are collected, which all stay: the search takes a fifth of that."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
