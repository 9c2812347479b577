"""Matrix products of a graph compiled for a CPU: made by oneDNN's kernels for small matrices, called from its own code.

torch makes float32 products with MKL, or gives single ones to oneDNN at 10 us a call. On the processor where it was
measured (benchmarks/findings.md) these kernels take half of MKL's time with large matrices and with small ones, and
copy no factor that lies column by column on the way to them.
"""

import ctypes
import functools
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx
from torch._inductor import config
from torch._inductor.ir import (
    ExternKernel,
    ExternKernelOut,
    FixedLayout,
    FlexibleLayout,
    IRNode,
    TensorBox,
    as_storage_and_layout,
)
from torch._inductor.lowering import register_lowering

aten = torch.ops.aten

HEADER = Path(__file__).with_name("product.h")
SYMBOL = "_ZN2at6native7cpublas6brgemmEllllllbPKfS3_Pfb"  # of the function that the header declares

CAPS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")  # by which a user may keep oneDNN from writing them

# Multiplications of one product, and numbers along a side of its result, from which it is made here.
LARGE = 30_000
WIDE = 4

# torch's products; a bias comes before the factors.
REPLACED = {aten.mm.default, aten.bmm.default, aten.addmm.default, aten.baddbmm.default}

torch.library.define("taxon::product", "(Tensor x, Tensor weight) -> Tensor")


@torch.library.register_fake("taxon::product")  # type: ignore[untyped-decorator]
def _shape_of(x: Tensor, weight: Tensor) -> Tensor:
    """x weight: [N, in], [in, out] -> [N, out], or a batch of them."""
    return x.new_empty(*x.shape[:-1], weight.shape[-1])


@functools.cache
def has_brgemm() -> bool:
    """Whether this processor and this torch have the kernels."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512" or any(name in os.environ for name in CAPS):
        return False
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    return library.exists() and hasattr(ctypes.CDLL(str(library)), SYMBOL)


def products(graph: fx.Graph) -> None:
    """Replace the large products of a graph."""
    for node in list(graph.nodes):
        if node.target not in REPLACED or node.kwargs:
            continue
        *bias, x, weight = node.args
        if is_large(x.meta["val"], weight.meta["val"]):
            with graph.inserting_before(node):
                new = graph.call_function(torch.ops.taxon.product.default, (x, weight))
                new.meta |= node.meta
                if bias:
                    new = graph.call_function(aten.add.Tensor, (new, bias[0]))
                    new.meta |= node.meta
            node.replace_all_uses_with(new)
            graph.erase_node(node)


def is_large(x: Tensor, weight: Tensor) -> bool:
    """Whether a product or a batch of them, [..., N, in] [..., in, out], is made here."""
    *_, rows, inner = x.shape
    columns = weight.shape[-1]
    float32 = x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    return float32 and min(rows, columns) >= WIDE and rows * inner * columns >= LARGE


class _Product(ExternKernelOut):
    """A call of `taxon::product` in the graph's own C++."""

    inputs: list[Any]

    def codegen(self, wrapper: Any) -> None:
        header = HEADER.read_text("utf-8")
        if header not in wrapper.header.getvalue():
            wrapper.header.splice(header)
        x, weight = self.inputs
        sizes = [1, *x.get_size(), weight.get_size()[-1]][-4:]
        factors = [f"{{{', '.join([_pointer(f), *map(str, [0, *f.get_stride()][-3:])])}}}" for f in (x, weight)]
        arguments = [*map(str, sizes), *factors, _pointer(self)]
        wrapper.writeline(f"taxon::product<{config.cpp.threads}>({', '.join(arguments)});")


def _pointer(x: Any) -> str:
    return f"((float*)({x.get_name()}.data_ptr()) + {x.get_layout().offset})"


@register_lowering(torch.ops.taxon.product.default, type_promotion_kind=None)
def _lower(x: Any, weight: Any) -> Any:
    x, weight = _factor(x), _factor(weight)
    size = [*x.get_size()[:-1], weight.get_size()[-1]]
    strides = FlexibleLayout.contiguous_strides(size)
    return TensorBox.create(_Product(FixedLayout(x.get_device(), x.get_dtype(), size, strides), [x, weight]))


def _factor(x: Any) -> IRNode:
    """A factor in memory, without gaps along its rows or its columns."""
    x = ExternKernel.realize_input(x)
    as_storage_and_layout(x, freeze=True)  # as it lies now it stays
    return x if 1 in x.get_stride()[-2:] else ExternKernel.require_contiguous(x)
