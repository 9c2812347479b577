"""The files taxon reads are found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxon import data


def test_checkout() -> None:
    assert data.specs_dir() == Path(data.__file__).parent.parent / "specs"
    assert "algorithm" in data.grammar_text()


def test_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_data" / "specs").mkdir(parents=True)
    monkeypatch.setattr(data, "_PACKAGE", tmp_path)
    assert data.specs_dir() == tmp_path / "_data" / "specs"
