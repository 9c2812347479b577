"""The look of all figures, and their files: the same figure has the same bytes whenever it is drawn."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from taxon.diagnostics.visible import visible

# Okabe and Ito 2008, without black, which is the ink, and yellow, which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

# What is neither data nor a colour of its own: the page puts its own ink and paper in their place.
INK, PAPER, MUTED, FAINT = "#1b1b1f", "#fefefe", "#5f6369", "#d3d5d9"

DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
MOST = len(COLOURS) * len(DASHES)  # lines that can be told apart
COLUMNS = 3  # panels beside each other
SCORE = "score\n(undiscounted return)"
LINE = 0.19  # inches of a line of the legend
LONG = 40  # characters of a title that may be wider than a figure
NOTE = 7.5  # size of type of what is said beside the data

Draw = Callable[[], Figure]

_CHANGING = {"svg": "Date", "pdf": "CreationDate", "png": "Software"}  # what would differ when it is drawn again


def line(place: int) -> dict[str, Any]:
    """The colour and the dashes of one of several lines; all beyond MOST are alike."""
    if place >= MOST:
        return {"color": MUTED, "linestyle": "-", "alpha": 0.4, "linewidth": 0.8, "zorder": 1.8}
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place // len(COLOURS)]}


def files(name: str, draw: Draw) -> dict[str, bytes]:
    """A figure as SVG, PDF and PNG, by the names of the files. Text is shown as it is, dollars and all."""
    with settings(name):
        figure = draw()
        return {f"{name}.{suffix}": _saved(figure, suffix) for suffix in _CHANGING}


def image(draw: Draw, suffix: str) -> bytes:
    """One figure in one format: svg, pdf or png."""
    with settings("figure"):
        return _saved(draw(), suffix)


def _saved(figure: Figure, suffix: str) -> bytes:
    content = BytesIO()
    figure.savefig(content, format=suffix, dpi=200, metadata={_CHANGING[suffix]: None})
    return content.getvalue()


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


def noted(figure: Figure, axes: Axes, title: str, note: str) -> None:
    """A panel's title, smaller where it is wider than the figure, and below it what else is to be said, in lines."""
    lines = note.count("\n") + 1 if note else 0
    heading = axes.set_title(title, pad=6 + 1.25 * NOTE * lines)
    if len(title) > LONG:
        room, width = 0.9 * figure.bbox.width, heading.get_window_extent().width
        heading.set_fontsize(float(heading.get_fontsize()) * min(1.0, room / width))
    if not note:
        return
    where: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center", "va": "bottom"}
    axes.annotate(note, (0.5, 1), (0, 5), color=MUTED, fontsize=NOTE, linespacing=1.1, **where)


def legend(figure: Figure, axes: list[Axes], explained: Sequence[tuple[str, Any]] = ()) -> None:
    """One legend below all panels, for which the figure becomes higher, with each label once.

    explained: labels with handles that follow those of the panels.
    """
    found: dict[str, Any] = {}
    for each in axes:
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    found.update(explained)
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
