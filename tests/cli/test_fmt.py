"""taxon fmt: what it writes, what it leaves alone, and that no file is ever lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from program import Called, program, taxon
from typer.testing import CliRunner

from taxon.semantics import check_file

ROOT = Path(__file__).parents[2]
UGLY = "taxon 1\nalgorithm a {\n  pi_q=sg # why\n  η = 1M\n}\n"
STYLED = "taxon 1\nalgorithm a {\n  pi_q = sg # why\n  eta  = 1M\n}\n"


@pytest.fixture
def ugly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a file to format, one in the style, and some that cannot be formatted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "styled.tx").write_text(STYLED, "utf-8")
    (tmp_path / "wrong.tx").write_text("taxon 1\nalgorithm a {\n  x=\n", "utf-8")
    (tmp_path / "latin.tx").write_bytes(b"taxon 1\n# caf\xe9\n")
    (tmp_path / "ugly.tx").write_text(UGLY, "utf-8")
    return tmp_path / "ugly.tx"


def filtered(text: bytes, *options: str) -> Called:
    result = CliRunner().invoke(program(("fmt",)), ["fmt", "-", *options], input=text)
    return Called(result.exit_code, result.stdout, result.stderr)


def test_files_are_rewritten(ugly: Path) -> None:
    assert taxon("fmt", ugly, "styled.tx") == Called(0, "", "")
    assert ugly.read_text("utf-8") == STYLED
    assert sorted(path.name for path in ugly.parent.iterdir()) == ["latin.tx", "styled.tx", "ugly.tx", "wrong.tx"]


def test_a_file_in_the_style_is_not_touched(ugly: Path) -> None:
    before = os.stat("styled.tx")
    assert taxon("fmt", "styled.tx").exit_code == 0
    after = os.stat("styled.tx")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_line_ends_are_rewritten(ugly: Path) -> None:
    ugly.write_bytes(b"\xef\xbb\xbf" + STYLED.replace("\n", "\r\n").encode())
    assert taxon("fmt", "--check", ugly).exit_code == 1
    assert taxon("fmt", ugly).exit_code == 0
    assert ugly.read_bytes() == STYLED.encode()


@pytest.mark.parametrize("lines", ["all", "one", "comment"])
def test_a_carriage_return_is_no_style(ugly: Path, lines: str) -> None:
    """Of a file that is in the style but for how its lines end, all of them or some."""
    ends = {
        "all": STYLED.replace("\n", "\r\n"),
        "one": STYLED.replace("{\n", "{\r\n"),
        "comment": STYLED.replace("y\n", "y\r\n"),
    }
    ugly.write_bytes(ends[lines].encode())
    assert taxon("fmt", "--check", ugly) == Called(1, f"{ugly}\n", "")
    assert filtered(ends[lines].encode(), "--check") == Called(1, "<stdin>\n", "")
    assert taxon("fmt", ugly) == Called(0, "", "")
    assert ugly.read_bytes() == STYLED.encode()


def test_check_names_what_would_change(ugly: Path) -> None:
    assert taxon("fmt", "--check", "styled.tx", "ugly.tx") == Called(1, "ugly.tx\n", "")
    assert taxon("fmt", "--check", "styled.tx") == Called(0, "", "")
    assert ugly.read_text("utf-8") == UGLY


@pytest.mark.parametrize("text", [UGLY, STYLED.rstrip("\n"), STYLED.replace("\n", "\r\n")])
def test_a_difference_is_a_patch(ugly: Path, text: str) -> None:
    ugly.write_bytes(text.encode())
    result = taxon("fmt", "--diff", "ugly.tx", "styled.tx")
    assert (result.exit_code, result.stderr) == (0, "")
    assert ugly.read_bytes() == text.encode()
    assert taxon("fmt", "--diff", "--check", "ugly.tx") == Called(1, result.stdout, "")
    if shutil.which("patch") is None:
        assert result.stdout.startswith("--- ugly.tx\n+++ ugly.tx\n@@ ")
        return
    patch = CliRunner().invoke(program(("fmt",)), ["fmt", "--diff", "ugly.tx"]).stdout_bytes
    subprocess.run(["patch", "--binary", "-s", "ugly.tx"], input=patch, check=True, timeout=60)
    assert ugly.read_text("utf-8") == STYLED


def test_greek(ugly: Path) -> None:
    assert taxon("fmt", "--unicode", ugly).exit_code == 0
    assert "  π_q = sg # why\n  η   = 1M\n" in ugly.read_text("utf-8")
    assert taxon("fmt", ugly).exit_code == 0
    assert ugly.read_text("utf-8") == STYLED


def test_standard_input() -> None:
    assert filtered(UGLY.encode()) == Called(0, STYLED, "")
    assert filtered(STYLED.encode()) == Called(0, STYLED, "")
    assert filtered(UGLY.encode(), "--unicode").stdout == STYLED.replace("pi_q = ", "π_q = ").replace("eta  =", "η   =")
    assert filtered(UGLY.encode(), "--check") == Called(1, "<stdin>\n", "")
    assert filtered(UGLY.encode(), "--diff").stdout.startswith("--- <stdin>\n+++ <stdin>\n@@ ")


@pytest.mark.parametrize(
    ("text", "exit_code", "code"),
    [(b"taxon 1\nalgorithm {", 1, "TX001"), (b"", 1, "TX004"), (b"\xff", 2, "TX013"), (b"#" * 70_000, 2, "TX011")],
)
def test_standard_input_that_is_no_spec(text: bytes, exit_code: int, code: str) -> None:
    result = filtered(text)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert code in result.stderr


@pytest.mark.parametrize(
    ("name", "exit_code", "code"),
    [("wrong.tx", 1, "TX001"), ("latin.tx", 2, "TX013"), ("missing.tx", 2, "TX012")],
)
def test_what_cannot_be_formatted(ugly: Path, name: str, exit_code: int, code: str) -> None:
    """It is left as it is, and the others are formatted nevertheless."""
    before = Path(name).read_bytes() if Path(name).is_file() else None
    result = taxon("fmt", name, "ugly.tx")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert code in result.stderr
    assert (Path(name).read_bytes() if Path(name).is_file() else None) == before
    assert ugly.read_text("utf-8") == STYLED


def test_a_folder_stands_for_the_files_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.tx", "a.tx", "deep/er/c.tx", "deep/a.tx", ".hidden/h.tx", "notes.md", "d.tx.orig"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(UGLY, "utf-8")
    (tmp_path / "deep" / "up").symlink_to("..")
    every = "a.tx\nb.tx\ndeep/a.tx\ndeep/er/c.tx\n"
    assert taxon("fmt", "--check", ".") == Called(1, every, "")
    assert taxon("fmt", "--check", "deep", ".", tmp_path / "b.tx", "b.tx").stdout.splitlines() == [
        *("deep/a.tx", "deep/er/c.tx", "a.tx", "b.tx")
    ]
    assert taxon("fmt", "b.tx", tmp_path) == Called(0, "", "")
    assert {path.name for path in tmp_path.rglob("*") if path.is_file() and path.read_text("utf-8") == UGLY} == {
        *("h.tx", "notes.md", "d.tx.orig")
    }


def test_a_folder_without_specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and what else is named is formatted nevertheless."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    (tmp_path / "empty" / ".git" / "a.tx").write_text(UGLY, "utf-8")
    (tmp_path / "ugly.tx").write_text(UGLY, "utf-8")
    result = taxon("fmt", "empty", "ugly.tx")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0] == "error[TX012]: `empty` is a folder without .tx files"
    assert "help: name a file, or another folder" in result.stderr
    assert (tmp_path / "ugly.tx").read_text("utf-8") == STYLED


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = taxon("fmt", tmp_path)
    assert result.exit_code == 2
    assert f"`{tmp_path}` cannot be read: permission denied" in result.stderr


def test_what_a_spec_means_is_not_asked(ugly: Path) -> None:
    ugly.write_text("taxon 1\nalgorithm a extends nobody { nothing=1 }\n")
    assert taxon("fmt", ugly) == Called(0, "", "")
    assert "{ nothing = 1 }" in ugly.read_text()


def test_permissions_stay(ugly: Path) -> None:
    ugly.chmod(0o640)
    assert taxon("fmt", ugly).exit_code == 0
    assert ugly.stat().st_mode & 0o7777 == 0o640


def test_a_link_stays_a_link(ugly: Path) -> None:
    (ugly.parent / "folder").mkdir()
    link = ugly.parent / "folder" / "link.tx"
    link.symlink_to("../ugly.tx")
    assert taxon("fmt", link).exit_code == 0
    assert link.is_symlink()
    assert ugly.read_text("utf-8") == STYLED
    assert list(link.parent.iterdir()) == [link]


def test_a_failed_write_loses_nothing(ugly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = taxon("fmt", ugly)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be written: no space left on device" in result.stderr
    assert ugly.read_text("utf-8") == UGLY
    assert len(list(ugly.parent.iterdir())) == 4


def test_a_file_that_may_not_be_written(ugly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename would do it, and root may do anything: what the permissions say is asked."""
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    result = taxon("fmt", ugly)
    assert result.exit_code == 2
    assert "cannot be written: permission denied" in result.stderr
    assert ugly.read_text("utf-8") == UGLY


