"""Every link between the pages, the README and the repository's files leads somewhere, and every page is reached."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from writers.markdown import anchor

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
_FENCED = re.compile(r"^(`{3,})[^\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return _FENCED.sub("", path.read_text("utf-8"))


@cache
def anchors(path: Path) -> frozenset[str]:
    """The anchors of a page's headings."""
    headings = [anchor(line) for line in re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)]
    assert len(set(headings)) == len(headings), f"{path} has two headings with one anchor"
    return frozenset(headings)


def links(path: Path) -> list[str]:
    return _LINK.findall(re.sub(r"`[^`\n]*`", "`", prose(path)))


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        if re.match(r"https?:", link):
            continue
        target, _, fragment = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.is_file(), link
        assert not fragment or fragment in anchors(file), link


def entries(path: Path) -> list[Path]:
    """The pages that the tables of contents of a page name."""
    names = [
        line
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for line in tree.splitlines()
        if line and not line.startswith(":")
    ]
    return [path.parent / f"{name.removesuffix('.md')}.md" for name in names]


def test_every_page_is_in_a_table_of_contents() -> None:
    reached: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        assert page not in reached, f"{page} is listed twice"
        reached.add(page)
        waiting += entries(page)
    assert reached == set(PAGES)


def test_the_readme_leads_to_the_start_page() -> None:
    assert "docs/index.md" in links(ROOT / "README.md")
