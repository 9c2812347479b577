"""Freed memory stays with the process: what is asked for again has its pages already."""

from __future__ import annotations

import subprocess
import sys

import pytest

ROUNDS = """
import ctypes, resource, sys
from taxon.runtime.device.memory import keep_freed

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
if "keep" in sys.argv:
    keep_freed()

def work():
    held = [library.malloc(1 << 18) for _ in range(40)]
    for each in held:
        library.memset(each, 1, 1 << 18)
    for each in reversed(held):
        library.free(each)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

work()
work()
before = faults()
for _ in range(10):
    work()
print(faults() - before)
"""


def faults(*arguments: str) -> int:
    """Pages that ten rounds of 10 MB have of the system, in a process of their own."""
    told = subprocess.run([sys.executable, "-c", ROUNDS, *arguments], capture_output=True, text=True, check=True)
    return int(told.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library is another")
def test_what_is_freed_is_not_fetched_again_page_by_page() -> None:
    assert faults() > 1_000  # as it is by default; else there is nothing to mend
    assert faults("keep") < 100
