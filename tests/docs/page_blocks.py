"""Blocks of a page of the docs: files to write, and commands with what they print."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cli.program import taxon

GAP = "..."
_BLOCK = re.compile(r"(?:^<!-- (file|trained):(.*?)-->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of the page: a file, or a command with what it prints."""

    kind: str  # of the comment before it: file, trained or nothing
    note: str
    body: str
    span: tuple[int, int]  # of the body, in the page

    @property
    def command(self) -> list[str]:
        return shlex.split(self.body.splitlines()[0].removeprefix("$ "))

    @property
    def shown(self) -> str:
        return self.body.partition("\n")[2]


def blocks(page: str) -> Iterator[Block]:
    for match in _BLOCK.finditer(page):
        yield Block(match[1] or "", (match[2] or "").strip(), match[4], match.span(4))


def printed(block: Block, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command of a block prints, findings last."""
    program, *arguments = block.command
    if program == "python":
        runpy.run_path(arguments[0])
        return capsys.readouterr().out
    assert program == "taxon"
    called = taxon(*arguments, *shlex.split(block.note))
    assert called.exit_code in (0, 1)
    assert block.kind != "trained" or called.exit_code == 0, called.stderr
    return "\n".join(part.rstrip("\n") for part in (called.stdout, called.stderr) if part) + "\n"


def holds(shown: str, said: str) -> bool:
    """Whether a text shows another, whole or with gaps."""
    lines = shown.splitlines()
    if GAP not in lines:
        return shown == said
    at = 0
    for piece in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE):
        found = said.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True
