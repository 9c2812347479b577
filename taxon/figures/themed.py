"""A figure as SVG whose ink and paper are those of the reader's colour scheme, wherever it is shown."""

from __future__ import annotations

from taxon.figures.style import FAINT, INK, MUTED, PAPER

_NAMES = {INK: "ink", PAPER: "paper", MUTED: "muted", FAINT: "faint"}
_DARK = {INK: "#e8e8ea", PAPER: "#131416", MUTED: "#a2a6ad", FAINT: "#3a3d42"}


def themed(svg: bytes) -> bytes:
    """matplotlib's SVG with its four plain colours as variables, which a style sheet in it sets for light and dark.

    An image follows the `color-scheme` of the element that shows it, in the browsers that pass it on, else the
    reader's own.
    """
    text = svg.decode("utf-8")
    for colour, name in _NAMES.items():
        text = text.replace(colour, f"var(--{name})")
    light, dark = (
        "".join(f"--{name}: {shades.get(colour, colour)}; " for colour, name in _NAMES.items())
        for shades in ({}, _DARK)
    )
    sheet = f"<style>:root {{ {light}}} @media (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}</style>"
    start = text.index(">", text.index("<svg")) + 1
    return (text[:start] + sheet + text[start:]).encode("utf-8")
