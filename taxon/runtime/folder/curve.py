"""The learning curve of one run as a picture."""

import math
import textwrap
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import groupby
from statistics import fmean, stdev
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

Points = Sequence[tuple[int, float]]

# Okabe and Ito 2008, without black, which is the mean's, and yellow, which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREYS = ("0.65", "0.35")  # of seeds that are too many for a colour each, and of those of them that were frozen
DOTS = 30  # points of a curve up to which each of them has a dot
BAND = 3  # seeds from which on their mean has a band
LARGEST = 1e100  # what is larger is not drawn: matplotlib computes with squares of it


class Mean(NamedTuple):
    """The mean over the same seeds at steps that follow each other."""

    seeds: int
    steps: list[int]
    means: list[float]
    errors: list[float]  # standard errors: the deviation over seeds, by n - 1, over the root of n; none below BAND


def draw(title: str, measured: str, seeds: Mapping[int, Points], frozen: Mapping[int, int]) -> bytes:
    """A PNG of every seed's points (environment steps, return), their mean, and where seeds were frozen.

    measured: what a point is. frozen: the step at which a seed was frozen; a dagger stands at its last point. A mean is
    broken where its seeds change. What is not finite is left out and counted. The title is shown as it is, dollars and
    all.
    """
    # matplotlib reads settings from the working directory, where a stranger's may lie.
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        warnings.simplefilter("ignore")  # a character that the font lacks must not write into the user's display
        content = BytesIO()
        plot(title, measured, seeds, frozen).savefig(content, dpi=150)
        return content.getvalue()


def means(seeds: Mapping[int, Points]) -> Iterator[Mean]:
    """The mean over seeds in pieces, each of the same seeds, two or more."""
    at: dict[int, dict[int, float]] = {}
    for seed, points in seeds.items():
        for step, value in points:
            if drawable(value):
                at.setdefault(step, {})[seed] = value
    for members, group in groupby(sorted(at.items()), key=lambda entry: frozenset(entry[1])):
        rows = [(step, list(values.values())) for step, values in group]
        count = len(members)
        if count > 1:
            errors = [stdev(values) / math.sqrt(count) for _, values in rows] if count >= BAND else []
            yield Mean(count, [step for step, _ in rows], [fmean(values) for _, values in rows], errors)


def plot(title: str, measured: str, seeds: Mapping[int, Points], frozen: Mapping[int, int]) -> Figure:
    """What `draw` draws."""
    figure = Figure(figsize=(7, 4.8), layout="constrained")
    axes = figure.add_subplot()
    if missing := sum(not drawable(value) for points in seeds.values() for _, value in points):
        measured += f"; {missing:,} not finite and left out"
    named = _named(seeds, frozen)
    _draw_many(axes, {seed: points for seed, points in seeds.items() if seed not in named}, frozen)
    for index, seed in enumerate(named):
        end = f", \N{DAGGER} frozen at step {frozen[seed]:,}" if seed in frozen else ""
        _draw_seed(axes, seeds[seed], COLOURS[index], f"seed {seed}{end}", seed in frozen)
    _draw_mean(axes, list(means(seeds)))
    heading = figure.suptitle(textwrap.fill(title, 60, max_lines=3, placeholder=" ..."), parse_math=False)
    axes.set_title(measured, fontsize="small", color="0.3", parse_math=False)
    axes.set(xlabel="environment steps of a seed", ylabel="undiscounted return of an episode")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(lambda step, _: short(step))
    axes.yaxis.set_major_formatter(Thousands())
    if not any(step for points in seeds.values() for step, _ in points):
        axes.set_xticks([0])
    axes.margins(x=0.02, y=0.08)
    axes.grid(alpha=0.3)
    widest = max(map(len, axes.get_legend_handles_labels()[1]), default=0)
    figure.legend(loc="outside lower center", ncols=3 if widest < 25 else 2, fontsize="small", frameon=False)
    _fit(figure, heading)
    return figure


def _named(seeds: Collection[int], frozen: Collection[int]) -> list[int]:
    """The seeds that have a colour and a name each: all, or the frozen ones, or none where even those are too many."""
    for chosen in (list(seeds), [seed for seed in seeds if seed in frozen]):
        if len(chosen) <= len(COLOURS):
            return chosen
    return []


