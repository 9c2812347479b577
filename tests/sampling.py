"""What is alike is tried once; the rest of it stands behind the marker of slow tests."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet

T = TypeVar("T")


def sampled(cases: Iterable[T], kind: Callable[[T], Hashable]) -> Iterator[ParameterSet]:
    """Every case; those of a kind that another one before them has are marked slow. A tuple is several arguments."""
    seen: set[Hashable] = set()
    for case in cases:
        alike = kind(case)
        arguments = case if isinstance(case, tuple) else (case,)
        yield pytest.param(*arguments, marks=[pytest.mark.slow] if alike in seen else [])
        seen.add(alike)
