"""Numbers and sums as the equations of blocks have them, in LaTeX."""

from __future__ import annotations

from string import Template


class _Formula(Template):
    delimiter = "@"


def fill(formula: str, **values: str) -> str:
    """The formula with a text for each `@name` in it."""
    return _Formula(formula).substitute(values)


def number(value: float) -> str:
    """A number in LaTeX: `0.99`, `40`, `10^{-6}`, `2 \\cdot 10^{-5}`."""
    text = f"{value:.10g}"
    digits, _, exponent = text.partition("e")
    if not exponent:
        return text
    power = f"10^{{{int(exponent)}}}"
    return power if digits == "1" else f"{digits} \\cdot {power}"


def total(index: str, count: object) -> str:
    """The sum over an index from 1."""
    return rf"\sum_{{{index}=1}}^{{{count}}}"


def mean(index: str, count: object) -> str:
    """The mean over an index from 1."""
    return rf"\frac{{1}}{{{count}}} {total(index, count)}"
