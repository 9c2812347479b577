"""Reading files that are not there, not files, or not text."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from taxon.diagnostics import concise, full
from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Source
from taxon.syntax.parser import LARGEST
from taxon.syntax.reading import read


def finding(path: str | Path) -> Diagnostic:
    found = read(path)
    assert isinstance(found, Diagnostic)
    assert full.render([found])
    assert concise.render([found]).count("\n") == 1
    return found


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.tx"
    path.write_bytes("\ufefftaxon 1\r\n# \u03c0\r".encode())
    source = read(path)
    assert source == Source(str(path), "\ufefftaxon 1\r\n# \u03c0\r")


@pytest.mark.parametrize("name", ["missing.tx", "", "a\0b", "x" * 5000, "."])
def test_no_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert finding(name).code.id == "TX012"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tx")
    assert finding(tmp_path / "pipe.tx").code.id == "TX012"


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal is raised here, since root may read everything."""
    path = tmp_path / "a.tx"
    path.write_text("taxon 1")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    found = finding(path)
    assert found.code.id == "TX012"
    assert "permission denied" in found.message


def test_not_utf8_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.tx"
    path.write_bytes(b"taxon 1 \xe9")
    found = finding(path)
    assert found.code.id == "TX013"
    assert "byte 8 is 0xe9" in found.message


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.tx"
    path.write_bytes(b" " * LARGEST)
    assert isinstance(read(path), Source)
    path.write_bytes(b" " * (LARGEST + 1))
    assert finding(path).code.id == "TX011"
