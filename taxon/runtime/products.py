"""Matrix products of graphs compiled for x86: made by oneDNN where they are large, as they are by default elsewhere.

torch makes float32 products with MKL. On the AMD processor where it was measured oneDNN takes half the time; small ones
it makes slower, since calling it takes longer (docs/performance.md). Eager execution, the reference, is left as it is.

Importing this takes seconds, since it needs the compiler.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch._inductor.ir import IRNode, TensorBox
from torch._inductor.lowering import register_lowering
from torch._inductor.mkldnn_ir import LinearUnary
from torch._inductor.pattern_matcher import Arg, CallFunction, Match, PatternMatcherPass, register_graph_pattern

aten = torch.ops.aten

# Multiplications of one product from which oneDNN is faster.
LARGE = 300_000

torch.library.define("taxon::linear", "(Tensor x, Tensor weight, Tensor? bias) -> Tensor")


@torch.library.impl("taxon::linear", "cpu")
def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x weight^T + bias by oneDNN: [N, in], [out, in], [out] -> [N, out]."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")  # type: ignore[no-any-return]


@torch.library.register_fake("taxon::linear")  # type: ignore[untyped-decorator]
def _shape_of(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return x.new_empty(x.shape[0], weight.shape[0])


class _EitherOrder(LinearUnary):
    """torch's own node copies factors into order, row by row, first."""

    @classmethod
    def require_contiguous(cls, x: IRNode) -> IRNode:
        return x


@register_lowering(torch.ops.taxon.linear.default, type_promotion_kind=None)
def _lower(x: Any, weight: Any, bias: Any) -> Any:
    # Copied here, where one has to be, a factor is copied by what computes it.
    x = LinearUnary.require_contiguous(LinearUnary.realize_input(x))
    weight = LinearUnary.realize_input(weight)
    if not _is_dense(weight):
        weight = LinearUnary.require_contiguous(weight)
    return TensorBox.create(_EitherOrder.create(x, weight, bias, "none", [], ""))  # type: ignore[no-untyped-call]


def _is_dense(weight: Any) -> bool:
    """Whether a matrix lies without gaps, by rows or by columns: with any other oneDNN goes number by number."""
    rows, columns = weight.get_size()
    return tuple(weight.get_stride()) in ((columns, 1), (1, rows))


def is_large(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN makes a product or a batch of them, [..., N, in] [..., in, out], in less time."""
    float32 = x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    return float32 and x.shape[-2] * x.shape[-1] * weight.shape[-1] >= LARGE


def product(x: Tensor, weight: Tensor) -> Tensor:
    """x weight by oneDNN: [N, in], [in, out] -> [N, out].

    One factor is to lie in order, row by row. Where neither does, one is copied: the second only where it is smaller
    together with the result, which then lies column by column and will have to be copied as well.
    """
    transposed = weight.mT
    copied = weight.numel() + x.shape[0] * weight.shape[1]
    if not x.is_contiguous() and (transposed.is_contiguous() or copied < x.numel()):
        return torch.ops.taxon.linear(transposed, x, None).mT  # type: ignore[no-any-return]
    return torch.ops.taxon.linear(x, transposed, None)  # type: ignore[no-any-return]


def affine(bias: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """x weight + bias by oneDNN: [out], [N, in], [in, out] -> [N, out]."""
    return torch.ops.taxon.linear(x, weight.mT, bias)  # type: ignore[no-any-return]


def products(x: Tensor, weight: Tensor) -> Tensor:
    """[K, N, in], [K, in, out] -> [K, N, out]."""
    return torch.stack([product(*each) for each in zip(x.unbind(), weight.unbind(), strict=True)])


def affines(bias: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """[K, 1, out], [K, N, in], [K, in, out] -> [K, N, out]. Where one input is given to all K, it is one product."""
    if x.stride(0) == 0:
        side_by_side = affine(bias.flatten(), x[0], weight.transpose(0, 1).flatten(1))
        return side_by_side.view(len(side_by_side), len(x), -1).transpose(0, 1)
    several = zip(bias.squeeze(1).unbind(), x.unbind(), weight.unbind(), strict=True)
    return torch.stack([affine(*each) for each in several])


# torch's product, how many dimensions its bias has, and ours.
REPLACED: Sequence[tuple[Any, int, Callable[..., Tensor]]] = (
    (aten.mm.default, 0, product),
    (aten.bmm.default, 0, products),
    (aten.addmm.default, 1, affine),
    (aten.baddbmm.default, 3, affines),
)


def large_products(graph: fx.Graph) -> None:
    """Give large products to oneDNN."""
    _patterns().apply(graph)


@functools.cache
def _patterns() -> PatternMatcherPass:
    patterns = PatternMatcherPass("taxon")
    for replaced, dimensions, ours in REPLACED:
        _register(patterns, replaced, dimensions, ours)
    return patterns


def _register(patterns: PatternMatcherPass, replaced: Any, dimensions: int, ours: Callable[..., Tensor]) -> None:
    def applies(match: Match) -> bool:
        *bias, x, weight = (argument.meta["val"] for argument in match.args)
        rows = bias and bias[0].dim() == 3 and bias[0].shape[1] != 1
        return is_large(x, weight) and all(b.dim() == dimensions for b in bias) and not rows

    arguments = [Arg() for _ in range(3 if dimensions else 2)]

    def replace(match: Match, *arguments: fx.Node) -> None:
        match.replace_by_example(ours, list(arguments))

    pattern = CallFunction(replaced, *arguments)
    register_graph_pattern(pattern, extra_check=applies, pass_dict=patterns)(replace)
