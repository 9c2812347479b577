"""Learning curves: the mean over seeds with its interval, a panel for each environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from taxon.runtime.folder.curve import COLOURS, Points, Thousands, drawable, means, short
from taxon.studies.report.figures.style import INK, MOST, MUTED, legend, line, outer, panels, wrapped
from taxon.studies.statistics import student

STEPS, RETURN = "environment steps of a seed", "undiscounted return"


@dataclass(frozen=True)
class Group:
    """Seeds that are one line of a panel; frozen: those that ended early because they froze."""

    label: str
    seeds: Mapping[int, Points]
    frozen: frozenset[int] = frozenset()
    place: int = 0  # which gives it its colour; one that has none is grey, and has no name


@dataclass(frozen=True)
class Panel:
    """A panel and its lines; random: a random policy's return, where it was measured."""

    title: str
    groups: Sequence[Group]
    random: float | None = None


def curves(drawn: Sequence[Panel], alone: bool = False) -> Figure:
    """Each line is a mean with its 95 % interval by t from three seeds on; of the same seeds, or it is broken.

    Where lines are many they have no bands. alone: whether each seed is drawn as a thin line as well.
    """
    wide = len(drawn) == 1
    figure, axes = panels(len(drawn), *((6.4, 3.6) if wide else (2.4, 2.1)))
    bands = banded(drawn)
    counts: dict[str, list[int]] = {}
    for panel in drawn:
        for group in panel.groups:
            counts.setdefault(group.label, []).append(len(group.seeds))
    labels = {label: f"{wrapped(label, 60, 1)} (n = {_range(found)})" for label, found in counts.items()}
    for each, panel in zip(axes, drawn, strict=True):
        for group in panel.groups:
            _group(each, group, labels[group.label], alone, bands)
        if panel.random is not None:
            each.axhline(panel.random, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), label="random policy")
        each.set_title(wrapped(panel.title, 60 if wide else 26))
        each.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        each.xaxis.set_major_formatter(lambda step, _: short(step))
        each.yaxis.set_major_formatter(Thousands())
        each.margins(x=0.02)
    outer(axes, STEPS, RETURN)
    legend(figure, axes)
    return figure


def banded(drawn: Sequence[Panel]) -> bool:
    """Whether lines are few enough for bands to be told apart."""
    return all(sum(group.place < MOST for group in panel.groups) <= len(COLOURS) for panel in drawn)


def _group(axes: Axes, group: Group, label: str, alone: bool, bands: bool) -> None:
    style = line(group.place)
    shown = label if group.place < MOST else "other rows"
    if len(group.seeds) == 1 or alone:
        for points in group.seeds.values():
            steps, returns = _finite(points)
            thin: dict[str, Any] = {"linewidth": 1.6} if len(group.seeds) == 1 else {"linewidth": 0.6, "alpha": 0.5}
            axes.plot(steps, returns, **{**style, **thin}, label=shown if len(group.seeds) == 1 else None)
    for piece in means(group.seeds):
        axes.plot(piece.steps, piece.means, label=shown, marker="." if len(piece.steps) == 1 else None, **style)
        shown = None if shown is None else ""
        if piece.errors and bands and group.place < MOST:
            wide = float(student.quantile(0.975, piece.seeds - 1))
            low = [mean - wide * error for mean, error in zip(piece.means, piece.errors, strict=True)]
            high = [mean + wide * error for mean, error in zip(piece.means, piece.errors, strict=True)]
            axes.fill_between(piece.steps, low, high, color=style["color"], alpha=0.18, linewidth=0)
    for seed in sorted(group.frozen & group.seeds.keys()):
        steps, returns = _finite(group.seeds[seed])
        if steps:
            axes.plot(steps, returns, **{**style, "linewidth": 0.7, "alpha": 0.6})
            dagger: dict[str, Any] = {"xytext": (0, 1), "textcoords": "offset points", "ha": "center", "va": "bottom"}
            axes.annotate("†", (steps[-1], returns[-1]), color=INK, fontsize=11, **dagger)


def _finite(points: Points) -> tuple[list[int], list[float]]:
    there = [(step, value) for step, value in points if drawable(value)]
    return [step for step, _ in there], [value for _, value in there]


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
