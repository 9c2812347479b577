"""docs/tutorial.md: its files are checked, its commands run, and what it shows is what they print.

TAXON_UPDATE_SNAPSHOTS=1 writes what the commands print into the page. A line `...` stands for what is not shown: such a
block is compared, and changed by hand. A command that trains is run with fewer steps, and its figures stay.
"""

from __future__ import annotations

import os
import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli.program import taxon

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
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


def test_the_page_shows_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text("utf-8")
    found = list(blocks(page))
    edits: list[tuple[tuple[int, int], str]] = []
    for block in found:
        if block.kind == "file":
            Path(block.note).write_text(block.body, "utf-8")
            continue
        said = printed(block, capsys)
        if block.kind == "trained" or holds(block.shown, said):
            continue
        assert GAP not in block.shown.splitlines(), f"{block.command} prints\n{said}"
        edits.append((block.span, f"{block.body.splitlines()[0]}\n{said}"))
    if os.environ.get("TAXON_UPDATE_SNAPSHOTS"):
        for (first, last), body in reversed(edits):
            page = page[:first] + body + page[last:]
        PAGE.write_text(page, "utf-8")
        edits = []
    assert [body for _, body in edits] == []
    assert {"run", "check", "diff", "derive", "emit", "ladder", "table"} <= {
        block.command[1] for block in found if block.kind != "file"
    }


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("a\nb\n", False),
        ("a\nb\nc\n", True),
        ("...\nb\n...\n", True),
        ("a\n...\nc\n", True),
        ("...\nc\n...\nb\n", False),
    ],
)
def test_gaps(shown: str, told: bool) -> None:
    assert holds(shown, "a\nb\nc\n") is told
