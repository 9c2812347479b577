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
ROOM = 2.6  # inches for the names

Thing = tuple[str, str]
"""A group and a name in it."""


def heat(groups: Mapping[str, Sequence[str]], counts: Mapping[frozenset[Thing], int], of: str) -> Figure:
    """Each cell is the count of two things, on a logarithmic scale; a dot where there is none. of: what is counted."""
    things = [(group, name) for group, names in groups.items() for name in names]
    size, most = len(things), max(counts.values())
    figure = Figure(figsize=(ROOM + CELL * size, ROOM + CELL * size))
    share = ROOM / figure.get_figwidth()
    axes = figure.add_axes((share, share, 0.99 - share, 0.99 - share))
    shades, none = np.zeros((size, size, 4)), []
    shades[..., :3] = to_rgb(HUE)
    for row, below in enumerate(things):
        for column, beside in enumerate(things[:row]):
            if below[0] != beside[0]:
                count = counts.get(frozenset((below, beside)), 0)
                shades[row, column, 3] = shade(count, most) if count else 0
                none += [] if count else [(column, row)]
    axes.imshow(shades, interpolation="none", aspect="equal")
    if none:
        axes.plot(*zip(*none, strict=True), ".", color=MUTED, markersize=1.2)
    _frame(axes, groups, things)
    _legend(axes, size, most, of)
    return figure


def shade(count: int, most: int) -> float:
    """How opaque a cell is, in (0, 1]."""
    return FAINTEST + (1 - FAINTEST) * (math.log(count) / math.log(most) if most > 1 else 1)


def _frame(axes: Axes, groups: Mapping[str, Sequence[str]], things: Sequence[Thing]) -> None:
    """The names of things at the left and below, and lines between groups with theirs on the diagonal."""
    names = [name for _, name in things]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    size, start = len(names), 0
    for group, members in groups.items():
        end = start + len(members)
        if end < size:
            axes.plot([-0.5, end - 0.5], [end - 0.5] * 2, color=FAINT, linewidth=0.8)
            axes.plot([end - 0.5] * 2, [end - 0.5, size - 0.5], color=FAINT, linewidth=0.8)
        axes.text(end - 0.2, start - 0.1, group, color=INK, fontsize=8, fontweight="bold", va="center")
        start = end
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)


def _legend(axes: Axes, size: int, most: int, of: str) -> None:
    """Shades of a few counts, in the empty half."""
    marks = [10**power for power in range(int(math.log10(most)) + 1)] + [most]
    left, top = 0.6 * size, 0.04 * size
    style: dict[str, Any] = {"fontsize": 8, "color": INK, "va": "center"}
    axes.text(left, top, of, **style)
    for place, count in enumerate(marks):
        y = top + 1.6 * (place + 1)
        axes.plot([left + 0.4], [y], "s", color=HUE, alpha=shade(count, most), markersize=9, markeredgewidth=0)
        axes.text(left + 1.6, y, f"{count:,}", **style)
    y = top + 1.6 * (len(marks) + 1)
    axes.plot([left + 0.4], [y], ".", color=MUTED, markersize=2)
    axes.text(left + 1.6, y, "none", **style)
