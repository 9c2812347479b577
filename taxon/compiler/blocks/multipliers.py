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
    step = _step(c, kind, positive, project)
    shape = "[S, A]" if size == "self.actions" else "[S, 1]"
    descent.field(c, raw, shape, f"torch.full((len(generators), {size}), {number(init)})")
    c.add("inputs", f"{value} = {positive}(state.{raw})", value, anywhere=True)
    memory, rate = descent.writes(raw)[1], f", {descent.arguments[0]}" if _two_rates(c) else ""
    code = f"""# {comment}
{raw}, {memory} = {step}(lambda {value}: {loss}, state.{raw}, state.{memory}{rate})"""
    c.add("multipliers", code, *descent.writes(raw), metrics=((value, f"{value}.mean(-1)"),), sections=sections)


def _step(c: Choices, kind: str, positive: str, project: str) -> str:
    """The function that steps the multipliers, printed where it is read: one for those that differ in their rate."""
    descent = optimiser(c, kind)
    cut = f"clip_norm(gradient, {descent.clip})" if descent.clip else "gradient"
    rate = "lr" if _two_rates(c) else descent.arguments[0]
    arguments = ", ".join(("raw", cut, descent.memory, rate, *descent.arguments[1:]))
    given = f"dual: Callable[[Tensor], Tensor], raw: Tensor, {descent.memory}: {descent.kind}"
    given += ", lr: float | Tensor" if _two_rates(c) else ""
    body = f"""({given}) -> tuple[Tensor, {descent.kind}]:
    \"\"\"A step down the gradient of a multiplier's dual, by its parameter: [S, 1] or [S, A].\"\"\"
    gradient = grad(lambda raw: dual({positive}(raw)).sum())(raw)
    raw, {descent.memory} = {descent.call}({arguments})
    return {project}(raw), {descent.memory}

"""
    others = {block.writes[0]: block.code for block in c.blocks if block.part == "multipliers" and block.anywhere}
    for name in ("dual_step", f"{kind}_step"):
        code = f"\ndef {name}{body}"
        if others.get(name, code) == code:
            break
    c.add("multipliers", code, name, anywhere=True)
    return name


def _two_rates(c: Choices) -> bool:
    """Whether the multipliers of the row have two optimisers."""
    return all(f"optimizer.{kind}" in c.row for kind in ("dual", "bounds"))


def softplus_words(start: float) -> str:
    """A multiplier's free parameter, its start and what holds it, in words."""
    first = tex_number(start)
    return rf"$\mathrm{{softplus}}(x) + 10^{{-8}}$, $x$ from ${first}$ and held at $-18$ or more after each step"
