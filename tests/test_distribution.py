"""What is installed: the distribution is `taxon-rl`, since `taxon` in the registry is another project's package."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from taxon.version import VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FILES = ("README.md", "PACKAGE.md", "pyproject.toml", "constraints.txt")
FOLDERS = ("taxon", "docs", "benchmarks", "editors", "examples", "specs")
MADE = {"node_modules", "_build", "__pycache__", "_data"}

# An installer's word with `taxon` itself among its arguments, or an extra of it; a path to the command is neither.
ANOTHER_PROJECT = re.compile(
    r"""\b(?:install|add|uvx|pipx\ run)\s(?:[^\n`&|;]*?[ \t'"`])?taxon(?![\w./-])
    |(?<![\w./-])taxon\[(?:lsp|docs|dev|ray)""",
    re.VERBOSE,
)


def texts() -> list[Path]:
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [*(ROOT / name for name in FILES), *(path for path in below if not MADE & set(path.parts))]


def test_nothing_says_to_install_the_other_project() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in texts()
        for match in ANOTHER_PROJECT.finditer(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("pip install taxon", True),
        ("pip install -q 'taxon[lsp]'", True),
        ("python -m pip install torch taxon", True),
        ("uv add taxon", True),
        ('"taxon[lsp,docs]"', True),
        ("pip install 'taxon-rl[lsp]'", False),
        ("pip install -e . && .venv/bin/taxon run sac", False),
        ("pip install -e . && taxon run sac", False),
        ("taxon --install-completion", False),
    ],
)
def test_what_counts_as_saying_so(text: str, refused: bool) -> None:
    assert bool(ANOTHER_PROJECT.search(text)) is refused


def test_readme_activates_the_environment_before_it_says_taxon() -> None:
    """Its first command uses the environment's own paths, what follows is typed as it stands."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    made = next(at for at, block in enumerate(blocks) if "python3 -m venv .venv" in block)
    typed = [at for at, block in enumerate(blocks) if at > made and re.match(r"(\$ )?taxon [a-z]", block)]
    activated = next(at for at, block in enumerate(blocks) if block.startswith("source .venv/bin/activate\n"))
    assert made < activated <= min(typed, default=len(blocks))


def test_the_distribution() -> None:
    project = PROJECT["project"]
    assert project["name"] == "taxon-rl"
    assert project["scripts"] == {"taxon": "taxon.cli.main:main"}
    assert "taxon-rl[lsp,docs,parquet,tune,onnx,hub]" in project["optional-dependencies"]["dev"]


def test_the_version_is_the_one_that_a_build_reads() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert runpy.run_path(str(ROOT / PROJECT["tool"]["hatch"]["version"]["path"]))["VERSION"] == VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
