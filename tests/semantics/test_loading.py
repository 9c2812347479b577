"""A shipped spec is parsed once in a process, and what is read in its place is not taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxon.semantics import loading
from taxon.semantics.loading import load, shipped_path

TEXT = "taxon 1\n\nalgorithm mine extends std.sac {\n  gamma = 0.9\n}\n"


def read(text: str, texts: dict[Path, str]) -> loading.Library:
    file = Path("mine.tx").resolve()
    return load(file, "mine.tx", {file: text, **texts})


def test_a_shipped_spec_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = shipped_path("sac").resolve()
    one = read(TEXT, {})
    parsed: list[str] = []
    parse = loading.parse
    monkeypatch.setattr(loading, "parse", lambda source: (parsed.append(source.name), parse(source))[1])
    other = read(TEXT.replace("0.9", "0.8"), {})
    assert parsed == ["mine.tx"]
    assert other.units[shipped].file is one.units[shipped].file
    assert other.units[shipped].diagnostics is not one.units[shipped].diagnostics


def test_a_text_in_its_place_is_read() -> None:
    shipped = shipped_path("sac").resolve()
    read(TEXT, {})
    other = read(TEXT, {shipped: "taxon 1\n\nalgorithm sac {\n  gamma = \n}\n"})
    assert other.units[shipped].diagnostics
    assert not other.units[shipped].complete
    assert read(TEXT, {}).units[shipped].complete
