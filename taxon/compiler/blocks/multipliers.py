"""Multipliers: temperatures and Lagrange multipliers, each trained by descent of its own dual."""

from __future__ import annotations

from dataclasses import replace

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
    step, given = _step(c, kind, positive, project)
    shape = "[S, A]" if size == "self.actions" else "[S, 1]"
    descent.field(c, raw, shape, f"torch.full((len(generators), {size}), {number(init)})")
    c.add("inputs", f"{value} = {positive}(state.{raw}.params)", value, anywhere=True)
    sections = tuple(replace(section, at=(*section.at, step)) for section in sections)
    code = f"""# {comment}
{raw} = {step}(lambda {value}: {loss}, state.{raw}{given})"""
    c.add("multipliers", code, raw, metrics=((value, f"{value}.mean(-1)"),), sections=sections)


def _step(c: Choices, kind: str, positive: str, project: str) -> tuple[str, str]:
    """The function that steps the multipliers, one for those that differ in their rate alone, and what it is given."""
    descent = optimiser(c, kind)
    rate, *others = descent.arguments
    given: dict[str, str] = {}
    if _two_rates(c) or not rate.isidentifier():  # a rate that is no constant follows the steps so far
        given["lr: float | Tensor"], rate = rate, "lr"
    if "updates" in others:
        given["updates: Tensor"] = "updates"
    cut = f"clip_norm(gradient, {descent.clip})" if descent.clip else "gradient"
    arguments = ", ".join(("raw", cut, rate, *others))
    signature = ", ".join(("dual: Callable[[Tensor], Tensor]", "raw: Trained", *given))
    body = f"""({signature}) -> Trained:
    \"\"\"A step down the gradient of a multiplier's dual [S], by its parameter: [S, 1] or [S, A].\"\"\"
    gradient = grad(lambda params: dual({positive}(params)).sum())(raw.params)
    raw = {descent.call}({arguments})
    return raw._replace(params={project}(raw.params))"""
    names = ("dual_step", f"{kind}_step")
    name = next(name for name in names if c.helpers.get(name, f"def {name}{body}") == f"def {name}{body}")
    c.helpers[name] = f"def {name}{body}"
    return name, "".join(f", {argument}" for argument in given.values())


def _two_rates(c: Choices) -> bool:
    """Whether the multipliers of the row have two optimisers."""
    return all(f"optimizer.{kind}" in c.row for kind in ("dual", "bounds"))


def softplus_words(start: float) -> str:
    """A multiplier's free parameter, its start and what holds it, in words."""
    first = tex_number(start)
    return rf"$\mathrm{{softplus}}(x) + 10^{{-8}}$, $x$ from ${first}$ and held at $-18$ or more after each step"
