"""Diagnostics for a reader: the lines concerned, what each place has to do with it, and the way out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from taxon.diagnostics.model import Applicability, Diagnostic, Edit, Label, Severity
from taxon.diagnostics.source import Source
from taxon.diagnostics.visible import cell, visible, width

WINDOW = 100
_BEFORE = 40
_MOST_EDITED_LINES = 6
_LEAST = 24  # columns that a text gets on however narrow a terminal
_INDENT = 8
_RED, _YELLOW, _BLUE, _CYAN, _BOLD = "1;31", "1;33", "1;34", "1;36", "1"
_COLOURS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW}

_APPLIED = {
    Applicability.SAFE: "edit: safe, `taxon check --fix` applies it",
    Applicability.UNSAFE: "edit: a suggestion, `taxon check --unsafe-fixes` applies it",
}


def render(diagnostics: Iterable[Diagnostic], colour: bool = False, columns: int | None = None) -> str:
    """Every diagnostic with its source lines, one blank line between two; ends in a newline unless there is none.

    A source line longer than WINDOW characters, or than the columns of a terminal, is shown around its labels; what is
    said about it is broken between words where the terminal ends. Control characters are shown, never sent.
    """
    return "\n".join(_render(diagnostic, colour, columns) for diagnostic in diagnostics)


@dataclass(frozen=True)
class _Page:
    """What a diagnostic is set on.

    gutter: the width of its line numbers. columns: of the terminal; None where nothing limits a line.
    """

    colour: bool
    gutter: int
    columns: int | None

    def paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour else text

    @property
    def room(self) -> int | None:
        """Columns to the right of the bar."""
        return None if self.columns is None else self.columns - self.gutter - 4

    @property
    def window(self) -> int:
        """How much of a source line is shown, with room for the dots at its ends."""
        return WINDOW if self.room is None else max(_LEAST, min(WINDOW, self.room - 6))

    def broken(self, text: str, taken: int) -> list[str]:
        """A text that begins so many columns right of the bar, in lines that end where the terminal does."""
        return [text] if self.room is None else _wrapped(text, self.room - taken, "") or [""]

    def start(self, mark: _Mark) -> int:
        """Where the text below a mark begins: further left where the terminal would end before it has room."""
        return mark.start if self.room is None else max(0, min(mark.start, self.room - min(_LEAST, width(mark.text))))

    def after(self, start: str, taken: int, text: str, style: str = "") -> list[str]:
        """A text after what begins its first line and takes some columns there, its further lines indented."""
        indent = min(taken + 2, _INDENT)
        lines = [text]
        if self.columns is not None:
            filled = _wrapped("x" * taken + text, self.columns, " " * indent)
            lines = [filled[0][taken:], *filled[1:]]
        painted = [self.paint(line, style) if style else line for line in lines]
        return [start + painted[0], *painted[1:]]


def _wrapped(text: str, columns: int, indent: str) -> list[str]:
    """Lines of so many columns, or of a few more where so few are left that nothing could be read."""
    return textwrap.wrap(
        text, max(columns, _LEAST), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _render(diagnostic: Diagnostic, colour: bool, columns: int | None) -> str:
    severity = diagnostic.severity
    page = _Page(colour, len(str(_last_line(diagnostic))), columns)
    head = f"{severity}[{diagnostic.code.id}]"
    lines = page.after(page.paint(head, _COLOURS[severity]), len(head), f": {visible(diagnostic.message)}", _BOLD)
    for index, labels in enumerate(_by_source(diagnostic.labels)):
        lines += _snippet(labels, _COLOURS[severity], page, arrow="-->" if index == 0 else ":::")
    edge = " " * (page.gutter + 2) + page.paint("=", _BLUE)
    for note in diagnostic.notes:
        lines += page.after(edge, page.gutter + 3, f" note: {visible(note)}")
    if diagnostic.help:
        lines += page.after(page.paint("help", _CYAN), len("help"), f": {visible(diagnostic.help)}")
    if diagnostic.edit is not None:
        lines += _edited(diagnostic.edit, page)
        if diagnostic.edit.span.source.is_file:
            lines += page.after(edge, page.gutter + 3, f" {_APPLIED[diagnostic.edit.applicability]}")
    lines.append(f"{edge} explain: taxon explain {diagnostic.code.id}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _last_line(diagnostic: Diagnostic) -> int:
    spans = [label.span for label in diagnostic.labels]
    if diagnostic.edit is not None:
        spans.append(diagnostic.edit.span)
    return max((span.source.position(span.start)[0] for span in spans), default=1)


def _by_source(labels: Sequence[Label]) -> list[list[Label]]:
    """The labels of each source, the source of the primary label first. Each `--set` is one of its own."""
    groups: dict[Source, list[Label]] = {}
    for label in sorted(labels, key=lambda label: not label.primary):
        groups.setdefault(label.span.source, []).append(label)
    return list(groups.values())


def _snippet(labels: list[Label], colour: str, page: _Page, arrow: str) -> list[str]:
    gutter, paint = page.gutter, page.paint
    first = labels[0].span
    source = first.source
    name = visible(source.name)
    if not source.text:
        return [f" {'':{gutter}}{paint(arrow, _BLUE)} {name}"]
    line, column = source.position(first.start)
    bar = paint("|", _BLUE)
    lines = [f" {'':{gutter}}{paint(arrow, _BLUE)} {name}:{line}:{column}", f" {'':{gutter}} {bar}"]
    by_line: dict[int, list[Label]] = {}
    for label in labels:
        by_line.setdefault(source.position(label.span.start)[0], []).append(label)
    for number in sorted(by_line):
        for text, rows in _windows(source, number, by_line[number], colour, page):
            lines.append(f" {paint(f'{number:>{gutter}}', _BLUE)} {bar} {text}")
            lines += [f" {'':{gutter}} {bar} {row}" for row in rows]
    return lines


@dataclass(frozen=True)
class _Mark:
    """A label on a shown line: columns [start, end) from 0."""

    start: int
    end: int
    text: str
    primary: bool


def _windows(source: Source, number: int, labels: list[Label], colour: str, page: _Page) -> list[tuple[str, list[str]]]:
    """The line as often as its labels need (once unless it is long), each time with the rows below it."""
    line = source.line(number)
    window = page.window
    waiting = labels
    shown: list[tuple[str, list[str]]] = []
    while waiting:
        column = _column(source, waiting[0], line)
        start = 0 if len(line) <= window else max(0, min(column - window * _BEFORE // WINDOW, len(line) - window))
        end = min(len(line), start + window)
        here = [label for label in waiting if start <= _column(source, label, line) <= end]
        waiting = [label for label in waiting if label not in here]
        before, after = "..." * (start > 0), "..." * (end < len(line))
        cells = [cell(character) for character in line[start:end]]
        columns = [len(before)]
        for character in cells:
            columns.append(columns[-1] + width(character))
        marks = [_mark(source, number, label, start, columns) for label in here]
        shown.append((before + "".join(cells) + after, _rows(marks, colour, page)))
    return shown


def _column(source: Source, label: Label, line: str) -> int:
    """Where a label begins on its line, from 0; what begins within the line's end, at the end."""
    return min(source.position(label.span.start)[1] - 1, len(line))


