"""Numbers on axes."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, ScalarFormatter


def of_steps(axes: Axes, most: int = 4) -> None:
    """The horizontal axis counts environment steps, with so many intervals between numbers at most."""
    axes.xaxis.set_major_locator(MaxNLocator(most, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(lambda step, _: short(step))


def short(step: float) -> str:
    """A number of steps as the options take it: `500`, `20k`, `1.5M`."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(step) >= unit:
            return f"{step / unit:g}{letter}"
    return f"{step:g}"


class Thousands(ScalarFormatter):
    """`12,000` and `0.25`; what is larger than ten millions, or differs by less than 1e-4, with a common exponent."""

    def format_ticks(self, values: list[float]) -> list[str]:
        for decimals in range(5):
            texts = [f"{value:,.{decimals}f}" for value in values]
            exact = all(abs(round(value, decimals) - value) < 1e-9 * max(1, abs(value)) for value in values)
            if exact and max(map(abs, values), default=0) < 1e7:
                return [text if float(text.replace(",", "")) else "0" for text in texts]
        return super().format_ticks(values)
