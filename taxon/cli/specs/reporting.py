"""Diagnostics on the terminal, and the exit code that they make."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum

from taxon.cli.screen.terminal import screen
from taxon.cli.screen.writing import write
from taxon.cli.specs.codes import UNREADABLE
from taxon.diagnostics import concise, full, github, json_
from taxon.diagnostics.model import Diagnostic, Severity


class Format(StrEnum):
    """How diagnostics look."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def report(diagnostics: Sequence[Diagnostic], format: Format, error_stream: bool = False) -> None:
    """Print diagnostics in a format."""
    stream = sys.stderr if error_stream else sys.stdout
    match format:
        case Format.FULL:
            space = screen(stream)
            text = full.render(diagnostics, space.colour, space.width)
        case Format.CONCISE:
            text = concise.render(diagnostics)
        case Format.JSON:
            text = json_.render(diagnostics)
        case Format.GITHUB:
            text = github.render(diagnostics)
        case Format.SARIF:
            from taxon.diagnostics import sarif  # hashes and URLs, which no other format needs

            text = sarif.render(diagnostics)
    if text:
        write(text.rstrip("\n"), error_stream)


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """0 without errors, 2 where a file cannot be read or is not there, 1 otherwise."""
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    if not errors:
        return 0
    return 2 if all(diagnostic.code.id in UNREADABLE for diagnostic in errors) else 1
