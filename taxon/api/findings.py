"""What is found wrong with a spec, as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from taxon.diagnostics import full, model
from taxon.errors import Error


@dataclass(frozen=True)
class Place:
    """Characters of a text, from (line, column) to (end_line, end_column), which is exclusive; all count from 1.

    Attributes:
        file: the file's name, `std.mpo` for a shipped spec, or `set()` and `extend()` for what a program says.
        label: what the place has to do with the finding.
        primary: whether it is where the finding is.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    label: str
    primary: bool


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `str` gives it as `taxon check` prints it, with the lines concerned.

    Attributes:
        code: `TX312`, say; `taxon explain TX312` has a page about it.
        severity: an error means that there is no row; a warning quotes evidence of trouble.
        message: what is wrong, in one line.
        help: the way out, or nothing.
        notes: what else there is to know.
        places: what takes part in it, the primary place first.
    """

    code: str
    severity: Literal["error", "warning"]
    message: str
    help: str
    notes: tuple[str, ...]
    places: tuple[Place, ...]
    _found: model.Diagnostic = field(repr=False, compare=False)

    def __str__(self) -> str:
        return full.render([self._found]).rstrip("\n")


class SpecError(Error):
    """A spec that means nothing, with all that was found; its text is what `taxon check` prints.

    Attributes:
        diagnostics: the findings, warnings included.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = next(each for each in diagnostics if each.severity == "error")
        super().__init__(first.message)
        self.help = first.help
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.diagnostics))


def findings(found: Iterable[model.Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics as a program reads them."""
    return tuple(map(_finding, found))


def _finding(found: model.Diagnostic) -> Diagnostic:
    labels = sorted(found.labels, key=lambda label: not label.primary)
    return Diagnostic(
        found.code.id,
        "error" if found.severity is model.Severity.ERROR else "warning",
        found.message,
        found.help,
        found.notes,
        tuple(map(_place, labels)),
        found,
    )


def _place(label: model.Label) -> Place:
    source = label.span.source
    start, end = source.position(label.span.start), source.position(label.span.end)
    return Place(source.name, *start, *end, label.text, label.primary)
