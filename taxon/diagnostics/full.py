"""Diagnostics for a reader: the lines concerned, what each place has to do with it, and the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from taxon.diagnostics.model import Applicability, Diagnostic, Edit, Label, Severity
from taxon.diagnostics.source import Source
from taxon.diagnostics.visible import cell, visible, width

WINDOW = 100
_BEFORE = 40
_MOST_EDITED_LINES = 6
_RED, _YELLOW, _BLUE, _CYAN, _BOLD = "1;31", "1;33", "1;34", "1;36", "1"
_COLOURS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW}

_APPLIED = {
    Applicability.SAFE: "edit: safe, `taxon check --fix` applies it",
    Applicability.UNSAFE: "edit: a suggestion, `taxon check --unsafe-fixes` applies it",
}

Paint = Callable[[str, str], str]


def render(diagnostics: Iterable[Diagnostic], colour: bool = False) -> str:
    """Every diagnostic with its source lines, one blank line between two; ends in a newline unless there is none.

    A line longer than WINDOW characters is shown around its labels; control characters are shown, never sent.
    """
    paint = _ansi if colour else _plain
    return "\n".join(_render(diagnostic, paint) for diagnostic in diagnostics)


def _ansi(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"


def _plain(text: str, style: str) -> str:
    return text


def _render(diagnostic: Diagnostic, paint: Paint) -> str:
    severity = diagnostic.severity
    head = paint(f"{severity}[{diagnostic.code.id}]", _COLOURS[severity])
    lines = [head + paint(f": {visible(diagnostic.message)}", _BOLD)]
    gutter = len(str(_last_line(diagnostic)))
    for index, labels in enumerate(_by_source(diagnostic.labels)):
        lines += _snippet(labels, gutter, _COLOURS[severity], paint, arrow="-->" if index == 0 else ":::")
    edge = " " * (gutter + 2) + paint("=", _BLUE)
    lines += [f"{edge} note: {visible(note)}" for note in diagnostic.notes]
    if diagnostic.help:
        lines.append(paint("help", _CYAN) + f": {visible(diagnostic.help)}")
    if diagnostic.edit is not None:
        lines += _edited(diagnostic.edit, gutter, paint)
        if diagnostic.edit.span.source.is_file:
            lines.append(f"{edge} {_APPLIED[diagnostic.edit.applicability]}")
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


def _snippet(labels: list[Label], gutter: int, colour: str, paint: Paint, arrow: str) -> list[str]:
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
        for text, rows in _windows(source, number, by_line[number], colour, paint):
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


def _windows(
    source: Source, number: int, labels: list[Label], colour: str, paint: Paint
) -> list[tuple[str, list[str]]]:
    """The line as often as its labels need (once unless it is long), each time with the rows below it."""
    line = source.line(number)
    waiting = labels
    shown: list[tuple[str, list[str]]] = []
    while waiting:
        column = _column(source, waiting[0], line)
        start = 0 if len(line) <= WINDOW else max(0, min(column - _BEFORE, len(line) - WINDOW))
        end = min(len(line), start + WINDOW)
        here = [label for label in waiting if start <= _column(source, label, line) <= end]
        waiting = [label for label in waiting if label not in here]
        before, after = "..." * (start > 0), "..." * (end < len(line))
        cells = [cell(character) for character in line[start:end]]
        columns = [len(before)]
        for character in cells:
            columns.append(columns[-1] + width(character))
        marks = [_mark(source, number, label, start, columns) for label in here]
        shown.append((before + "".join(cells) + after, _rows(marks, colour, paint)))
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


def _rows(marks: list[_Mark], colour: str, paint: Paint) -> list[str]:
    """The row of underlines, the rightmost label's text beside it, the others' texts below, right to left."""
    marks = sorted(marks, key=lambda mark: (mark.start, mark.end))
    underline = [" "] * max(mark.end for mark in marks)
    for mark in sorted(marks, key=lambda mark: mark.primary):
        underline[mark.start : mark.end] = ("^" if mark.primary else "-") * (mark.end - mark.start)
    beside = marks[-1]
    if any(mark.end > beside.start for mark in marks[:-1]):
        below = [mark for mark in marks if mark.text]
        text = ""
    else:
        below = [mark for mark in marks[:-1] if mark.text]
        text = beside.text
    row = "".join(
        paint(character, colour if character == "^" else _BLUE) if character != " " else " " for character in underline
    )
    rows = [f"{row} {paint(text, colour if beside.primary else _BLUE)}" if text else row]
    while below:
        rows.append(_connectors(below, None, colour, paint))
        rows.append(_connectors(below[:-1], below[-1], colour, paint))
        below.pop()
    return rows


def _connectors(above: list[_Mark], last: _Mark | None, colour: str, paint: Paint) -> str:
    row, at = "", 0
    for mark in above:
        if mark.start >= at and (last is None or mark.start < last.start):
            row += " " * (mark.start - at) + paint("|", colour if mark.primary else _BLUE)
            at = mark.start + 1
    if last is not None:
        row += " " * (last.start - at) + paint(last.text, colour if last.primary else _BLUE)
    return row


def _edited(edit: Edit, gutter: int, paint: Paint) -> list[str]:
    """The lines that an edit touches, as they would be."""
    source = edit.span.source
    first, column = source.position(edit.span.start)
    last, end = source.position(edit.span.end)
    head, tail = source.line(first)[: column - 1], source.line(last)[end - 1 :]
    if len(head) > _BEFORE and len(head) + len(edit.replacement) + len(tail) > WINDOW:
        head = "..." + head[len(head) - _BEFORE :]
    texts = (head + edit.replacement + tail).split("\n")[:_MOST_EDITED_LINES]
    return [
        f" {paint(f'{number:>{gutter}}', _BLUE)} {paint('|', _BLUE)} {visible(_cut(text))}"
        for number, text in enumerate(texts, first)
    ]


def _cut(text: str) -> str:
    return text if len(text) <= WINDOW + 3 else text[:WINDOW] + "..."
