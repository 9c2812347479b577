"""taxon check: say what is wrong in specs."""

from __future__ import annotations

import os.path
from typing import Annotated

import typer

from taxon.cli.frontend import Format, exit_code, report, resolve_for, write
from taxon.diagnostics.model import Diagnostic, Severity
from taxon.semantics import check_file, load_spec


def check(
    specs: Annotated[list[str], typer.Argument(help="Files, or the names of shipped specs.")],
    env: Annotated[str | None, typer.Option(help="Apply the `when env` blocks that match this environment.")] = None,
    format: Annotated[Format, typer.Option(help="How findings are shown.")] = Format.FULL,
) -> None:
    """Check specs: syntax, names, types, and whether each row means something.

    Exit code 0: no errors; 1: errors; 2: a file cannot be read.
    """
    found: list[Diagnostic] = []
    for spec in specs:
        here = check_file(spec) if os.path.isfile(spec) else load_spec(spec).diagnostics
        if env is not None and not any(diagnostic.severity is Severity.ERROR for diagnostic in here):
            here = resolve_for(spec, env=env).diagnostics
        found += [diagnostic for diagnostic in here if diagnostic not in found]
    report(found, format)
    if format is Format.FULL:
        write(_summary(found, len(specs)), error_stream=True)
    raise typer.Exit(exit_code(found))


def _summary(found: list[Diagnostic], specs: int) -> str:
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
    warnings = len(found) - errors
    checked = f"{specs} spec{'s' * (specs != 1)} checked"
    if not found:
        return f"{checked}: all fine"
    return f"{checked}: {errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
