"""The pictures of docs/results.md: its table beside what was published, and the learning curves of runs of it.

    python -m benchmarks.pictures                 draws docs/pictures/results.svg and curves.svg
    python -m benchmarks.pictures --add RUN...    first keeps the evaluations of these runs in benchmarks/curves.csv

No figure is copied by hand. The table's rows of an environment with published numbers in the same units become a panel.
"""

import argparse
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from taxon.figures.curves import Group, Panel, curves
from taxon.figures.style import COLOURS, PAPER, image
from taxon.figures.themed import themed
from taxon.studies.report.runs import Run, read

DOCS = Path(__file__).resolve().parent.parent / "docs"
TABLE = DOCS / "results.md"
PICTURE = DOCS / "pictures" / "results.svg"
LEARNING = DOCS / "pictures" / "curves.svg"
CURVES = Path(__file__).with_name("curves.csv")
ENVIRONMENTS = ("HalfCheetah-v4", "Hopper-v4")
OURS, THEIRS = COLOURS[:2]

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


class Point(NamedTuple):
    """One evaluation of a seed."""

    spec: str
    environment: str
    seed: int
    step: int
    value: float


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


def beside(table: Sequence[Line]) -> Drawing:
    """A panel for each environment, a row for each spec."""
    shown = {name: [line for line in table if line.environment == name] for name in ENVIRONMENTS}
    heights = [len(rows) for rows in shown.values()]
    figure = Drawing(figsize=(7, 0.42 * sum(heights) + 1.9), layout="constrained")
    panels = figure.subplots(len(shown), 1, height_ratios=heights)
    for axes, (name, rows) in zip(panels, shown.items(), strict=True):
        for place, line in enumerate(rows):
            found = ((line.ours, OURS, "o", -0.12), (line.theirs, THEIRS, "D", 0.12))
            for shape, colour, marker, shift in found:
                if shape is not None:
                    bar = None if shape.half != shape.half else [[shape.half], [shape.half]]
                    style = {"color": colour, "marker": marker, "markersize": 5, "capsize": 3, "linestyle": "none"}
                    fill = {"markerfacecolor": PAPER if marker == "D" else colour}
                    axes.errorbar([shape.mean], [place + shift], xerr=bar, **style, **fill)
        axes.set_yticks(range(len(rows)), [f"{line.spec}, {line.budget}, n = {line.seeds}" for line in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_title(name, loc="left", fontweight="bold")
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter("{x:,.0f}")
    panels[-1].set_xlabel("return of the last evaluation")
    hollow = {"marker": "D", "linestyle": "none", "markerfacecolor": PAPER}
    handles = [
        Line2D([], [], color=OURS, marker="o", linestyle="none", label="taxon, 95 % interval over n seeds"),
        Line2D([], [], color=THEIRS, label="published, with its deviation", **hollow),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def learning(points: Sequence[Point]) -> Drawing:
    """A panel for each environment, a line for each spec."""
    places = {spec: place for place, spec in enumerate(dict.fromkeys(point.spec for point in points))}
    panels = []
    for environment in dict.fromkeys(point.environment for point in points):
        groups: dict[str, dict[int, list[tuple[int, float]]]] = {}
        for point in points:
            if point.environment == environment:
                seeds = groups.setdefault(point.spec, {})
                seeds.setdefault(point.seed, []).append((point.step, point.value))
        panels.append(Panel(environment, [Group(spec, seeds, place=places[spec]) for spec, seeds in groups.items()]))
    return curves(panels)


def kept() -> list[Point]:
    """The evaluations in the file."""
    with CURVES.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [
            Point(row["spec"], row["environment"], int(row["seed"]), int(row["step"]), float(row["value"]))
            for row in rows
        ]


def keep(runs: Sequence[Run], before: Sequence[Point]) -> None:
    """Write the file with the evaluations of runs, in place of older ones of their specs and environments."""
    anew = {(run.name, run.environment) for run in runs}
    points = [point for point in before if (point.spec, point.environment) not in anew]
    points += [
        Point(run.name, run.environment, seed, step, value)
        for run in runs
        for seed, curve in run.curves.items()
        for step, value in curve
    ]
    with CURVES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([Point._fields, *points])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--add", metavar="RUN", nargs="+", type=Path, default=[])
    runs = parser.parse_args().add
    if runs:
        keep([read(run) for run in runs], kept() if CURVES.exists() else [])
    PICTURE.write_bytes(themed(image(lambda: beside(list(lines(TABLE.read_text("utf-8")))), "svg")))
    LEARNING.write_bytes(themed(image(lambda: learning(kept()), "svg")))


if __name__ == "__main__":
    main()
