"""README.md: its spec is checked, and the lines of a module beside it are those that the spec becomes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli.program import taxon

PAGE = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def shown(kind: str) -> str:
    (body,) = re.findall(rf"^<!-- {kind} -->\n```\w*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(body)


@pytest.mark.parametrize("command", ["check", "fmt --check"])
def test_the_spec_is_fine(command: str, tmp_path: Path) -> None:
    (tmp_path / "shown.tx").write_text(shown("spec"), "utf-8")
    assert taxon(*command.split(), str(tmp_path / "shown.tx")).exit_code == 0


def test_the_module_is_what_it_becomes(tmp_path: Path) -> None:
    (tmp_path / "shown.tx").write_text(shown("spec"), "utf-8")
    assert shown("module") in taxon("emit", str(tmp_path / "shown.tx")).stdout
