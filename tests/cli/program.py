"""The program, called in this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from typer.testing import CliRunner

from taxon.cli.main import application, asked

program = cache(application)  # with the commands that a line may mean alone, as `main` has it


@dataclass(frozen=True)
class Called:
    """What a call left behind."""

    exit_code: int
    stdout: str
    stderr: str


def taxon(*arguments: str | Path) -> Called:
    """Arguments in, exit code and output out. An exception that no command handles is raised."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(program(tuple(asked(words))), words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Called(result.exit_code, result.stdout, result.stderr)
