"""What the choice means to the compiler."""

from taxon.compiler.blocks.weights import WeightFunction, positive
from taxon.compiler.choices import Choices, choice


@choice("pi_q.update.f", "relu_power")
def relu_power(c: Choices) -> WeightFunction:
    p = c.constant("POWER", "pi_q.update.f.p", "power of the advantage")
    shown = c.tex("pi_q.update.f.p")
    return positive(f"powered({{x}}, {p})", lambda g, _: rf"\max({g}, 0)^{{{shown}}}")
