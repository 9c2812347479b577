"""README.md, PACKAGE.md and docs/overview.md: their specs are checked, a module is what its spec becomes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from cli.program import taxon
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PACKAGE = (ROOT / "PACKAGE.md").read_text("utf-8")
OVERVIEW = (ROOT / "docs" / "overview.md").read_text("utf-8")


def shown(kind: str, page: str) -> str:
    (body,) = re.findall(rf"^<!-- {kind} -->\n```\w*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return str(body)


@pytest.mark.parametrize("page", [README, PACKAGE, OVERVIEW], ids=["README", "PACKAGE", "overview"])
@pytest.mark.parametrize("command", ["check", "fmt --check"])
def test_the_spec_is_fine(command: str, page: str, tmp_path: Path) -> None:
    (tmp_path / "shown.tx").write_text(shown("spec", page), "utf-8")
    assert taxon(*command.split(), str(tmp_path / "shown.tx")).exit_code == 0


def test_the_module_is_what_it_becomes(tmp_path: Path) -> None:
    (tmp_path / "shown.tx").write_text(shown("spec", OVERVIEW), "utf-8")
    assert shown("module", OVERVIEW) in taxon("emit", str(tmp_path / "shown.tx")).stdout


def test_the_readme_is_one_screen() -> None:
    assert len(README.splitlines()) < 60
    assert README.count("![") == 1


def test_the_commands_of_the_readme_are_run_from_it() -> None:
    """What stands after these marks is executed elsewhere: the first on a clean checkout, the second by .ci/run."""
    for kind in ("train", "tests"):
        assert shown(kind, README).startswith("python3 -m venv .venv && ")
        assert shown(kind, README).count("\n") == 1


def test_the_three_commands_say_what_the_readme_says() -> None:
    different = taxon("diff", "sac", "sac_el")
    assert different.exit_code == 1
    assert "same algorithm, same implementation; 4 code-level differences" in different.stdout
    assert taxon("emit", "sac_el").exit_code == 0


def test_what_an_index_shows_needs_no_repository() -> None:
    """Its pictures and links would lead nowhere there."""
    assert "](" not in PACKAGE
    assert "<img" not in PACKAGE
    html = MarkdownIt("commonmark").enable("table").render(PACKAGE)
    assert html.count("<pre>") == PACKAGE.count("\n```\n") / 2
    assert "<table>" in html


def test_the_extras_are_listed() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    listed = set(re.findall(r"^\| `taxon-rl\[(\w+)\]` \|", PACKAGE, re.MULTILINE))
    assert listed == extras.keys() - {"docs", "dev"}
    assert "](PACKAGE.md)" in README
