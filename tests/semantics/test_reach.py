"""What a stranger's spec may have read: specs, through any folder, and never the text of another file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taxon.diagnostics import full
from taxon.semantics import check_file

SECRET = "token = hunter2"


def shown(path: Path) -> str:
    return full.render(check_file(path))


@pytest.mark.parametrize("name", ["secret.txt", ".env", "../secret.txt", "secret.tx/../secret.txt", "secret.txt\0.tx"])
def test_only_specs_are_imported(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for place in (folder, tmp_path):
        (place / "secret.txt").write_text(SECRET)
        (place / ".env").write_text(SECRET)
    path = folder / "spec.tx"
    path.write_bytes(b'taxon 1\nimport "%s"\n' % name.encode())
    text = shown(path)
    assert "TX103" in text or "TX019" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("target", ["secret.txt", "/etc/hostname", "/dev/zero", "/proc/self/environ", "."])
def test_a_link_to_what_is_no_spec_is_not_followed(target: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "link.tx").symlink_to(target)
    path = tmp_path / "spec.tx"
    path.write_text('taxon 1\nimport "link.tx"\n')
    assert "TX103" in shown(path)
    assert "no .tx file" in shown(path)
    found = check_file(tmp_path / "link.tx")
    assert [finding.code.id for finding in found] == ["TX012"]
    assert "hunter2" not in full.render(found)


def test_a_link_to_a_spec_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.tx").write_text("taxon 1\nimport std.sac\nalgorithm real extends std.sac {\n}\n")
    (tmp_path / "link.tx").symlink_to("real.tx")
    path = tmp_path / "spec.tx"
    path.write_text('taxon 1\nimport "link.tx"\nalgorithm mine extends real {\n}\n')
    assert check_file(path) == []


@pytest.mark.parametrize("name", ["pipe.tx", "folder.tx", "circle.tx"])
def test_what_is_no_file_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tx")
    (tmp_path / "folder.tx").mkdir()
    (tmp_path / "circle.tx").symlink_to("circle.tx")
    path = tmp_path / "spec.tx"
    path.write_text(f'taxon 1\nimport "{name}"\n')
    assert "TX103" in shown(path)


def test_a_suggested_file_is_written_as_a_string(tmp_path: Path) -> None:
    """A name on the disk may hold what would end the string that an edit writes."""
    (tmp_path / 'a"b.tx').write_text("taxon 1\n")
    path = tmp_path / "spec.tx"
    path.write_text('taxon 1\nimport "aab.tx"\n')
    edit = check_file(path)[0].edit
    assert edit is not None
    assert edit.replacement == r'"a\"b.tx"'
