"""docs/first_week.md: every line of its last column is executed, in order, a table in a folder of its own.

A line that begins with `taxon` and a space is a command; any other is Python, where `taxon` is imported. What the page
shows as a file is there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli.program import taxon

PAGE = Path(__file__).parents[2] / "docs" / "first_week.md"
HEAD = "| what | Stable-Baselines3 and its zoo | CleanRL | Tianshou | d3rlpy | here |"
FINDINGS = {"diff"}  # of which 1 says that there is something to see
# What is begun by a line of another table.
BEFORE = {"Use what was trained": "Train"}
# What a line needs that taxon does not: it is left out where that is missing.
EXTRAS = {"--format onnx": "onnxruntime", "--log wandb": "wandb", "--log mlflow": "mlflow"}


@dataclass(frozen=True)
class Section:
    title: str
    files: dict[str, str]
    python: tuple[str, ...]  # blocks that are executed before the lines
    lines: tuple[str, ...]


def cells(row: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def sections() -> Iterator[Section]:
    for part in PAGE.read_text("utf-8").split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        files = re.findall(r"^<!-- file: (\S+) -->\n```\w*\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)
        _, _, table = body.partition(f"{HEAD}\n|---|---|---|---|---|---|\n")
        rows = [cells(row) for row in table.splitlines() if row.startswith("|")]
        assert all(len(row) == 6 and all(row) for row in rows), title
        blocks = re.findall(r"^<!-- python -->\n```python\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)
        yield Section(
            title, dict(files), tuple(blocks), tuple(line for row in rows for line in re.findall(r"`([^`]+)`", row[5]))
        )


SECTIONS = {section.title: section for section in sections()}


def execute(line: str, names: dict[str, object]) -> None:
    if not line.startswith("taxon "):
        exec(line, names)
        return
    program, *words = shlex.split(line)
    assert program == "taxon"
    called = taxon(*words)
    assert called.exit_code in ((0, 1) if words[0] in FINDINGS else (0,)), (line, called.stderr)


def perform(title: str, names: dict[str, object]) -> None:
    section = SECTIONS[title]
    if title in BEFORE:
        perform(BEFORE[title], names)
    for name, text in section.files.items():
        Path(name).write_text(text, "utf-8")
    for block in section.python:
        exec(block, names)
    for line in section.lines:
        if not any(words in line and find_spec(module) is None for words, module in EXTRAS.items()):
            execute(line, names)


@pytest.mark.parametrize("title", [title for title in SECTIONS if title not in BEFORE.values()])
def test_every_line_is_executed(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    perform(title, {"taxon": __import__("taxon")})


def test_every_row_has_a_line_or_says_that_there_is_none() -> None:
    rows = [cells(row) for row in PAGE.read_text("utf-8").splitlines() if row.startswith("| ") and row != HEAD]
    without = [row for row in rows if "`" not in row[5]]
    assert len(rows) > 30
    assert all(row[5].startswith(("none: ", "nothing to write: ")) for row in without)
