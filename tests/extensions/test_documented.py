"""docs/extending.md says what the examples hold, and ends with what each takes."""

from __future__ import annotations

import re

import pytest
from installing import EXAMPLES, NAMES, ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
# What each example is, and the files that such a choice touched before a choice had a block.
BEFORE = {
    "relu_power": ("a weight function", "7"),
    "averaged_returns": ("an estimator", "8 to 9"),
    "laplace": ("a distribution", "about 19"),
    "encoder": ("an encoder", "had no place"),
    "combined_replay": ("a source", "had no place"),
}


def table() -> str:
    """Files and lines of every example: what pyproject, a spec and a README add is not counted."""
    lines = ["| a new choice | files before | files now | lines now | of which tests |", "|---|---|---|---|---|"]
    for name, (what, before) in BEFORE.items():
        files = sorted((EXAMPLES / name).rglob("*.py"))
        count = {file: len(file.read_text("utf-8").splitlines()) for file in files}
        tests = sum(lines for file, lines in count.items() if file.name.startswith("test_"))
        lines.append(f"| {what} (`{name}`) | {before} | {len(files)} | {sum(count.values())} | {tests} |")
    return "\n".join(lines) + "\n"


def test_the_page_ends_with_what_each_takes() -> None:
    assert sorted(BEFORE) == NAMES
    assert PAGE.endswith(f"\n\n{table()}"), table()


@pytest.mark.parametrize("code", re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_its_code_is_that_of_an_example(code: str) -> None:
    assert any(code in path.read_text("utf-8") for path in EXAMPLES.rglob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_a_small_package(name: str) -> None:
    """A project file, a spec, a line about it, and a test of its operator."""
    folder = EXAMPLES / name
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        "pyproject.toml",
        "README.md",
        f"{name}.tx",
        f"test_{name}.py",
    }
    assert len((folder / "README.md").read_text("utf-8").splitlines()) == 1
