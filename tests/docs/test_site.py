"""The site is built without a warning, its links lead somewhere, and it fetches nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("sphinx")
DOCS = Path(__file__).parents[2] / "docs"


class Page(HTMLParser):
    """The anchors of a page, and what it links to and fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.formulas = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {given["id"]} if given.get("id") else set()
        self.links += [given["href"]] if tag == "a" and given.get("href") else []
        self.fetched += [
            source for name in ("src", "href") if tag in ("script", "link", "img") and (source := given.get(name))
        ]
        self.formulas += tag == "math"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", f"{folder}/doctrees"]
    done = subprocess.run([*command, DOCS, folder / "html"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return {path: Page(path.read_text("utf-8")) for path in (folder / "html").rglob("*.html")}


def test_links_lead_somewhere(pages: dict[Path, Page]) -> None:
    followed = 0
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"(https?|mailto):", link):
                continue
            target, _, fragment = unquote(link).partition("#")
            file = (path.parent / target).resolve() if target else path
            assert file.is_file(), (path, link)
            if fragment and file in pages:
                assert fragment in pages[file].ids, (path, link)
                followed += 1
    assert followed > 1000


def test_formulas_are_written_out(pages: dict[Path, Page]) -> None:
    derived = [page for path, page in pages.items() if path.parent.name == "derivations" and path.stem != "index"]
    assert derived
    assert all(page.formulas > 20 for page in derived)


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Page]) -> None:
    assert not [source for page in pages.values() for source in page.fetched if re.match(r"(https?:)?//", source)]
