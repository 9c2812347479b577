"""Learning curves: the mean over seeds with its interval, a panel for each environment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from taxon.figures.means import COVERAGE, Mean, Points, drawable, means
from taxon.figures.style import COLOURS, INK, MOST, MUTED, NOTE, PAPER, legend, line, noted, outer, panels, wrapped
from taxon.figures.ticks import Thousands, of_steps

STEPS, RETURN = "environment steps of a seed", "undiscounted return"
DOTS = 30  # points of a curve up to which each of them has a dot


@dataclass(frozen=True)
class Group:
    """Seeds that are one line of a panel; frozen: those that ended early because they froze."""

    label: str
    seeds: Mapping[int, Points]
    frozen: frozenset[int] = frozenset()
    place: int = 0  # which gives it its colour; one that has none is grey, and has no name


@dataclass(frozen=True)
class Other:
    """A curve of which only the mean at some steps and the half-width of its interval are known: a published one."""

    label: str
    points: Points
    halves: Sequence[float]
    place: int = 0  # as of the group that it stands beside


@dataclass(frozen=True)
class Panel:
    """A panel and its lines; random: a random policy's return, where it was measured; note: what else is to be said."""

    title: str
    groups: Sequence[Group]
    random: float | None = None
    note: str = ""
    others: Sequence[Other] = ()


def curves(drawn: Sequence[Panel], alone: bool = False) -> Figure:
    """Each line is a mean with its 95 % interval by t from three seeds on; of the same seeds, or it is broken.

    Where lines are many they have no bands. alone: whether each seed is drawn as a thin line as well, and how many
    seeds a mean has where that changes.
    """
    wide = len(drawn) == 1
    figure, axes = panels(len(drawn), *((6.4, 3.6) if wide else (2.4, 2.1)))
    bands = banded(drawn)
    groups = [group for panel in drawn for group in panel.groups]
    same: dict[str, list[Group]] = {}
    for group in groups:
        same.setdefault(group.label, []).append(group)
    labels = {label: f"{wrapped(label, 60, 1)} (n = {_counts(found)})" for label, found in same.items()}
    for each, panel in zip(axes, drawn, strict=True):
        for group in panel.groups:
            _group(each, group, labels[group.label], alone, bands)
        for other in panel.others:
            _other(each, other)
        if panel.random is not None:
            each.axhline(panel.random, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), label="random policy")
        note = "\n".join(wrapped(text, 100 if wide else 40, 2) for text in panel.note.splitlines())
        noted(figure, each, wrapped(panel.title, 60 if wide else 26), note)
        of_steps(each, 8 if wide else 4)
        each.yaxis.set_major_formatter(Thousands())
        each.margins(x=0.02, y=0.08)
        if not any(step for group in panel.groups for points in group.seeds.values() for step, _ in points):
            each.set_xticks([0])
    outer(axes, STEPS, RETURN)
    legend(figure, axes, _explained(groups, bands) if alone else ())
    return figure


def banded(drawn: Sequence[Panel]) -> bool:
    """Whether lines are few enough for bands to be told apart."""
    return all(sum(group.place < MOST for group in panel.groups) <= len(COLOURS) for panel in drawn)


