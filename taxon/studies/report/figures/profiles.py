"""Performance profiles: which share of all scores lies above each threshold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from taxon.figures.style import legend, line, panels, wrapped
from taxon.studies.statistics.student import Floats
from taxon.studies.statistics.summaries import profile

_POINTS = 400


def profiles(scores: Mapping[str, list[Floats]]) -> Figure:
    """A line for each row, of which there are scaled scores on every environment, in the order of their colours."""
    pooled = np.concatenate([values for own in scores.values() for values in own])
    pooled = pooled[np.isfinite(pooled)]
    low, high = min(0.0, *pooled), max(1.0, *pooled)
    taus = np.linspace(low - 0.02 * (high - low), high + 0.02 * (high - low), _POINTS)
    figure, (axes,) = panels(1, 5.2, 3.0)
    for place, (label, own) in enumerate(scores.items()):
        axes.step(taus, profile(own, taus), where="post", label=wrapped(label, 60, 1), **line(place))
    axes.set(xlabel="threshold in scaled units", ylabel="share of seeds with\na larger score", ylim=(-0.02, 1.02))
    legend(figure, [axes])
    return figure
