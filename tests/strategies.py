"""Random specs, drawn from a schema: every value is one that its path accepts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from taxon.syntax.printing import number as number_text
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.ranges import Range
from taxon.taxonomy.schema import Choice, Slot


def numbers(within: Range) -> st.SearchStrategy[str]:
    """Texts of numbers in a range, of everyday size."""
    low = max(within.low, -1e3)
    high = min(within.high, 1e6 if within.integer else 1e3)
    if within.integer:
        first = math.ceil(low) + (within.low_open and float(low).is_integer())
        return st.integers(first, int(high)).map(number_text)
    drawn = st.floats(low, high, exclude_min=within.low_open, exclude_max=within.high_open, allow_subnormal=False)
    # a magnitude that no denormal or cancellation touches: these specs are run by tests, too
    return drawn.filter(lambda value: value in within and (value == 0 or abs(value) >= 1e-8)).map(number_text)


def choices(choice: Choice) -> st.SearchStrategy[str]:
    """Texts of a choice, with some of its parameters written out and the rest left to their defaults."""
    if not choice.parameters:
        return st.just(choice.key)
    given = [
        values(slot).map(lambda text, name=slot.name: f"{name} = {text}")
        if slot.default is None
        else st.none() | values(slot).map(lambda text, name=slot.name: f"{name} = {text}")
        for slot in choice.parameters
        if slot.applies is None or slot.default is None
    ]
    return st.tuples(*given).map(
        lambda texts: (
            f"{choice.key}({', '.join(written)})"
            if (written := [text for text in texts if text is not None])
            else choice.key
        )
    )


def values(slot: Slot) -> st.SearchStrategy[str]:
    """Texts that a slot accepts."""
    kinds: list[st.SearchStrategy[str]] = []
    if slot.number is not None:
        kinds.append(numbers(slot.number))
    if slot.boolean:
        kinds.append(st.sampled_from(["true", "false"]))
    if slot.integers is not None:
        kinds.append(
            st.lists(numbers(slot.integers), min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        )
    if slot.bases:
        base = st.one_of([choices(choice) for choice in slot.bases])
        added = st.permutations(slot.modifiers).flatmap(
            lambda order: st.integers(0, len(order)).flatmap(
                lambda count: st.tuples(*(choices(choice) for choice in order[:count]))
            )
        )
        # the order of a sum means nothing, so the base may stand anywhere
        kinds.append(
            st.tuples(base, added).flatmap(lambda parts: st.permutations([parts[0], *parts[1]])).map(" + ".join)
        )
    return st.one_of(kinds)


@st.composite
def rows_text(draw: st.DrawFn, schema: Mapping[str, Slot] = SCHEMA, name: str = "drawn") -> str:
    """The text of a file with one algorithm.

    Every slot without a default is set, and some of the others. Slots that apply only in some rows are left alone, so
    that no entry is refused for having no effect; whether the row is coherent is for `check_row` to say.
    """
    lines = ["taxon 1", "", f"algorithm {name} {{"]
    for path, slot in schema.items():
        if slot.spread or (slot.default is not None and (slot.applies is not None or not draw(st.booleans()))):
            continue
        lines.append(f"  {path} = {draw(values(slot))}")
    return "\n".join([*lines, "}", ""])


@st.composite
def hybrids_text(
    draw: st.DrawFn, bases: Sequence[str], schema: Mapping[str, Slot] = SCHEMA, most: int = 3, name: str = "drawn"
) -> str:
    """The text of a file with one algorithm that extends a shipped spec and changes up to `most` slots.

    A row drawn from nothing is hardly ever coherent; one near a shipped spec often is.
    """
    own = [path for path, slot in schema.items() if not slot.spread]
    changed = draw(st.lists(st.sampled_from(own), min_size=1, max_size=most, unique=True))
    entries = [f"  {path} = {draw(values(schema[path]))}" for path in changed]
    head = f"algorithm {name} extends std.{draw(st.sampled_from(bases))} {{"
    return "\n".join(["taxon 1", "", head, *entries, "}", ""])
