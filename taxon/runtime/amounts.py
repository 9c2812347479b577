"""Amounts as a user reads them."""

from collections.abc import Sequence


def size(count: int) -> str:
    """Bytes with three digits or more: `832 bytes`, `15.2 kB`, `152 MB`, `1,520 GB`."""
    if count < 1_000:
        return f"{count} bytes"
    value = count / 1_000
    for unit in ("kB", "MB"):
        if value < 999.5:
            return f"{_three(value)} {unit}"
        value /= 1_000
    return f"{_three(value)} GB"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: `0:02:05`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def several(thing: str, numbers: Sequence[int]) -> str:
    """`seed 0`, `seeds 0 and 2`, `seeds 0, 1 and 2`."""
    if len(numbers) == 1:
        return f"{thing} {numbers[0]}"
    return f"{thing}s {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _three(value: float) -> str:
    return f"{value:,.{max(0, 2 - len(str(int(value))) + 1)}f}"