def _mark(source: Source, number: int, label: Label, start: int, columns: list[int]) -> _Mark:
    """Where a label stands on its first line; one that goes on below says how far."""
    span = label.span
    first = min(source.position(span.start)[1] - 1 - start, len(columns) - 1)
    last_line = source.position(max(span.start, span.end - 1))[0]
    last = len(columns) - 1 if last_line > number else min(first + span.end - span.start, len(columns) - 1)
    text = visible(label.text)
    if last_line > number:
        text = f"{text} (to line {last_line})".strip()
    return _Mark(columns[first], max(columns[last], columns[first] + 1), text, label.primary)


def _rows(marks: list[_Mark], colour: str, page: _Page) -> list[str]:
    """The row of underlines, the rightmost label's text beside it, the others' texts below, right to left."""
    marks = sorted(marks, key=lambda mark: (mark.start, mark.end))
    underline = [" "] * max(mark.end for mark in marks)
    for mark in sorted(marks, key=lambda mark: mark.primary):
        underline[mark.start : mark.end] = ("^" if mark.primary else "-") * (mark.end - mark.start)
    beside = marks[-1]
    apart = any(mark.end > beside.start for mark in marks[:-1])
    cramped = page.room is not None and page.room - len(underline) - 1 < min(_LEAST, width(beside.text))
    row = "".join(
        page.paint(character, colour if character == "^" else _BLUE) if character != " " else " "
        for character in underline
    )
    if apart or cramped or not beside.text:
        rows, below = [row], [mark for mark in marks if mark.text]
    else:
        style = colour if beside.primary else _BLUE
        first, *more = page.broken(beside.text, len(underline) + 1)
        rows = [f"{row} {page.paint(first, style)}"]
        rows += [" " * (len(underline) + 1) + page.paint(line, style) for line in more]
        below = [mark for mark in marks[:-1] if mark.text]
    while below:
        rows.append(_connectors(below, None, colour, page))
        last = below.pop()
        start = page.start(last)
        lines = page.broken(last.text, start)
        rows += [_connectors(below, replace(last, text=line, start=start), colour, page) for line in lines]
    return rows


def _connectors(above: list[_Mark], last: _Mark | None, colour: str, page: _Page) -> str:
    row, at = "", 0
    for mark in above:
        if mark.start >= at and (last is None or mark.start < last.start):
            row += " " * (mark.start - at) + page.paint("|", colour if mark.primary else _BLUE)
            at = mark.start + 1
    if last is not None:
        row += " " * (last.start - at) + page.paint(last.text, colour if last.primary else _BLUE)
    return row


def _edited(edit: Edit, page: _Page) -> list[str]:
    """The lines that an edit touches, as they would be."""
    source, window, paint = edit.span.source, page.window, page.paint
    first, column = source.position(edit.span.start)
    last, end = source.position(edit.span.end)
    head, tail = source.line(first)[: column - 1], source.line(last)[end - 1 :]
    before = window * _BEFORE // WINDOW
    if len(head) > before and len(head) + len(edit.replacement) + len(tail) > window:
        head = "..." + head[len(head) - before :]
    texts = (head + edit.replacement + tail).split("\n")[:_MOST_EDITED_LINES]
    return [
        f" {paint(f'{number:>{page.gutter}}', _BLUE)} {paint('|', _BLUE)} {visible(_cut(text, window))}"
        for number, text in enumerate(texts, first)
    ]


def _cut(text: str, window: int) -> str:
    return text if len(text) <= window + 3 else text[:window] + "..."