def _draw_seed(axes: Any, points: Points, colour: str, label: str, frozen: bool, mark: bool = True) -> None:
    steps = [step for step, _ in points]
    returns = [value if drawable(value) else math.nan for _, value in points]
    there = [False, *map(math.isfinite, returns), False]
    # A line begins and ends with a point, so one alone between gaps would not show.
    alone = [k for k in range(len(returns)) if there[k + 1] and not (there[k] or there[k + 2])]
    marked = list(range(len(returns))) if mark and len(returns) <= DOTS else alone
    marker = "." if marked else None
    line = {"linewidth": 1.2, "alpha": 0.8, "marker": marker, "markevery": marked or None}
    axes.plot(steps, returns, color=colour, label=label, **line)
    if frozen and any(there):
        last = max(k for k in range(len(returns)) if there[k + 1])
        dagger = {"xytext": (0, 1), "textcoords": "offset points", "fontsize": 15, "ha": "center", "va": "bottom"}
        axes.annotate("\N{DAGGER}", (steps[last], returns[last]), color=colour, **dagger)


def _draw_many(axes: Any, seeds: Mapping[int, Points], frozen: Mapping[int, int]) -> None:
    """Seeds in grey, one name for all that went on and one for all that were frozen."""
    for ended in (False, True):
        group = {seed: points for seed, points in seeds.items() if (seed in frozen) == ended}
        label = f"{len(group):,} seeds"
        if ended and group:
            first, last = min(frozen[seed] for seed in group), max(frozen[seed] for seed in group)
            label += f", \N{DAGGER} frozen at step {first:,}" + ("" if first == last else f" to {last:,}")
        for index, points in enumerate(group.values()):
            _draw_seed(axes, points, GREYS[ended], "" if index else label, ended, mark=False)


def _draw_mean(axes: Any, pieces: Sequence[Mean]) -> None:
    """The pieces of the mean, each marked with its number of seeds where that changes."""
    if not pieces:
        return
    counts = [n for n, _ in groupby(piece.seeds for piece in pieces)]
    many = f"{counts[0]} to {min(counts)}" if len(counts) > 3 else ", then ".join(map(str, counts))
    for index, piece in enumerate(pieces):
        marker = "." if len(piece.steps) == 1 else None
        label = "" if index else f"mean of {many} seeds"
        axes.plot(piece.steps, piece.means, linewidth=2, marker=marker, color="black", label=label)
        if 1 < len(pieces) <= len(COLOURS):
            offset = {"xytext": (2, -4), "textcoords": "offset points", "fontsize": "x-small", "va": "top"}
            behind = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.7}
            axes.annotate(f"n = {piece.seeds}", (piece.steps[0], piece.means[0]), bbox=behind, **offset)
    few = "" if all(piece.errors for piece in pieces) else f" (n \N{GREATER-THAN OR EQUAL TO} {BAND})"
    label = f"\N{PLUS-MINUS SIGN} its standard error{few}"
    for piece in (piece for piece in pieces if piece.errors):
        low = [mean - error for mean, error in zip(piece.means, piece.errors, strict=True)]
        high = [mean + error for mean, error in zip(piece.means, piece.errors, strict=True)]
        if len(piece.steps) == 1:
            axes.errorbar(piece.steps, piece.means, piece.errors, color="black", alpha=0.4, capsize=3, label=label)
        else:
            axes.fill_between(piece.steps, low, high, color="black", alpha=0.15, linewidth=0, label=label)
        label = ""


def drawable(value: float) -> bool:
    return abs(value) <= LARGEST


def _fit(figure: Figure, heading: Any) -> None:
    """Make a heading that is wider than the picture smaller."""
    figure.draw_without_rendering()
    room, width = 0.96 * figure.bbox.width, heading.get_window_extent().width
    if width > room:
        heading.set_fontsize(heading.get_fontsize() * room / width)


def short(step: float) -> str:
    """A number of steps as the options take it: `500`, `20k`, `1.5M`."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(step) >= unit:
            return f"{step / unit:g}{letter}"
    return f"{step:g}"


class Thousands(ScalarFormatter):
    """`12,000` and `0.25`; what is larger than ten millions, or differs by less than 1e-4, with a common exponent."""

    def format_ticks(self, values: list[float]) -> list[str]:
        for decimals in range(5):
            texts = [f"{value:,.{decimals}f}" for value in values]
            exact = all(abs(round(value, decimals) - value) < 1e-9 * max(1, abs(value)) for value in values)
            if exact and max(map(abs, values), default=0) < 1e7:
                return [text if float(text.replace(",", "")) else "0" for text in texts]
        return super().format_ticks(values)
