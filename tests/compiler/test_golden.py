"""What is emitted, word for word. TAXON_UPDATE_SNAPSHOTS=1 writes golden/*.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import SPECS, lint, row_of

from taxon.compiler import emit

GOLDEN = Path(__file__).parent / "golden"
UPDATE = bool(os.environ.get("TAXON_UPDATE_SNAPSHOTS"))
KEPT = (
    *("mpo", "mpo_onestep", "mpo_joint", "mpo_tanh", "awr", "awac", "sac", "sac_notanh"),
    *("ppo", "trpo", "vmpo", "td3", "power", "reps", "urex", "mpo_parametric", "sac_forward_kl"),
)
# The kind of actions with which a spec is kept, where its own choice is another.
ACTIONS = {"vmpo": "discrete"}
SHIPPED = sorted(path.stem for path in SPECS.glob("*.tx") if path.stem != "architectures")


@pytest.mark.parametrize("name", KEPT)
def test_golden(name: str) -> None:
    path, text = GOLDEN / f"{name}.py", emit(row_of(name, actions=ACTIONS.get(name)))
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_no_golden_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.py")} == set(KEPT)


def test_shipped_modules_are_clean(tmp_path: Path) -> None:
    """No unused import, name or variable, no long line, laid out as a formatter would; the same text every time."""
    for name in SHIPPED:
        row = row_of(name)
        text = emit(row)
        assert text == emit(row)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        for actions in (
            ("continuous", "discrete") if "when actions" in (SPECS / f"{name}.tx").read_text("utf-8") else ()
        ):
            text = emit(row_of(name, actions=actions))
            (tmp_path / f"{name}_{actions}.py").write_text(text, encoding="utf-8")
    assert lint(tmp_path, "E,F,W,I,UP,B,RUF") == []
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length=120", tmp_path]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout


@pytest.mark.parametrize("name", ["mpo", "sac", "awr", "awac", "ppo", "urex"])
def test_a_name_changes_the_header_alone(name: str) -> None:
    row = row_of(name)
    text, renamed = emit(row).splitlines(), emit(replace(row, name="foo", doc="")).splitlines()
    assert renamed[0] == text[0].replace(f'"""{name}:', '"""foo:')
    # the doc comment is the only other text of a spec that is printed
    assert "\n".join(text).split('"""', 2)[2] == "\n".join(renamed).split('"""', 2)[2]


@pytest.mark.parametrize("name", SHIPPED)
def test_no_algorithm_is_named_in_the_program(name: str) -> None:
    program = emit(row_of(name)).split('"""', 2)[2]
    assert re.findall(r"\b(?:v?mpo|awr|awac|sac|td3|ddpg|trpo|ppo|reps|rwr|urex)", program, re.IGNORECASE) == []
