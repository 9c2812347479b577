"""Diagnostics as workflow commands of GitHub Actions, which shows them beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.visible import visible


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """`::error file=F,line=L,col=C,endLine=L,endColumn=C,title=T::message` for each, on a line of its own.

    What has no place in a file (a shipped spec, `--set`) is reported without one. Columns count from 1, the end is
    exclusive, and GitHub takes columns only where both ends are on one line.
    """
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties = {**dict(_place(diagnostic)), "title": f"{diagnostic.code.id} {diagnostic.code.title}"}
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    if diagnostic.help:
        lines.append(f"help: {diagnostic.help}")
    return f"::{diagnostic.severity} {given}::" + "%0A".join(_data(line) for line in lines)


def _place(diagnostic: Diagnostic) -> Iterator[tuple[str, str]]:
    span = diagnostic.primary
    if span is None or not span.source.is_file:
        return
    line, column = span.source.position(span.start)
    last, end = span.source.position(span.end)
    yield "file", span.source.name
    yield "line", str(line)
    if line == last:
        yield "col", str(column)
    yield "endLine", str(last)
    if line == last:
        yield "endColumn", str(end)


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
