"""docs/policies.md: its commands run after a short training, its code too, and what it shows is what they print.

Figures are those of a longer training: numbers are compared as such, whatever they are.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.program import taxon

from tests.docs.test_tutorial import holds

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
_BLOCK = re.compile(r"^<!-- (trained|shown|python|onnx):?(.*?)-->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def masked(text: str) -> str:
    return re.sub(r"\d[\d,.]*", "#", text)


def printed(command: str, more: str) -> str:
    program, *arguments = [*shlex.split(command.removeprefix("$ ")), *shlex.split(more)]
    if program == "python":
        called = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120)
        assert called.returncode == 0, called.stderr
        return called.stdout
    assert program == "taxon"
    said = taxon(*arguments)
    assert said.exit_code == 0, said.stderr
    return said.stdout


def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    kinds = []
    for kind, more, body in _BLOCK.findall(PAGE.read_text("utf-8")):
        kinds.append(kind)
        if kind in ("python", "onnx"):
            exec(compile(body, str(PAGE), "exec"), names)
            continue
        command, _, shown = body.partition("\n")
        said = printed(command, more)
        assert kind == "trained" or holds(masked(shown), masked(said)), said
    assert kinds == ["trained", "python", "python", *["shown"] * 3, "onnx", "shown", "python", "shown"]
    assert names["total"] > 0
    assert (names["program"](names["torch"].as_tensor(names["observations"])).numpy() == names["actions"]).all()
    assert (tmp_path / "published" / "README.md").is_file()
