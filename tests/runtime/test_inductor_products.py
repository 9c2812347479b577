"""Large products of a compiled graph are made by oneDNN's kernels, and are the same products."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from graph_code import made
from torch import Tensor

from taxon.runtime.device.inductor.products import CAPS, LARGE, WIDE, has_brgemm

LARGER, SMALLER = 48, 24  # a side's length, above and below the bound
assert SMALLER**3 < LARGE <= LARGER**3

OURS = "taxon::product<"

pytestmark = pytest.mark.usefixtures("empty_graph_cache")
needs_brgemm = pytest.mark.skipif(not has_brgemm(), reason="oneDNN has no such kernels for this processor")


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def factors(*lead: int, sides: tuple[int, int, int] = (LARGER, LARGER + 5, LARGER - 7)) -> tuple[Tensor, Tensor]:
    rows, inner, columns = sides
    draw = torch.Generator().manual_seed(rows)
    return torch.randn(*lead, rows, inner, generator=draw), torch.randn(*lead, inner, columns, generator=draw)


def transposed(x: Tensor) -> Tensor:
    return x.mT.contiguous().mT


def part(x: Tensor) -> Tensor:
    """The same, as some columns of what has more: so the columns of a stored step lie."""
    return torch.cat([x, x], -1)[..., : x.shape[-1]]


def gaps(x: Tensor) -> Tensor:
    """The same, as every second column."""
    return x.repeat_interleave(2, -1)[..., ::2]


def cases() -> list[tuple[Tensor, ...]]:
    """Products of every form: (x, weight) or (bias, x, weight), each factor in order, transposed and with gaps."""
    several: list[tuple[Tensor, ...]] = []
    for lead in [(), (1,), (3,), (4,)]:
        x, weight = factors(*lead)
        bias = torch.linspace(-1, 1, weight.shape[-1])
        biased = bias if not lead else (bias + torch.arange(lead[0]).unsqueeze(-1)).unsqueeze(1)
        for a in (x, transposed(x), part(x), part(x.mT).mT, gaps(x)):
            for b in (weight, transposed(weight), part(weight), part(weight.mT).mT, gaps(weight)):
                several += [(a, b), (biased, a, b)]
    given, weight = factors(3)
    of_rows = torch.linspace(-1, 1, 3 * given.shape[1] * weight.shape[-1]).view(3, given.shape[1], -1)
    several.append((torch.ones(3, 1, weight.shape[-1]), given[:1].expand(3, -1, -1), weight))  # one input for all
    several.append((of_rows, given, weight))  # a bias for every row
    # A high and a wide one, and one of more than a block along every side.
    for x, weight in factors(sides=(200, 33, 5)), factors(2, sides=(5, 33, 200)), factors(sides=(90, 600, 70)):
        several += [(x, weight), (transposed(x), weight), (x, transposed(weight)), (transposed(x), transposed(weight))]
    return several


def multiply(case: tuple[Tensor, ...]) -> Tensor:
    *bias, x, weight = case
    if not bias:
        return x @ weight
    return torch.addmm(bias[0], x, weight) if x.dim() == 2 else torch.baddbmm(bias[0], x, weight)


def all_of_them(*several: tuple[Tensor, ...]) -> list[Tensor]:
    return [multiply(case) for case in several]


def check(several: list[tuple[Tensor, ...]], given: list[Tensor]) -> None:
    for case, result in zip(several, given, strict=True):
        exact = multiply(tuple(x.double() for x in case))
        assert result.shape == exact.shape
        torch.testing.assert_close(result.double(), exact, rtol=1e-5, atol=1e-4)


@needs_brgemm
def test_products_of_every_form_are_the_same(threads: int) -> None:
    several = cases()
    graph, given, code = made(all_of_them, *several)
    check(several, given)
    with torch.no_grad():
        again = graph(*several)
    assert all(map(torch.equal, given, again))
    assert code.count(OURS) == len(several) == code.count(f"{OURS}{threads}>")
    assert "mm_out" not in code


@needs_brgemm
def test_what_flows_through_products_is_the_same(threads: int) -> None:
    x, weight = factors(2, sides=(LARGER, LARGER, LARGER))

    def loss(weight: Tensor) -> Tensor:
        # Factors that the graph computes, views of them, and results that are read as they lie and turned.
        hidden = torch.tanh(torch.bmm(x, weight) / LARGER)
        return torch.bmm(hidden.mT.exp(), torch.bmm(weight.mT, hidden)[:, :, :LARGER]).square().mean()

    _, gradient, code = made(torch.func.grad(loss), weight)
    torch.testing.assert_close(
        gradient.double(), torch.func.grad(loss)(weight), rtol=1e-4, atol=1e-6, check_dtype=False
    )
    assert code.count(OURS) == 3 + 5
    assert "mm_out" not in code


@needs_brgemm
def test_small_and_narrow_products_and_other_precisions_stay_as_they_were() -> None:
    small, narrow = factors(2, sides=(SMALLER,) * 3), factors(sides=(WIDE - 1, LARGE, WIDE))
    double = tuple(x.double() for x in factors())
    several: list[tuple[Tensor, ...]] = [small, narrow, double]
    _, given, code = made(all_of_them, *several)
    check(several, given)
    assert OURS not in code


@pytest.mark.parametrize("cap", CAPS)
def test_where_the_kernels_are_missing_products_are_torchs(cap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cap, "AVX2")
    has_brgemm.cache_clear()
    _, given, code = made(all_of_them, factors())
    monkeypatch.undo()
    has_brgemm.cache_clear()
    check([factors()], given)
    assert OURS not in code
    assert "mm_out" in code
