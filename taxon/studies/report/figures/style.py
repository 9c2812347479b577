"""The look of all figures, and their files: the same figure has the same bytes whenever it is drawn."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from taxon.diagnostics.visible import visible
from taxon.runtime.folder.curve import COLOURS

# What is neither data nor a colour of its own: the page puts its own ink and paper in their place.
INK, PAPER, MUTED, FAINT = "#1b1b1f", "#fefefe", "#5f6369", "#d3d5d9"

DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
MOST = len(COLOURS) * len(DASHES)  # lines that can be told apart
COLUMNS = 3  # panels beside each other
SCORE = "score\n(undiscounted return)"
LINE = 0.19  # inches of a line of the legend

Draw = Callable[[], Figure]


def line(place: int) -> dict[str, Any]:
    """The colour and the dashes of one of several lines; all beyond MOST are alike."""
    if place >= MOST:
        return {"color": MUTED, "linestyle": "-", "alpha": 0.4, "linewidth": 0.8, "zorder": 1.8}
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place // len(COLOURS)]}


def files(name: str, draw: Draw) -> dict[str, bytes]:
    """A figure as SVG, PDF and PNG, by the names of the files. Text is shown as it is, dollars and all."""
    with settings(name):
        figure = draw()
        written = {}
        for suffix, nothing in (("svg", ("Date",)), ("pdf", ("CreationDate",)), ("png", ("Software",))):
            content = BytesIO()
            figure.savefig(content, format=suffix, dpi=200, metadata=dict.fromkeys(nothing))
            written[f"{name}.{suffix}"] = content.getvalue()
        return written


def image(draw: Draw, suffix: str) -> bytes:
    """One figure in one format."""
    return next(content for file, content in files("figure", draw).items() if file.endswith(suffix))


@contextmanager
def settings(salt: str) -> Iterator[None]:
    """Within it figures look as they do here, whatever matplotlib's settings in the working directory are."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        warnings.simplefilter("ignore")  # a character that the font lacks must not write into the user's display
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": salt,
                "svg.fonttype": "none",
                "pdf.fonttype": 42,
                "text.parse_math": False,
                "font.size": 9,
                "axes.titlesize": 9,
                "axes.labelsize": 9,
                "legend.fontsize": 8.5,
                "legend.frameon": False,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.grid": True,
                "axes.axisbelow": True,
                "grid.color": FAINT,
                "grid.linewidth": 0.6,
                "lines.linewidth": 1.6,
                **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), PAPER),
                **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor"), INK),
                **dict.fromkeys(("xtick.color", "ytick.color", "legend.labelcolor"), INK),
            }
        )
        yield


def beside(count: int) -> int:
    """How many of so many panels stand beside each other: four make a square."""
    return 2 if count == 4 else min(count, COLUMNS)


def panels(count: int, width: float = 2.4, height: float = 2.2) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, COLUMNS beside each other at most; sizes in inches of a panel."""
    columns = beside(count)
    rows = -(-count // columns)
    width = max(width * columns, 3.6)
    figure = Figure(figsize=(width, height * rows), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, place + 1) for place in range(count)]


def outer(axes: list[Axes], x: str, y: str) -> None:
    """Name the axes at the left and the lower edge of a grid of panels."""
    columns = beside(len(axes))
    for place, each in enumerate(axes):
        if place % columns == 0:
            each.set_ylabel(y)
        if place + columns >= len(axes):
            each.set_xlabel(x)


def legend(figure: Figure, axes: list[Axes]) -> None:
    """One legend below all panels, for which the figure becomes higher, with each label once."""
    found: dict[str, Any] = {}
    for each in axes:
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        room = figure.get_figwidth() * 14.5  # characters, at this size of type
        widest = max(map(len, found)) + 6
        columns = int(max(1, min(len(found), room // widest, 4)))
        figure.set_figheight(figure.get_figheight() + LINE * -(-len(found) // columns))
        figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=columns)


def wrapped(text: str, width: int = 26, lines: int = 3) -> str:
    """A label in lines."""
    shown = visible(text)
    return textwrap.fill(shown, width, max_lines=lines, placeholder=" …", break_on_hyphens=False) or shown
