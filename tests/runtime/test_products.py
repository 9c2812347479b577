"""Large products of a compiled graph are oneDNN's, and the same products."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, fx

from taxon.runtime.compiled import compiled, has_onednn
from taxon.runtime.graph_pass import GraphPass
from taxon.runtime.products import LARGE

aten = torch.ops.aten
LARGER, SMALLER = 128, 32  # a side's length, above and below the bound
assert SMALLER**3 < LARGE <= LARGER**3

pytestmark = pytest.mark.skipif(not has_onednn(), reason="torch has no oneDNN here, or this is no x86")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The operations of the graphs that are compiled meanwhile, in an empty cache."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    operations: list[Any] = []
    change = GraphPass.__call__

    def noted(self: GraphPass, graph: fx.Graph) -> None:
        change(self, graph)
        operations.extend(node.target for node in graph.nodes if node.op == "call_function")

    monkeypatch.setattr(GraphPass, "__call__", noted)
    torch.compiler.reset()
    return operations


def factors(*lead: int, sides: tuple[int, int, int] = (LARGER, LARGER + 16, LARGER - 8)) -> tuple[Tensor, Tensor]:
    rows, inner, columns = sides
    draw = torch.Generator().manual_seed(rows)
    return torch.randn(*lead, rows, inner, generator=draw), torch.randn(*lead, inner, columns, generator=draw)


def transposed(x: Tensor) -> Tensor:
    return x.mT.contiguous().mT


def part(x: Tensor) -> Tensor:
    """The same, as some columns of what has more: so the columns of a stored step lie."""
    return torch.cat([x, x], -1)[..., : x.shape[-1]]


def cases() -> list[tuple[Tensor, ...]]:
    """Products of every form: (x, weight) or (bias, x, weight), each factor in order, transposed and with gaps."""
    several: list[tuple[Tensor, ...]] = []
    for lead in [(), (1,), (3,)]:
        x, weight = factors(*lead)
        bias = torch.linspace(-1, 1, weight.shape[-1])
        biased = bias if not lead else (bias + torch.arange(lead[0]).unsqueeze(-1)).unsqueeze(1)
        for a in (x, transposed(x), part(x), part(x.mT).mT):
            for b in (weight, transposed(weight), part(weight), part(weight.mT).mT):
                several += [(a, b), (biased, a, b)]
    given, weight = factors(3)
    several.append((torch.ones(3, 1, weight.shape[-1]), given[:1].expand(3, -1, -1), weight))  # one input for all
    narrow, wide = factors(sides=(LARGER, 4 * LARGER, 24))  # where the one factor is much smaller to copy
    return [*several, (transposed(narrow), wide), (transposed(wide.T), narrow.T)]


def multiply(case: tuple[Tensor, ...]) -> Tensor:
    *bias, x, weight = case
    if not bias:
        return x @ weight
    return torch.addmm(bias[0], x, weight) if x.dim() == 2 else torch.baddbmm(bias[0], x, weight)


def test_products_of_every_form_are_the_same(made: list[Any], capfd: pytest.CaptureFixture[str]) -> None:
    several = cases()

    def all_of_them(*factors: tuple[Tensor, ...]) -> list[Tensor]:
        return [multiply(case) for case in factors]

    with torch.no_grad():
        graph, first = compiled(all_of_them, *several)
        capfd.readouterr()
        with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
            second = graph(*several)
    for case, one, two in zip(several, first, second, strict=True):
        exact = multiply(tuple(x.double() for x in case))
        assert one.shape == exact.shape
        assert torch.equal(one, two)
        torch.testing.assert_close(one.double(), exact, rtol=1e-5, atol=1e-4)
    calls = [len(x) if x.dim() == 3 and x.stride(0) else 1 for *_, x, _ in several]
    assert made.count(torch.ops.taxon.linear.default) == sum(calls)
    told = [line for line in capfd.readouterr().out.splitlines() if ",exec,cpu,inner_product," in line]
    assert len(told) == sum(calls)
    assert not [line for line in told if ",ref" in line]  # the way for strides that no other can take: very slow
    assert not {aten.mm.default, aten.addmm.default, aten.bmm.default, aten.baddbmm.default} & set(made)


def test_small_products_and_other_precisions_stay_as_they_were(made: list[Any]) -> None:
    small = factors(2, sides=(SMALLER, SMALLER, SMALLER))
    double = tuple(x.double() for x in factors())
    shared = factors(2)
    bias = torch.ones(2, shared[0].shape[1], shared[1].shape[2])  # of every row its own

    def all_of_them(*factors: tuple[Tensor, ...]) -> list[Tensor]:
        return [multiply(case) for case in factors]

    with torch.no_grad():
        _, given = compiled(all_of_them, small, double, (bias, *shared))
    for case, result in zip((small, double, (bias, *shared)), given, strict=True):
        torch.testing.assert_close(result.double(), multiply(tuple(x.double() for x in case)), rtol=1e-5, atol=1e-4)
    assert torch.ops.taxon.linear.default not in made


def test_a_gradient_through_large_products_is_the_same(made: list[Any]) -> None:
    x, weight = factors(2)

    def loss(weight: Tensor) -> Tensor:
        return torch.tanh(torch.bmm(x, weight) / LARGER).square().sum()

    with torch.no_grad():
        _, gradient = compiled(torch.func.grad(loss), weight)
    exact = torch.func.grad(loss)(weight)
    torch.testing.assert_close(gradient, exact, rtol=1e-4, atol=1e-6)
    assert made.count(torch.ops.taxon.linear.default) == 4
