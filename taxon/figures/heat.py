"""A heat map of how often things of several groups go together: the lower triangle, a block for each two groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from taxon.figures.style import FAINT, INK, MUTED

HUE = "#2f8fd0"  # as dark against white as it is light against a dark page
FAINTEST = 0.12  # how much of it one count has
CELL = 0.155  # inches
ROOM, FOOT, MARGIN = 2.3, 1.2, 0.6  # inches for the names at the left and below, and at the other edges

Thing = tuple[str, str]
"""A group and a name in it."""


def heat(groups: Mapping[str, Sequence[str]], counts: Mapping[frozenset[Thing], int], of: str) -> Figure:
    """Each cell is the count of two things, on a logarithmic scale; a dot where there is none. of: what is counted.

    The first group has columns alone and the last one rows alone.
    """
    things = [(group, name) for group, names in groups.items() for name in names]
    first, *_, last = groups.values()
    beside, below = things[: -len(last)], things[len(first) :]
    most = max(counts.values())
    width, height = ROOM + CELL * len(beside) + MARGIN, FOOT + CELL * len(below) + MARGIN
    figure = Figure(figsize=(width, height))
    place = (ROOM / width, FOOT / height, CELL * len(beside) / width, CELL * len(below) / height)
    axes = figure.add_axes(place)
    shades, none = np.zeros((len(below), len(beside), 4)), []
    shades[..., :3] = to_rgb(HUE)
    for row, one in enumerate(below):
        for column, other in enumerate(beside[: _start(groups, one[0])]):
            count = counts.get(frozenset((one, other)), 0)
            shades[row, column, 3] = shade(count, most) if count else 0
            none += [] if count else [(column, row)]
    axes.imshow(shades, interpolation="none", aspect="equal")
    if none:
        axes.plot(*zip(*none, strict=True), ".", color=MUTED, markersize=1.2)
    _frame(axes, groups, [name for _, name in beside], [name for _, name in below])
    _legend(axes, len(beside), most, of)
    return figure


def _start(groups: Mapping[str, Sequence[str]], group: str) -> int:
    """How many things stand before those of a group."""
    names = list(groups)
    return sum(len(groups[name]) for name in names[: names.index(group)])


def shade(count: int, most: int) -> float:
    """How opaque a cell is, in (0, 1]."""
    return FAINTEST + (1 - FAINTEST) * (math.log(count) / math.log(most) if most > 1 else 1)


def _frame(axes: Axes, groups: Mapping[str, Sequence[str]], beside: Sequence[str], below: Sequence[str]) -> None:
    """The names of things at the left and below, and lines between groups with theirs at the end of their rows."""
    axes.set_xticks(range(len(beside)), beside, rotation=90, fontsize=7)
    axes.set_yticks(range(len(below)), below, fontsize=7)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    first, *rest = groups
    for group in rest:
        across = _start(groups, group)
        down = across - len(groups[first])
        axes.plot([-0.5, across - 0.5], [down - 0.5] * 2, color=FAINT, linewidth=0.8)
        axes.plot([across - 0.5] * 2, [down - 0.5, len(below) - 0.5], color=FAINT, linewidth=0.8)
        axes.text(across - 0.1, down + 0.1, group, color=INK, fontsize=8, fontweight="bold", va="center", clip_on=False)
    axes.text(-0.5, -1.1, first, color=INK, fontsize=8, fontweight="bold", va="center", clip_on=False)
    axes.set_xlim(-0.5, len(beside) - 0.5)
    axes.set_ylim(len(below) - 0.5, -0.5)


def _legend(axes: Axes, size: int, most: int, of: str) -> None:
    """Shades of a few counts, in the empty half."""
    marks = [10**power for power in range(int(math.log10(most)) + 1)] + [most]
    left, top = 0.7 * size, 0.0
    style: dict[str, Any] = {"fontsize": 8, "color": INK, "va": "center"}
    axes.text(left, top, of, **style)
    for place, count in enumerate(marks):
        y = top + 1.6 * (place + 1)
        axes.plot([left + 0.4], [y], "s", color=HUE, alpha=shade(count, most), markersize=9, markeredgewidth=0)
        axes.text(left + 1.6, y, f"{count:,}", **style)
    y = top + 1.6 * (len(marks) + 1)
    axes.plot([left + 0.4], [y], ".", color=MUTED, markersize=2)
    axes.text(left + 1.6, y, "none", **style)