def _group(axes: Axes, group: Group, label: str, alone: bool, bands: bool) -> None:
    style = line(group.place)
    shown = label if group.place < MOST else "other rows"
    if len(group.seeds) == 1 or alone:
        for points in group.seeds.values():
            faint = min(0.45, 4.5 / len(group.seeds))
            thin: dict[str, Any] = {} if len(group.seeds) == 1 else {"linewidth": 0.7, "alpha": max(0.15, faint)}
            _seed(axes, points, {**style, **thin}, shown if len(group.seeds) == 1 else None)
    pieces = list(means(group.seeds))
    for place, piece in enumerate(pieces):
        axes.plot(piece.steps, piece.means, label=shown, marker="." if len(piece.steps) == 1 else None, **style)
        shown = ""
        if piece.halves and bands and group.place < MOST:
            _band(axes, piece, style["color"])
        if alone and 1 < len(pieces) <= len(COLOURS):
            _mark(axes, piece, before=pieces[place - 1] if place else None)
    for seed in sorted(group.frozen & group.seeds.keys()):
        there = [(step, value) for step, value in group.seeds[seed] if drawable(value)]
        if there:
            if not alone:
                axes.plot(*zip(*there, strict=True), **{**style, "linewidth": 0.7, "alpha": 0.6})
            dagger: dict[str, Any] = {"xytext": (0, 1), "textcoords": "offset points", "ha": "center", "va": "bottom"}
            axes.annotate("†", there[-1], color=INK, fontsize=11, **dagger)


def _other(axes: Axes, other: Other) -> None:
    """Marks with bars: a line would pass for one of the groups'."""
    steps, returns = zip(*other.points, strict=True)
    colour = line(other.place)["color"]
    bars: dict[str, Any] = {"fmt": "D", "markersize": 3.5, "markerfacecolor": PAPER, "elinewidth": 0.9, "capsize": 2}
    axes.errorbar(steps, returns, other.halves, color=colour, label=wrapped(other.label, 60, 1), **bars)


def _seed(axes: Axes, points: Points, style: Mapping[str, Any], label: str | None) -> None:
    """A seed's line, with a gap where a return is not finite."""
    steps = [step for step, _ in points]
    returns = [value if drawable(value) else math.nan for _, value in points]
    there = [False, *map(math.isfinite, returns), False]
    # A line begins and ends with a point, so one alone between gaps would not show.
    lonely = [k for k in range(len(returns)) if there[k + 1] and not (there[k] or there[k + 2])]
    marked = list(range(len(returns))) if label is not None and len(returns) <= DOTS else lonely
    dots: dict[str, Any] = {"marker": ".", "markevery": marked} if marked else {}
    axes.plot(steps, returns, label=label, **style, **dots)


def _band(axes: Axes, piece: Mean, colour: str) -> None:
    if len(piece.steps) == 1:
        axes.errorbar(piece.steps, piece.means, piece.halves, color=colour, alpha=0.5, capsize=3)
        return
    low = [mean - half for mean, half in zip(piece.means, piece.halves, strict=True)]
    high = [mean + half for mean, half in zip(piece.means, piece.halves, strict=True)]
    axes.fill_between(piece.steps, low, high, color=colour, alpha=0.18, linewidth=0)


def _mark(axes: Axes, piece: Mean, before: Mean | None) -> None:
    """How many seeds a piece of a mean has, at its start, where that is another number than before."""
    if before is None or before.seeds != piece.seeds:
        behind = {"boxstyle": "square,pad=0.1", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.7}
        where: dict[str, Any] = {"xytext": (2, -5), "textcoords": "offset points", "va": "top", "bbox": behind}
        axes.annotate(f"n = {piece.seeds}", (piece.steps[0], piece.means[0]), fontsize=NOTE, **where)


def _explained(groups: Sequence[Group], bands: bool) -> Sequence[tuple[str, Any]]:
    """What thin lines and bands are, where there are any."""
    found: list[tuple[str, Any]] = []
    if any(len(group.seeds) > 1 for group in groups):
        found.append(("one seed", Line2D([], [], color=MUTED, linewidth=0.7, alpha=0.7)))
    if bands and any(piece.halves for group in groups if group.place < MOST for piece in means(group.seeds)):
        band = Patch(facecolor=MUTED, alpha=0.25, linewidth=0)
        found.append((f"{100 * COVERAGE:g} % interval (t)", band))
    return found


def _counts(groups: Sequence[Group]) -> str:
    """How many seeds a line has in its panels."""
    low, high = (pick(len(group.seeds) for group in groups) for pick in (min, max))
    return f"{low}" if low == high else f"{low} to {high}"
