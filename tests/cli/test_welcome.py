"""`taxon` without arguments: one screen, soon."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli.program import taxon

import taxon as package
from taxon.cli.doctoring import computing, packages
from taxon.cli.main import asked
from taxon.cli.program.welcome import TRY, lines
from taxon.cli.screen.terminal import Screen
from taxon.version import VERSION


def test_one_screen() -> None:
    called = taxon()
    assert (called.exit_code, called.stderr) == (0, "")
    shown = called.stdout.splitlines()
    assert shown[0].startswith(f"taxon {VERSION}: ")
    assert len(shown) <= 24
    assert all(len(line) <= 80 for line in shown)
    assert "\x1b" not in called.stdout
    coloured = list(lines(Screen(80, True)))
    assert len(coloured) == len(shown)
    assert "\x1b[1mtaxon" in coloured[0]


def test_what_it_suggests_can_be_typed() -> None:
    for command, _ in TRY:
        program, name, *words = shlex.split(command)
        assert program == "taxon"
        shown = taxon(name, "--help").stdout
        assert all(word in shown for word in words if word.startswith("--"))


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxon.cli.program.welcome.version_of", lambda name: None)
    shown = list(lines(Screen()))
    assert "torch     not installed" in shown
    assert any("pip install torch" in line for line in shown)


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nsys.argv = ['taxon']\nfrom taxon.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "heavy = {'torch', 'numpy', 'gymnasium', 'rich', 'pydantic', 'matplotlib'} & set(sys.modules)\n"
        "print('imported:', *heavy)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    call = [sys.executable, "-c", code]
    finished = subprocess.run(call, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env)
    assert finished.stdout.splitlines()[-1] == "imported:", finished.stderr


def test_commands_are_imported_where_they_are_meant() -> None:
    assert asked([]) == []
    assert asked(["doctor"]) == ["doctor"]
    assert len(asked(["--help"])) > 10
    assert computing.build() == computing.build()
    assert packages.version_of("typer") is not None
