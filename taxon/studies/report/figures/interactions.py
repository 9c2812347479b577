"""An interaction as it is read: the score at both levels of a factor, a line for each level of the other one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from taxon.figures.style import SCORE, legend, line, outer, panels, wrapped
from taxon.figures.ticks import Thousands
from taxon.studies.report.recorded import Key
from taxon.studies.statistics import phrases
from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.contrast import contrast
from taxon.studies.statistics.frozen import Cell, Treatment
from taxon.studies.statistics.moments import Moments
from taxon.studies.statistics.results import ClaimResult

_SPREAD = 0.05  # how far a line's points lie beside the level, so that several lines do not cover each other


def interactions(
    result: ClaimResult, cells: Mapping[Key, Cell], failure: Treatment, factor: str, levels: tuple[str, str]
) -> Figure:
    """A panel for each environment: means with intervals of coverage 1 - alpha, and the seeds as dots."""
    names = list(result.environments)
    ticks, about = _ticks(factor, levels)
    figure, axes = panels(len(names))
    for each, name, shown in zip(axes, names, phrases.names(result, names), strict=True):
        pairs = result.claim.at(name)
        for place, pair in enumerate(pairs):
            shift = _SPREAD * (place - (len(pairs) - 1) / 2)
            for at, row in ((0.0, pair.off), (1.0, pair.on)):
                cell = cells.get((row, name))
                if cell is not None:
                    scores = cell.treated(failure)
                    scores = scores[np.isfinite(scores)]
                    dots = {"color": line(place)["color"], "alpha": 0.35, "markersize": 2.5, "linestyle": "none"}
                    each.plot([at + shift] * len(scores), scores, marker="o", **dots)
            _line(each, pair, cells, failure, name, place, shift, result.alpha)
        each.set_title(shown)
        each.set_xticks([0, 1], ticks)
        each.set_xlim(-0.35, 1.35)
        each.grid(axis="x", visible=False)
        each.yaxis.set_major_formatter(Thousands())
    outer(axes, about, SCORE)
    legend(figure, axes)
    return figure


def _ticks(factor: str, levels: tuple[str, str]) -> tuple[list[str], str]:
    """What stands below the levels, and below both: a modifier is named once."""
    off, on = levels
    if off[:2] != on[:2] and {off[:2], on[:2]} == {"+ ", "- "} and off[2:] == on[2:]:
        words = {"+ ": "with", "- ": "without"}
        return [words[off[:2]], words[on[:2]]], wrapped(off[2:])
    return [wrapped(level, 12) for level in levels], wrapped(factor)


def _line(
    axes: Axes,
    pair: Comparison,
    cells: Mapping[Key, Cell],
    failure: Treatment,
    environment: str,
    place: int,
    shift: float,
    alpha: float,
) -> None:
    places, means, halves = [], [], []
    for at, row in ((0.0, pair.off), (1.0, pair.on)):
        cell = cells.get((row, environment))
        found = None if cell is None else contrast({0: 1.0}, {0: Moments.of(cell.treated(failure))})
        if found is not None and found.value is not None:
            places.append(at + shift)
            means.append(found.value)
            halves.append(found.half_width(alpha) or 0.0)
    label = wrapped(pair.label, 60, 1) or "all"
    axes.errorbar(places, means, halves, capsize=3, marker="o", markersize=4.5, label=label, **line(place))
