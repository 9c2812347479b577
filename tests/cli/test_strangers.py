"""What the commands print of a stranger's files: nothing that drives a terminal, nothing of a file that is no spec."""

from __future__ import annotations

from pathlib import Path

from cli.program import taxon

from taxon.cli.arguments.sides import LARGEST_RECORD
from taxon.diagnostics.visible import hidden
from taxon.semantics import canonical, load_spec, row_hash

SECRET = "token = hunter2"


def test_the_origin_of_a_value_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "spec.tx"
    path.write_text(
        "taxon 1\nimport std.sac\nalgorithm mine extends std.sac {\n"
        '  when env = "Pendulu[m\\r\\n\\t]-v1" { gamma = 0.5 }\n}\n'
    )
    called = taxon("show", path, "--origin", "--env", "Pendulum-v1")
    (line,) = [line for line in called.stdout.split("\n") if line.startswith("gamma")]
    assert 'when env = "Pendulu[m\\r\\n\\t]-v1"' in line
    assert all(hidden(line) is None for line in called.stdout.split("\n"))


def run(folder: Path, record: str = "") -> Path:
    row = load_spec("sac").row
    assert row is not None
    (folder / "run.json").write_text(record or f'{{"row": "{row_hash(row)}"}}')
    (folder / "resolved.tx").write_text(canonical(row))
    return folder


def test_a_run_of_a_stranger_is_compared(tmp_path: Path) -> None:
    assert taxon("diff", run(tmp_path), "sac").exit_code == 0


def test_a_record_is_read_up_to_a_size(tmp_path: Path) -> None:
    called = taxon("diff", run(tmp_path, " " * (LARGEST_RECORD + 1)), "sac")
    assert called.exit_code == 2
    assert "is larger than" in called.stderr


def test_a_link_in_a_run_shows_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    folder = tmp_path / "run"
    folder.mkdir()
    run(folder)
    (folder / "resolved.tx").unlink()
    (folder / "resolved.tx").symlink_to(tmp_path / "secret")
    called = taxon("diff", folder, "sac")
    assert called.exit_code == 2
    assert "resolved.tx is a link, where a run has a file" in called.stderr
    assert "hunter2" not in called.stdout + called.stderr
