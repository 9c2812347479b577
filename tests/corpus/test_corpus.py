"""Every spec in good/ is fine; every spec in bad/ gives the codes of its first line and the rendering beside it.

The first line of a bad spec is `# expect: TX001 TX004`, every code once. Pairs of `bad/NAME.tx` and
`good/NAME_fixed.tx` are what `taxon explain` shows; where `taxon check NAME.tx` does not tell, a comment says which
command does: `# $ taxon ...`.
TAXON_UPDATE_SNAPSHOTS=1 writes the .out files.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from cli.program import taxon

from taxon.diagnostics import full
from taxon.diagnostics.model import Diagnostic
from taxon.syntax import parse
from taxon.syntax.reading import read

HERE = Path(__file__).parent
EXPECT = "# expect:"
UPDATE = bool(os.environ.get("TAXON_UPDATE_SNAPSHOTS"))


def findings(path: Path) -> list[Diagnostic]:
    """What is wrong with a file: its syntax alone if it is about syntax, else everything."""
    if path.name.startswith(("syntax_", "tx0")):
        source = read(path)
        return [source] if isinstance(source, Diagnostic) else parse(source)[1]
    from taxon.semantics import check_file

    return check_file(path)


def told(path: Path) -> tuple[list[str], str]:
    """The codes found, and how they are shown."""
    command = re.search(rb"^# \$ taxon (.*)$", path.read_bytes(), re.MULTILINE)
    if command is None:
        found = findings(path)
        return [finding.code.id for finding in found], full.render(found)
    called = taxon(*shlex.split(command[1].decode()))
    shown = called.stderr if called.stdout == "" else called.stdout
    codes = re.findall(r"^(?:error|warning)\[(TX\d+)\]", shown, re.MULTILINE)
    assert bool(codes) == (called.exit_code != 0)
    return codes, shown if codes else ""


def specs(folder: str) -> list[str]:
    return sorted(path.name for path in (HERE / folder).glob("*.tx"))


@pytest.mark.parametrize("name", specs("good"))
def test_good(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "good")
    assert told(Path(name)) == ([], "")


@pytest.mark.parametrize("name", specs("bad"))
def test_bad(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "bad")
    path = Path(name)
    first = path.read_bytes().splitlines()[0].decode()
    assert first.startswith(EXPECT)
    codes, shown = told(path)
    assert sorted(set(codes)) == sorted(first.removeprefix(EXPECT).split())
    snapshot = path.with_suffix(".out")
    if UPDATE:
        snapshot.write_text(shown, encoding="utf-8")
    assert snapshot.read_text(encoding="utf-8") == shown


def test_no_snapshot_is_left_over() -> None:
    bad = HERE / "bad"
    assert {path.stem for path in bad.glob("*.out")} == {path.stem for path in bad.glob("*.tx")}
