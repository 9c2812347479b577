"""docs/python.md: its blocks are executed one after the other, as a program, and what it shows is what they print.
What it shows as a file is there.

TAXON_UPDATE_SNAPSHOTS=1 writes what they print into the page. Where a block trains it has fewer steps here, and what it
prints stays: `...`.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^<!-- file: (\S+) -->\n```tx\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FEWER = {"40_000": "4_096", "20_000": "2_048", "10_000": "1_024", "5_000": "1_024", "20k": "2_048"}


def fewer(code: str) -> str:
    """The same with fewer steps."""
    return re.sub("|".join(_FEWER), lambda match: _FEWER[match[0]], code)


def left_by_a_study(folder: Path) -> None:
    """A study's file, and what `taxon study` has left of it: one whose runs are kept."""
    shutil.copy(ROOT / "examples" / "studies" / "tanh.tx", folder)
    kept = ROOT / "benchmarks" / "studies"
    shutil.copytree(kept / "tanh", folder / "studies" / "tanh")
    shutil.copytree(kept / "store", folder / "runs" / "store")


def test_the_page_is_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    left_by_a_study(tmp_path)
    page = PAGE.read_text("utf-8")
    for name, text in _FILE.findall(page):
        Path(name).write_text(fewer(text), "utf-8")
    names: dict[str, Any] = {"__name__": "page"}
    edits = []
    for block in _BLOCK.finditer(page):
        exec(compile(fewer(block[1]), str(PAGE), "exec"), names)
        said = capsys.readouterr().out
        trains = fewer(block[1]) != block[1] or "longer" in block[1]
        if block[2] is not None and not trains and block[2] != said:
            edits.append((block.span(2), said))
    if os.environ.get("TAXON_UPDATE_SNAPSHOTS"):
        for (first, last), said in reversed(edits):
            page = page[:first] + said + page[last:]
        PAGE.write_text(page, "utf-8")
        edits = []
    assert [said for _, said in edits] == []
    assert {"mpo", "run", "patient", "action"} <= names.keys()
    assert (names["clips"].done, len(names["rates"].trials)) == (6, 2)
