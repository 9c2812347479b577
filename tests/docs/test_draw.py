"""docs/draw.py: an entry's base and modifiers each count, and the picture of the page is one of these choices."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import draw
import pytest
from cli.program import taxon

from taxon.diagnostics.source import Source
from taxon.syntax import parse

DOCS = Path(draw.__file__).parent
DOCUMENT: dict[str, Any] = {
    "entries": [
        {"factor": "pi_p.update", "entry": "sg", "coherent": 3},
        {"factor": "pi_p.update", "entry": "sg + mixture", "coherent": 4},
        {"factor": "pi_p.update", "entry": "fixed", "coherent": 0},
        {"factor": "G", "entry": "eta * log(r)", "coherent": 7},
        {"factor": "pi_theta", "entry": "softmax", "coherent": 7},
    ],
    "together": [
        {"entries": {"pi_p.update": "sg", "G": "eta * log(r)"}, "coherent": 3},
        {"entries": {"pi_p.update": "sg + mixture", "G": "eta * log(r)"}, "coherent": 4},
    ],
}


def test_an_entry_counts_for_its_base_and_for_each_modifier() -> None:
    groups, counts = draw.choices(DOCUMENT)
    assert groups == {"pi_p.update": ["sg", "+ mixture"], "G": ["eta * log(r)"], "pi_theta": ["softmax"]}
    worth = ("G", "eta * log(r)")
    assert counts == {
        frozenset((("pi_p.update", "sg"), worth)): 7,
        frozenset((("pi_p.update", "+ mixture"), worth)): 4,
    }


def test_it_is_drawn() -> None:
    text = draw.pairs(DOCUMENT).decode()
    assert "<svg" in text
    assert "+ mixture" in text


@pytest.mark.parametrize("picture", ["space", "front"])
def test_the_pictures_of_the_pages_are_there(picture: str) -> None:
    text = (DOCS / "pictures" / f"{picture}.svg").read_text("utf-8")
    assert "prefers-color-scheme: dark" in text


def test_the_picture_of_the_space_has_the_choices_of_its_page() -> None:
    page = (DOCS / "space.md").read_text("utf-8").partition("## The entries")[2].partition("\n## ")[0]
    entries = re.findall(r"^\| `[\w.]+` \| `([^`]+)` \|", page, re.MULTILINE)
    shown = re.findall(r">([^<]+)</text>", (DOCS / "pictures" / "space.svg").read_text("utf-8"))
    assert {term for entry in entries for term in draw.terms(entry)} <= set(shown)


def test_the_spec_of_the_front_page_is_fine(tmp_path: Path) -> None:
    shown = re.findall(r"^```tx\n(.*?)^```$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(shown) == 1
    (tmp_path / "cartpole.tx").write_text(shown[0], "utf-8")
    for command in (["check", "--env", "CartPole-v1"], ["fmt", "--check"]):
        assert taxon(*command, str(tmp_path / "cartpole.tx")).exit_code == 0
    (declared,) = parse(Source("cartpole.tx", shown[0]))[0].declarations
    assert f">{declared.name.text} (n = 3)<" in (DOCS / "pictures" / "front.svg").read_text("utf-8")
