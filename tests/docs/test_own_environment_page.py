"""docs/own_environment.md: its file is written, its commands are run in its order, and the agent has learned."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gymnasium
import pytest
from page_blocks import blocks, holds, printed

PAGE = Path(__file__).parents[2] / "docs" / "own_environment.md"


def test_an_empty_file_becomes_a_trained_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    commands = []
    try:
        for block in blocks(PAGE.read_text("utf-8")):
            if block.kind == "file":
                Path(block.note).write_text(block.body, "utf-8")
            elif block.body.startswith("$ "):
                said = printed(block, capsys)
                commands.append(block.command[1])
                assert block.kind == "trained" or holds(block.shown, said), said
    finally:
        sys.modules.pop("crossing", None)
        gymnasium.registry.pop("Crossing-v0", None)
    assert commands == ["env", "check", "run", "eval", "env"]
    assert (tmp_path / "crossing.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "crossing.mp4").exists()
    lines = map(json.loads, (tmp_path / "runs" / "crossing" / "metrics.jsonl").read_text().splitlines())
    returns = [line["return"] for line in lines if line["kind"] == "evaluation"]
    assert returns[-1] > -60 > -80 > returns[0]