@pytest.mark.parametrize("folder", ["specs", "examples", "tests/corpus/good", "tests/corpus/bad"])
def test_check_says_the_same_of_what_is_formatted(folder: str, tmp_path: Path) -> None:
    """Imports included, so all files of a folder are formatted before any is checked."""
    shutil.copytree(ROOT / folder, tmp_path / "here")
    files = sorted((tmp_path / "here").glob("*.tx"))
    some = files[::3]  # a check takes its time
    before = {file: codes(file) for file in some}
    result = taxon("fmt", "--unicode", *files)
    assert result.exit_code == (1 if "corpus" in folder else 0), result.stderr  # the corpus holds syntax errors
    assert any("π_" in file.read_text("utf-8", "replace") for file in files)
    assert {file: codes(file) for file in some} == before


def codes(file: Path) -> list[str]:
    return sorted(finding.code.id for finding in check_file(str(file)))


def test_a_folder_reaches_no_file_elsewhere(tmp_path: Path) -> None:
    """A stranger's folder may hold a link to the user's own specs; one inside of it is followed."""
    (tmp_path / "mine.tx").write_text(UGLY)
    folder = tmp_path / "theirs"
    (folder / "inner").mkdir(parents=True)
    (folder / "link.tx").symlink_to("../mine.tx")
    (folder / "theirs.tx").write_text(UGLY)
    (folder / "inner" / "near.tx").symlink_to("../theirs.tx")
    assert taxon("fmt", folder).exit_code == 0
    assert (tmp_path / "mine.tx").read_text() == UGLY
    assert (folder / "theirs.tx").read_text() != UGLY
    assert (folder / "inner" / "near.tx").is_symlink()
