"""Functions of few numbers in a graph compiled for a CPU: computed once, and kept.

torch writes an operation into every loop that reads its result. So the corrections of Adam's moments, two numbers of a
seed, would be computed anew for every few of the parameters that they scale (benchmarks/findings.md).
"""

from typing import Any

import torch
from torch import Tensor, fx
from torch._inductor.lowering import register_lowering

aten = torch.ops.aten

# Results of so many numbers are kept: fewer than anything that is long to compute with, as many as there are seeds.
FEW = 64

# What takes a processor many times as long as to read a number.
LONG = {
    getattr(aten, name).default
    for name in (
        "exp",
        "exp2",
        "expm1",
        "log",
        "log1p",
        "log2",
        "sqrt",
        "rsqrt",
        "reciprocal",
        "tanh",
        "sigmoid",
        "erf",
    )
} | {aten.pow.Scalar, aten.pow.Tensor_Scalar, aten.pow.Tensor_Tensor, aten.div.Tensor}

torch.library.define("taxon::kept", "(Tensor x) -> Tensor")


@torch.library.register_fake("taxon::kept")  # type: ignore[untyped-decorator]
def _like(x: Tensor) -> Tensor:
    return torch.empty_like(x)


@register_lowering(torch.ops.taxon.kept.default, type_promotion_kind=None)
def _lower(x: Any) -> Any:
    x.realize()
    return x


def once(graph: fx.Graph) -> None:
    """Keep the results that are few and long to compute."""
    for node in list(graph.nodes):
        if node.target in LONG and node.meta["val"].numel() <= FEW:
            with graph.inserting_after(node):
                kept = graph.call_function(torch.ops.taxon.kept.default, (node,))
            kept.meta |= node.meta
            node.replace_all_uses_with(kept, delete_user_cb=lambda user, kept=kept: user is not kept)
