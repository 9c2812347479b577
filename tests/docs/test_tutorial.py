"""docs/tutorial.md: its files are checked, its commands run, and what it shows is what they print.

TAXON_UPDATE_SNAPSHOTS=1 writes what the commands print into the page. A line `...` stands for what is not shown: such a
block is compared, and changed by hand. A command that trains is run with fewer steps, and its figures stay.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from page_blocks import GAP, blocks, holds, printed

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


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
