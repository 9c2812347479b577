"""Which environments a condition means."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(environment: str, pattern: str) -> bool:
    """Whether `when env = "pattern"` holds: of `module:Id-v0`, too, where it is so of what stands behind the colon."""
    return fnmatchcase(environment, pattern) or fnmatchcase(environment.rpartition(":")[2], pattern)
