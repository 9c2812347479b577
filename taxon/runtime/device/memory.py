"""Memory that is freed and soon needed again stays with the process."""

import ctypes

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
