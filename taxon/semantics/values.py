"""How slots and values are spoken of in messages."""

from __future__ import annotations

import math
from collections.abc import Iterable

from taxon.taxonomy.ranges import LARGEST, Range
from taxon.taxonomy.schema import Choice, Slot

# A closed set of up to this many members is shown whole.
SMALL = 12


def quoted(names: Iterable[str]) -> str:
    """`a`, `b`, `c`"""
    return ", ".join(f"`{name}`" for name in names)


def whole_set(names: Iterable[str], noun: str = "one of") -> str:
    """A closed set in words, or nothing where it is too large to help."""
    known = tuple(names)
    return f"{noun} {quoted(known)}" if 0 < len(known) <= SMALL else ""


def shortened(text: str) -> str:
    """A piece of a file on one line of a message."""
    line = " ".join(text[:200].split())
    return line if len(line) <= 40 and len(text) <= 200 else line[:37] + "..."


def takes(slot: Slot) -> str:
    """What a slot takes, in words."""
    parts: list[str] = []
    if slot.number is not None:
        parts.append(str(slot.number))
    if slot.boolean:
        parts.append("`true` or `false`")
    if slot.integers is not None:
        parts.append(f"a list with entries that are each {slot.integers}")
    bases = [choice.key for choice in slot.bases]
    if len(bases) == 1:
        parts.append(f"`{bases[0]}`")
    elif bases:
        parts.append(whole_set(bases) or f"one of {len(bases)} choices")
    return ", or ".join(parts)


def _number(numbers: Range) -> str:
    low = numbers.low if math.isfinite(numbers.low) else min(0.0, numbers.high)
    if numbers.integer:
        return str(int(low) + (numbers.low_open and low == numbers.low))
    if low in numbers:
        return f"{low:g}"
    return f"{(low + numbers.high) / 2:g}" if numbers.high < LARGEST else f"{low + 1:g}"


def example(slot: Slot) -> str:
    """A text that the slot accepts: its default where it has one."""
    if slot.default is not None:
        return slot.default
    if slot.bases:
        return spelled(slot.bases[0])
    if slot.number is not None:
        return _number(slot.number)
    if slot.integers is not None:
        return f"[{_number(slot.integers)}]"
    return "true"


def spelled(choice: Choice) -> str:
    """A choice with the parameters that it cannot do without."""
    required = [f"{slot.name} = {example(slot)}" for slot in choice.parameters if slot.default is None]
    return f"{choice.key}({', '.join(required)})" if required else choice.key
