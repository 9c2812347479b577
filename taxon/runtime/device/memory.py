"""The process's memory: what is freed and soon needed again stays; and how a want of it is recognised."""

import ctypes

import torch

# Of malloc.h.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGEST_MMAP_THRESHOLD = 32 << 20  # glibc takes no more
KEPT = 1 << 30  # bytes at the end of the heap that stay


def keep_freed() -> None:
    """Have the C library keep what is freed, where that can be set (glibc).

    An update takes and frees megabytes. By default that memory goes back to the system each time and comes again page
    by page, each filled with zeros first: a thousand pages for an update of SAC, a third of its time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library has none
        return
    mallopt(MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
    mallopt(TRIM_THRESHOLD, KEPT)


def is_exhausted(error: BaseException) -> bool:
    """Whether an exception is a want of memory."""
    # On the CPU torch raises a bare RuntimeError.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
