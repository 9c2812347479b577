"""The site is built without a warning, its links lead somewhere, and it fetches nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from browser import Tab, chromium
from PIL import Image

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
        self.classes: Counter[str] = Counter()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {given["id"]} if given.get("id") else set()
        self.links += [given["href"]] if tag == "a" and given.get("href") else []
        self.fetched += [
            source for name in ("src", "href") if tag in ("script", "link", "img") and (source := given.get(name))
        ]
        self.formulas += tag == "math"
        self.classes.update((given.get("class") or "").split())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages lie."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", f"{folder}/doctrees"]
    done = subprocess.run([*command, DOCS, folder / "html"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


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


def test_formulas_are_written_out(site: Path, pages: dict[Path, Page]) -> None:
    derived = [page for path, page in pages.items() if path.parent.name == "derivations" and path.stem != "index"]
    assert derived
    assert all(page.formulas > 20 for page in derived)
    assert pages[site / "reference/choices/pi_q.update.html"].formulas > 10


def test_code_is_coloured_and_copied(site: Path, pages: dict[Path, Page]) -> None:
    front = pages[site / "index.html"]
    assert front.classes["highlight-tx"] == 1
    assert {"kd", "nc", "na", "nf"} <= front.classes.keys()
    assert any("copybutton" in source for source in front.fetched)
    code = pages[site / "reference/codes/tx301.html"]
    assert code.classes["wrong"] == code.classes["right"] == 2
    assert code.classes["gr"] > 2
    assert code.classes["err"] == 0
    assert pages[site / "reference/codes/tx006.html"].classes["err"] > 0


def test_wide_tables_can_be_cards(site: Path, pages: dict[Path, Page]) -> None:
    table = pages[site / "reference/specs/index.html"]
    assert {"cards", "dense"} <= table.classes.keys()
    assert table.classes["column"] > 100


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Page]) -> None:
    assert not [source for page in pages.values() for source in page.fetched if re.match(r"(https?:)?//", source)]


def test_pages_are_light(site: Path) -> None:
    assert {path.name for path in site.rglob("*.html") if path.stat().st_size > 300_000} == set()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    if shutil.which("chromium") is None:
        pytest.skip("needs Chromium")
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


# Elements with a vertical scrollbar that is no part of the theme's frame.
BARS = """[...document.querySelectorAll("article *")].filter(each => {
  const overflow = getComputedStyle(each).overflowY;
  return (overflow === "auto" || overflow === "scroll") && each.scrollHeight > each.clientHeight;
}).length"""
WIDTH = "document.documentElement.scrollWidth"
HEIGHT = "document.documentElement.scrollHeight"
PARTS = """[...document.querySelectorAll("table.dense td")].filter(
  cell => cell.getBoundingClientRect().right > innerWidth).length"""
BRACKETS = """[...document.querySelectorAll("mrow > mo:first-child")].map(mo => {
  const fraction = mo.parentElement.querySelector(":scope > mfrac");
  return fraction && [mo.getBoundingClientRect().height, fraction.getBoundingClientRect().height];
}).filter(Boolean)"""


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_in_a_browser(width: int, site: Path, tab: Tab) -> None:
    """The longest ones: without stray scrollbars, not wider than the window, and of a bounded height."""
    every = sorted(site.rglob("*.html"), key=lambda path: path.stat().st_size, reverse=True)
    for path in [*every[:10], site / "index.html", site / "reference/derivations/mpo.html"]:
        tab.open(path.as_uri(), width)
        assert tab.value(BARS) == 0, path
        assert tab.value(WIDTH) <= width, path
        assert tab.value(HEIGHT) < (15_000 if width > 600 else 30_000), path


def test_a_row_of_table_1_is_whole_on_a_phone(site: Path, tab: Tab) -> None:
    tab.open((site / "reference/specs/index.html").as_uri(), 390)
    assert tab.value(PARTS) == 0
    assert tab.value("document.querySelectorAll('table.dense td').length") > 100


def test_brackets_grow_with_what_they_hold(site: Path, tab: Tab) -> None:
    tab.open((site / "reference/derivations/mpo.html").as_uri())
    heights = tab.value(BRACKETS)
    assert heights
    assert all(bracket >= 0.9 * fraction for bracket, fraction in heights)


@pytest.mark.parametrize(
    ("scheme", "theme", "paper"),
    [("light", "auto", 254), ("dark", "auto", 20), ("light", "dark", 20), ("dark", "light", 254)],
)
def test_pictures_follow_the_page(scheme: str, theme: str, paper: int, site: Path, tab: Tab) -> None:
    """The corner of the curve on the front page, by the reader's scheme or by the page's own switch."""
    tab.open((site / "index.html").as_uri(), scheme=scheme)
    left, top = tab.value(
        f"""(async () => {{
          document.body.dataset.theme = "{theme}";
          const image = document.querySelector("article img");
          await image.decode();
          image.scrollIntoView();
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          const box = image.getBoundingClientRect();
          return [box.left, box.top];
        }})()"""
    )
    with Image.open(BytesIO(tab.picture())) as seen:
        corner = seen.convert("RGB").getpixel((int(left) + 4, int(top) + 4))
    assert isinstance(corner, tuple)
    assert all(abs(part - paper) < 4 for part in corner)


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        ("pi_q.update", "reference/choices/pi_q.update.html"),
        ("G.estimate", "reference/choices/G.estimate.html"),
        ("TX301", "reference/codes/tx301.html"),
        ("taxon study", "reference/command-line/study.html"),
    ],
)
def test_search_finds_the_page_of_a_name_first(asked: str, page: str, site: Path, tab: Tab) -> None:
    tab.open(f"{(site / 'search.html').as_uri()}?q={asked}")
    found = tab.value(
        """new Promise(resolve => {
          const look = () => {
            const first = document.querySelector("#search-results li a");
            first ? resolve(first.getAttribute("href")) : setTimeout(look, 50);
          };
          look();
        })"""
    )
    assert found.split("?")[0].split("#")[0] == page
