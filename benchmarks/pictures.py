"""The picture of docs/results.md, drawn from its table: what was trained beside what was published.

    python -m benchmarks.pictures

writes docs/pictures/results.png; no figure is copied by hand. The table's rows of an environment with published numbers
in the same units become a panel.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.lines import Line2D

DOCS = Path(__file__).resolve().parent.parent / "docs"
TABLE = DOCS / "results.md"
PICTURE = DOCS / "pictures" / "results.png"
ENVIRONMENTS = ("HalfCheetah-v4", "Hopper-v4")
OURS, THEIRS = "#0072b2", "#d55e00"  # two that a colour-blind reader can tell apart

_NUMBER = r"(-?[\d,]+(?:\.\d+)?)(?: ± ([\d,]+(?:\.\d+)?))?"


class Figure(NamedTuple):
    """A return and the half-width of its interval, NaN where there is none."""

    mean: float
    half: float


class Line(NamedTuple):
    spec: str
    environment: str
    budget: str
    seeds: str
    ours: Figure
    theirs: Figure | None
    whose: str


def lines(text: str) -> Iterator[Line]:
    """The rows of the table whose return is a number."""
    for row in text.splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) != 6 or not (ours := re.fullmatch(_NUMBER, cells[4])):
            continue
        steps = re.search(r"--steps (\S+?)`?(?: |$)", cells[2])
        theirs = re.match(_NUMBER + r"(?: at (\w+))?", cells[5])
        yield Line(
            cells[0].strip("`"),
            cells[1],
            steps[1] if steps else "",
            cells[3],
            _figure(ours),
            _figure(theirs) if theirs and theirs[2] else None,
            cells[5],
        )


def _figure(found: re.Match[str]) -> Figure:
    mean, half = (float(part.replace(",", "")) if part else float("nan") for part in found.group(1, 2))
    return Figure(mean, half)


def draw(table: list[Line], to: Path) -> None:
    """A panel for each environment, a row for each spec."""
    with pyplot.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        shown = {name: [line for line in table if line.environment == name] for name in ENVIRONMENTS}
        heights = [len(rows) for rows in shown.values()]
        figure, panels = pyplot.subplots(
            len(shown), 1, figsize=(7, 0.42 * sum(heights) + 1.9), height_ratios=heights, layout="constrained"
        )
        for axes, (name, rows) in zip(panels, shown.items(), strict=True):
            for place, line in enumerate(rows):
                found = ((line.ours, OURS, "o", -0.12), (line.theirs, THEIRS, "D", 0.12))
                for shape, colour, marker, shift in found:
                    if shape is not None:
                        bar = None if shape.half != shape.half else [[shape.half], [shape.half]]
                        style = {"color": colour, "marker": marker, "markersize": 5, "capsize": 3, "linestyle": "none"}
                        axes.errorbar([shape.mean], [place + shift], xerr=bar, **style)
            counted = [f"{line.spec}, {line.budget}, n = {line.seeds}" for line in rows]
            axes.set_yticks(range(len(rows)), counted)
            axes.set_ylim(len(rows) - 0.5, -0.5)
            axes.set_title(name, loc="left", fontweight="bold")
            axes.grid(axis="x", alpha=0.3)
            axes.xaxis.set_major_formatter("{x:,.0f}")
        panels[-1].set_xlabel("return of the last evaluation")
        handles = [
            Line2D([], [], color=OURS, marker="o", linestyle="none", label="taxon, 95 % interval over n seeds"),
            Line2D([], [], color=THEIRS, marker="D", linestyle="none", label="published, with its deviation"),
        ]
        figure.legend(handles=handles, loc="outside upper left", frameon=False, ncols=2)
        to.parent.mkdir(exist_ok=True)
        figure.savefig(to, dpi=150, metadata={"Software": None})
        pyplot.close(figure)


if __name__ == "__main__":
    draw(list(lines(TABLE.read_text("utf-8"))), PICTURE)
