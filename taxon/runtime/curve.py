"""The learning curve of one run as a picture."""

from collections.abc import Mapping, Sequence
from typing import BinaryIO

import matplotlib
from matplotlib.figure import Figure

FILE = "curve.png"
Points = Sequence[tuple[int, float]]


def draw(file: BinaryIO, title: str, label: str, seeds: Mapping[int, Points], frozen: Mapping[int, int]) -> None:
    """Draw every seed's points (environment steps, return) and their mean; a dagger ends a frozen seed's curve.

    The mean at a step is over the seeds that have a point there. The title is shown as it is, dollars and all.
    """
    # matplotlib reads settings from the working directory, where a stranger's may lie.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        _draw(file, title, label, seeds, frozen)


def _draw(file: BinaryIO, title: str, label: str, seeds: Mapping[int, Points], frozen: Mapping[int, int]) -> None:
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    marker = "." if max(map(len, seeds.values()), default=0) < 3 else None  # a line needs two points
    at: dict[int, list[float]] = {}
    for seed, points in seeds.items():
        steps, returns = [step for step, _ in points], [value for _, value in points]
        axes.plot(steps, returns, linewidth=1, alpha=0.5, marker=marker, label=f"seed {seed}")
        if seed in frozen and points:
            axes.annotate("\N{DAGGER}", points[-1], color="crimson", fontsize=14, ha="center", va="bottom")
        for step, value in points:
            at.setdefault(step, []).append(value)
    if len(seeds) > 1 and at:
        means = [(step, sum(values) / len(values)) for step, values in sorted(at.items())]
        steps, returns = [step for step, _ in means], [mean for _, mean in means]
        axes.plot(steps, returns, linewidth=2, marker=marker, color="black", label="mean")
    axes.set_title(title, parse_math=False)
    axes.set(xlabel="environment steps", ylabel=label)
    axes.grid(alpha=0.3)
    if len(seeds) <= 12:
        axes.legend(fontsize="small")
    figure.savefig(file, dpi=150, format="png")
