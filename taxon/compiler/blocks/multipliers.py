"""Multipliers: temperatures and Lagrange multipliers, each trained by descent of its own dual."""

from __future__ import annotations

from taxon.compiler.block import Section
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.choices import Choices
from taxon.compiler.literals import number
from taxon.compiler.notation import number as tex_number


def multiplier(
    c: Choices,
    raw: str,
    value: str,
    init: float,
    loss: str,
    comment: str,
    positive: str = "positive",
    project: str = "project",
    kind: str = "dual",
    size: str = "1",
    sections: tuple[Section, ...] = (),
) -> None:
    """A multiplier `value` with a parameter `raw`, held by a projection after each step; `loss` is its dual."""
    descent = optimiser(c, kind)
    shape = "[S, A]" if size == "self.actions" else "[S, 1]"
    descent.field(c, raw, shape, f"torch.full((len(generators), {size}), {number(init)})")
    c.add("inputs", f"{value} = {positive}(state.{raw})", value, anywhere=True)
    code = f"""
# {comment}
def {value}_dual(raw: Tensor) -> Tensor:
    {value} = {positive}(raw)
    return {loss}.sum()

{value}_gradient = grad({value}_dual)(state.{raw})
{descent.step(raw, f"{value}_gradient")}
{raw} = {project}({raw})
"""
    c.add("multipliers", code, *descent.writes(raw), metrics=((value, f"{value}.mean(-1)"),), sections=sections)


def softplus_words(start: float) -> str:
    """A multiplier's free parameter, its start and what holds it, in words."""
    first = tex_number(start)
    return rf"$\mathrm{{softplus}}(x) + 10^{{-8}}$, $x$ from ${first}$ and held at $-18$ or more after each step"
