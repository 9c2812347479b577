"""What is kept between calls is read only where it fits, and nothing depends on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import taxon
from taxon import cache
from taxon.syntax import language

ROOT = Path(taxon.__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a user whose cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache._folder.cache_clear()
    yield tmp_path / "taxon"
    cache._folder.cache_clear()


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_an_entry_comes_back(folder: Path) -> None:
    assert cache.load("a", "text") is None
    cache.save("a", "text", b"one\ntwo")
    assert cache.load("a", "text") == b"one\ntwo"
    assert cache.load("b", "text") is None


def test_an_entry_of_another_text_is_none_and_is_replaced(folder: Path) -> None:
    cache.save("a", "text", b"old")
    assert cache.load("a", "texT") is None
    cache.save("a", "texT", b"new")
    assert (cache.load("a", "text"), cache.load("a", "texT")) == (None, b"new")
    assert len(entries(folder)) == 1


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda data: data[:-1],
    lambda data: data + b"x",
    lambda data: data.replace(b"\n", b""),
    lambda data: b"",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_none(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    cache.save("a", "text", b"data")
    (entry,) = entries(folder)
    entry.write_bytes(damage(entry.read_bytes()))
    assert cache.load("a", "text") is None


def test_text_and_data_are_told_apart(folder: Path) -> None:
    cache.save("a", "te", b"xtdata")
    assert cache.load("a", "text") is None


@pytest.mark.parametrize("place", ["relative/folder", "/dev/null", "/proc/nothing"])
def test_no_folder_keeps_nothing(place: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", place)
    cache._folder.cache_clear()
    cache.save("a", "text", b"data")
    assert cache.load("a", "text") is None
    assert entries(folder) == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_folder_where_others_write_is_not_read(folder: Path) -> None:
    cache.save("a", "text", b"data")
    folder.chmod(0o777)
    cache._folder.cache_clear()
    assert cache.load("a", "text") is None


def test_a_changed_grammar_is_read_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = language.grammar_text()
    language.language.__wrapped__()
    again = language.language.__wrapped__()
    assert len(entries(folder)) == 1
    assert [rule.origin for rule in again.rules] == [rule.origin for rule in language.language().rules]
    monkeypatch.setattr(language, "grammar_text", lambda: text.replace('"algorithm"', '"agent"'))
    changed = language.language.__wrapped__()
    assert "agent" in str(changed.terminals)
    assert "agent" not in str(again.terminals)


CALL = [sys.executable, "-m", "taxon", "emit", "mpo"]


def test_processes_share_a_folder(tmp_path: Path) -> None:
    """Empty at first, full later, or not to be written: the module is the same."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    first = [subprocess.Popen(CALL, env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [process.communicate(timeout=120)[0] for process in first]
    assert entries(tmp_path / "taxon")
    for home in (str(tmp_path), "/dev/null"):
        later = subprocess.run(CALL, env={**env, "XDG_CACHE_HOME": home}, capture_output=True, text=True, check=True)
        assert later.stderr == ""
        printed.append(later.stdout)
    assert printed[0].startswith('"""mpo')
    assert len(set(printed)) == 1
    assert not [path for path in entries(tmp_path / "taxon") if path.name.startswith("tmp")]
