"""Heat maps of what goes together, and pictures that follow the reader's colour scheme."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from taxon.figures.heat import FAINTEST, heat, shade
from taxon.figures.style import INK, PAPER, image
from taxon.figures.themed import themed

GROUPS = {"q": ["a", "b"], "p": ["c"], "G": ["d", "e"]}
COUNTS = {
    frozenset((("q", "a"), ("p", "c"))): 100,
    frozenset((("q", "a"), ("G", "d"))): 1,
    frozenset((("p", "c"), ("G", "e"))): 10,
}


def test_shades_are_logarithmic() -> None:
    assert (shade(1, 100), shade(100, 100)) == (FAINTEST, 1)
    assert shade(10, 100) == pytest.approx((FAINTEST + 1) / 2)
    assert shade(1, 1) == 1


def test_every_two_groups_have_a_block() -> None:
    (axes,) = heat(GROUPS, COUNTS, "both").axes
    (drawn,) = axes.images
    opacity = np.asarray(drawn.get_array())[..., 3]
    middle = shade(10, 100)
    assert opacity == pytest.approx(np.array([[1, 0, 0], [FAINTEST, 0, 0], [0, 0, middle]]))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["c", "d", "e"]
    dots = axes.lines[0]
    assert set(zip(*dots.get_data(), strict=True)) == {(1, 0), (1, 1), (2, 1), (0, 2), (1, 2)}
    texts = [text.get_text() for text in axes.texts]
    assert set(GROUPS) <= set(texts)
    assert {"both", "1", "10", "100", "none"} <= set(texts)


def test_a_picture_has_light_and_dark() -> None:
    text = themed(image(lambda: heat(GROUPS, COUNTS, "both"), "svg")).decode()
    sheet = re.search(r"<style>(.*?)</style>", text)
    assert sheet is not None
    assert text.index("<style>") < text.index("<defs>")
    assert f"--ink: {INK}" in sheet[1]
    assert f"--paper: {PAPER}" in sheet[1]
    rest = text.replace(sheet[0], "")
    assert INK not in rest
    assert "var(--ink)" in rest
    light, dark = sheet[1].split("@media (prefers-color-scheme: dark)")
    assert light.count("--") == dark.count("--") == 4
    ElementTree.fromstring(text)
