"""taxon fmt: write specs in the one style."""

from __future__ import annotations

import difflib
import os.path
import sys
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.folders import expanded
from taxon.cli.screen.highlighting import highlighted_diff
from taxon.cli.screen.terminal import screen
from taxon.cli.screen.writing import write
from taxon.cli.specs.reporting import Format, exit_code, report
from taxon.cli.specs.rewriting import rewrite
from taxon.diagnostics.model import Diagnostic, Severity
from taxon.diagnostics.source import Source
from taxon.diagnostics.visible import visible
from taxon.syntax import parse
from taxon.syntax.formatting import formatted
from taxon.syntax.parser import LARGEST
from taxon.syntax.reading import decoded, read

STANDARD = "-"


def fmt(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files, or folders of them; `-` reads standard input and writes standard output.",
            autocompletion=completing.files,
        ),
    ],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; name the files that would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; print what would change.")] = False,
    unicode: Annotated[bool, typer.Option("--unicode", help="Spell pi, theta, eta ... with Greek letters.")] = False,
) -> None:
    """Write specs in the one style: comments and numbers stay as they are, and so does what the specs mean.

    Of a folder every .tx file below it is taken, but for hidden folders; each file once, however often it is named.

    Exit code 0: done; 1: a syntax error, or with --check a file that would change; 2: a file cannot be read or written.
    A file with an error is left as it is.
    """
    names, found = expanded(files, os.path.isdir)
    changed: list[str] = []
    failed = False
    for name in names:
        source = _source(name)
        text = _formatted(source, unicode, found)
        if not isinstance(source, Source) or text is None:
            continue
        if text != source.text:
            changed.append(source.name)
            if diff:
                write(highlighted_diff(_difference(source, text), screen()))
        if check or diff:
            continue
        if name == STANDARD:
            sys.stdout.buffer.write(text.encode("utf-8"))
        elif text != source.text:
            failed |= not _rewritten(name, text)
    if check and not diff and changed:
        write("\n".join(map(visible, changed)))
    report(found, Format.FULL, error_stream=True)
    code = 2 if failed else exit_code(found)
    raise typer.Exit(code or int(check and bool(changed)))


def _source(name: str) -> Source | Diagnostic:
    return decoded("<stdin>", sys.stdin.buffer.read(LARGEST + 1)) if name == STANDARD else read(name)


def _formatted(source: Source | Diagnostic, unicode: bool, found: list[Diagnostic]) -> str | None:
    """The text in the one style; None where there is none, and then `found` has the reason."""
    if isinstance(source, Source):
        errors = [finding for finding in parse(source)[1] if finding.severity is Severity.ERROR]
        text = None if errors else formatted(source, unicode)
        if isinstance(text, str):
            return text
        found += errors if text is None else [text]
    else:
        found.append(source)
    return None


def _rewritten(name: str, text: str) -> bool:
    """Whether the text now stands in the file; says why if it does not."""
    try:
        rewrite(name, text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        write(f"error: `{visible(name)}` cannot be written: {reason}\n help: it is as it was", error_stream=True)
        return False
    return True


def _difference(source: Source, text: str) -> str:
    name = visible(source.name)
    return "\n".join(difflib.unified_diff(_lines(source.text), _lines(text), name, name, lineterm=""))


def _lines(text: str) -> list[str]:
    """Lines as a patch has them: what ends one is a line feed and nothing else."""
    *lines, rest = text.split("\n")
    return [*lines, f"{rest}\n\\ No newline at end of file"] if rest else lines
