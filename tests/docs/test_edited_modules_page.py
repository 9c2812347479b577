"""docs/edited_modules.md: its files and edits are made, its commands run, and what it shows is what they print."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from cli.program import taxon

from taxon.runtime.edited.edit import digest

PAGE = Path(__file__).parents[2] / "docs" / "edited_modules.md"
_BLOCK = re.compile(r"(?:^<!-- (file|edit|trained):(.*?)-->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What makes the page's runs short ones.
SHORT = (("data.warmup    = 1k", "data.warmup    = 64"), ("steps = 20k", "steps = 200"), ("seeds = 5", "seeds = 2"))
FEWER = (("20,000 steps of", "300 steps of"), ("after 20,000 steps, 10 episodes", "after 300 steps, 1 episode"))


def apply(edit: str, text: str) -> str:
    """A text with the lines of an edit in the place of those that it takes away."""
    for before, after in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)+)", edit, re.MULTILINE):
        old, new = (re.sub("^.", "", part, flags=re.MULTILINE) for part in (before, after))
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_the_page_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    commands = 0
    for kind, note, language, body in _BLOCK.findall(PAGE.read_text("utf-8")):
        if kind == "file":
            for before, after in SHORT:
                assert before in body, before
                body = body.replace(before, after)
            Path(note.strip()).write_text(body)
        elif kind == "edit":
            Path(note.strip()).write_text(apply(body, Path(note.strip()).read_text()))
        elif language == "console":
            commands += 1
            command, _, shown = body.partition("\n")
            _, *words = shlex.split(command.removeprefix("$ "))
            called = taxon(*words, *shlex.split(note))
            assert called.exit_code == 0, called.stderr
            said = called.stdout + called.stderr
            for line in shown.splitlines():
                for before, after in FEWER:
                    line = line.replace(before, after)
                assert line == "..." or line.replace("into runs", f"into {tmp_path}/runs") in said, said
    assert commands == 6

    text = Path("between.py").read_text()
    record = json.loads(Path("runs/between-Pendulum-v1-1/run.json").read_text())
    assert record["edited"] == {
        "module": digest(text),
        "file": "between.py",
        "spec": "small",
        "emitted": record["edited"]["emitted"],
        "added": 3,
        "removed": 2,
    }
    assert record["steps_done"] == 320
    report = Path("studies/pessimism/report.html").read_text()
    assert "between (edited)" in report
    assert digest(text) in report
