"""A claim as a forest plot: its contrast on each environment, with intervals and verdicts, and the aggregates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from taxon.figures.style import COLOURS, FAINT, INK, MUTED, PAPER, wrapped
from taxon.figures.ticks import Thousands
from taxon.studies.statistics import phrases
from taxon.studies.statistics.estimate import Interval
from taxon.studies.statistics.expectation import Expectation, Verdict, Within
from taxon.studies.statistics.results import ClaimResult, Finding
from taxon.studies.statistics.scale import Scale, factor

# A verdict is a shape, a filling and the word beside it, not a colour alone.
_MARKS: dict[Verdict | None, dict[str, Any]] = {
    Verdict.CONFIRMED: {"marker": "o", "color": COLOURS[0]},
    Verdict.CONTRADICTED: {"marker": "X", "color": COLOURS[1]},
    Verdict.ABSENT: {"marker": "s", "color": COLOURS[2]},
    Verdict.MIXED: {"marker": "P", "color": COLOURS[3]},
    Verdict.UNDECIDED: {"marker": "o", "color": MUTED, "markerfacecolor": PAPER},
    Verdict.DEPENDS: {"marker": "D", "color": MUTED, "markerfacecolor": PAPER},
    None: {"marker": "o", "color": INK},
}
SCALED = "in scaled units, (score - low) / (high - low)"
RAW = "in units of the return"


@dataclass(frozen=True)
class Line:
    """A line of the plot.

    unit: how many of the finding's units are one of the axis. spread: the least and the largest of what was averaged.
    """

    label: str
    finding: Finding
    unit: float = 1.0
    bold: bool = False
    spread: Interval | None = None


def forest(result: ClaimResult, scale: Scale | None, kind: str) -> Figure:
    """A line for each environment and each aggregate: on one axis in scaled units, or each on its own in raw ones."""
    lines = [
        Line(name, result.environments[environment], 1.0 if scale is None else factor(scale, environment))
        for environment, name in zip(result.environments, phrases.names(result, result.environments), strict=True)
    ]
    expected = result.claim.expectation
    if scale is None:
        return _apart(lines, expected, f"{kind}, {RAW}")
    for label, finding in (("these environments", result.over_these), ("environments like these", result.like_these)):
        if finding is not None:
            lines.append(Line(label, finding, bold=True))
    return _together(lines, expected, f"{kind}, {SCALED}")


def contributions(results: Sequence[ClaimResult], environment: str | None) -> Figure:
    """What each step of a ladder contributes, with its interval and, behind it, its range over the orders.

    environment: None for all of them, in scaled units, without a range.
    """
    lines = []
    for result in results:
        finding = result.over_these if environment is None else result.environments[environment]
        if finding is not None:
            lines.append(
                Line(result.claim.name, finding, spread=None if environment is None else result.spread(environment))
            )
    where = f"over these environments, {SCALED}" if environment is None else f"on {environment}, {RAW}"
    return _together(lines, None, f"contribution {where}")


def _together(lines: Sequence[Line], expected: Expectation | None, x: str) -> Figure:
    """All lines on one axis."""
    figure = Figure(figsize=(6.8, 0.34 * len(lines) + 0.95), layout="constrained")
    axes = figure.add_subplot()
    _bounds(axes, expected)
    for place, each in enumerate(lines):
        _mark(axes, each, place)
    axes.set_yticks(range(len(lines)), [wrapped(each.label) for each in lines])
    axes.set_ylim(len(lines) - 0.45, -0.55)
    aggregates = [place for place, each in enumerate(lines) if each.bold]
    if aggregates:
        axes.axhline(aggregates[0] - 0.5, color=MUTED, linewidth=0.6)
    for label, each in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if each.bold else "normal")
    _finish(axes, x)
    return figure


def _apart(lines: Sequence[Line], expected: Expectation | None, x: str) -> Figure:
    """Each line on an axis of its own: returns of environments do not compare."""
    figure = Figure(figsize=(6.8, 0.62 * len(lines) + 0.55), layout="constrained")
    for place, each in enumerate(lines):
        axes = figure.add_subplot(len(lines), 1, place + 1)
        _bounds(axes, expected)
        _mark(axes, each, 0)
        axes.set_yticks([0], [wrapped(each.label)])
        axes.set_ylim(0.6, -0.6)
        _finish(axes, x if place == len(lines) - 1 else "")
    return figure


def _bounds(axes: Axes, expected: Expectation | None) -> None:
    axes.axvline(0, color=INK, linewidth=0.8)
    if isinstance(expected, Within):
        axes.axvspan(-expected.bound, expected.bound, color=COLOURS[2], alpha=0.12, linewidth=0)
    elif expected is not None and expected.bound:
        axes.axvline(expected.bound, color=MUTED, linewidth=0.8, linestyle="--")


def _mark(axes: Axes, line: Line, place: float) -> None:
    finding = line.finding
    mark = _MARKS[finding.verdict]
    if line.spread is not None:
        axes.plot(line.spread, [place, place], color=FAINT, linewidth=7, solid_capstyle="butt", zorder=1.5)
    if finding.value is not None and math.isfinite(finding.value):
        if finding.interval is not None:
            low, high = (end / line.unit for end in finding.interval)
            axes.plot([low, high], [place, place], color=mark["color"], linewidth=1.4, solid_capstyle="butt")
        axes.plot([finding.value / line.unit], [place], linestyle="none", markersize=6.5, markeredgewidth=1.3, **mark)
    said = phrases.estimate(finding) if finding.interval is not None or finding.value is None else _bare(finding)
    if finding.verdict is not None:
        said += f"  {finding.verdict.value}"
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    axes.annotate(said, (1, place), (8, 0), annotation_clip=False, fontsize=8.5, **beside)


def _bare(finding: Finding) -> str:
    return phrases.estimate(finding).partition(" (")[0] + " (no interval)"


def _finish(axes: Axes, x: str) -> None:
    axes.set_xlabel(x)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(Thousands())
    axes.margins(x=0.06)
