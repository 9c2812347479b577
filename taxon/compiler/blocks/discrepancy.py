"""The discrepancy of two policies by draws of both, wherever a row measures one: in the objective, or in a bound."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.policy import family
from taxon.compiler.choices import Choices, table
from taxon.compiler.notation import fill, mean
from taxon.compiler.notation import number as tex_number


@dataclass(frozen=True)
class Kernel:
    """k(x, y): what computes the square of the discrepancy, and in LaTeX over @width, twice its width."""

    function: str
    tex: str


_KERNELS = {
    "laplacian": Kernel("laplacian_mmd", r"\exp\left( -\frac{\|x - y\|_1}{@width} \right)"),
    "gaussian": Kernel("gaussian_mmd", r"\exp\left( -\frac{\|x - y\|^2}{@width} \right)"),
}
PATHS = ("divergence", "pi_q.update.trust_region.divergence", "pi_p.update.trust_region.divergence")
for _path in PATHS:
    table(f"{_path}.kernel", _KERNELS)
    table(f"{_path}.on", {"unsquashed": False, "action": True})


def distance(c: Choices, within: str = "") -> str:
    """The discrepancy or its square, in LaTeX."""
    return "D" if c.yes(f"{within}divergence.root") else "D^2"


@dataclass(frozen=True)
class Discrepancy:
    """At every state, [S, B]: lines that draw, what computes it, its noise, its equation and words of the draws."""

    lines: str
    value: str
    noise: tuple[tuple[str, tuple[str, ...]], ...]
    letter: str
    equation: str
    text: str
    paths: tuple[str, ...]


def discrepancy(c: Choices, path: str, prefix: str) -> Discrepancy:
    """Of the policy from another whose parameters have a prefix, or, where that is empty, from the uniform one.

    path: of the choice that says how.
    """
    made, count = c.take(family), c.count(f"{path}.samples")
    made.need("pathwise", "a discrepancy of samples")
    kernel: Kernel = c.meaning(f"{path}.kernel")
    width = c.constant("MMD_WIDTH", f"{path}.width", "of the kernel by which two actions are alike")
    squash = made.squash if made.squash and c.meaning(f"{path}.on") else ""
    own = made.write(made.need("sample", "a discrepancy of samples"), "", ".unsqueeze(1)", noise="noise.discrepancy")
    axes = made.noise_axes
    if prefix:
        other = made.write(made.sample, prefix, ".unsqueeze(1)", noise="noise.other")
        other = f"{squash}({other})" if squash else other
    else:
        other, axes = "box_sample(noise.other)", ("2", "self.actions")
        other = made.unsquash.format(x=other) if made.unsquash and not squash else other
    root = c.yes(f"{path}.root")
    squared = f"{kernel.function}(own_draws, other_draws, {width})"
    pairs = rf"{mean('i', count)} {mean('j', count)}"
    inside = r"\left[ k(x_i, x_j) + k(y_i, y_j) - 2 \, k(x_i, y_j) \right]"
    twice = tex_number(2 * c.value(f"{path}.width"))
    text = f"${count}$ actions $x$ of the policy and as many $y$ of the other"
    text += ", before tanh." if made.squash and not squash else "."
    leaves = ("kernel", "width", "samples", "root", "on")
    steps = c.take(data).steps
    return Discrepancy(
        f"own_draws = {f'{squash}({own})' if squash else own}\nother_draws = {other}",
        f"rooted({squared})" if root else squared,
        (("discrepancy", (str(count), steps, *made.noise_axes)), ("other", (str(count), steps, *axes))),
        distance(c, path.removesuffix("divergence")),
        rf"D^2 = {pairs} \, {inside}, \quad k(x, y) = {fill(kernel.tex, width=twice)}",
        f"{text} Under the root $10^{{-6}}$ is added." if root else text,
        c.present(path, *(f"{path}.{leaf}" for leaf in leaves)),
    )
