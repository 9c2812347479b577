"""What is few and long to compute stands once in a compiled graph's code, outside the loops that read it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._inductor.utils import run_and_get_code

from taxon.operators.optimisers import adam, zero_moments
from taxon.runtime.compiled import compiled
from taxon.runtime.inductor.once import FEW

LENGTH = 1000  # whole vectors and a rest, which is a loop body of its own


def code_of(function: object, *arguments: Tensor) -> tuple[Tensor, str]:
    torch.compiler.reset()
    with torch.no_grad():
        (_, given), codes = run_and_get_code(compiled, function, *arguments)
    return given, "".join(codes)


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))


def test_a_function_of_few_numbers_is_called_once() -> None:
    def scaled(few: Tensor, many: Tensor) -> Tensor:
        return many * torch.expm1(few).unsqueeze(-1)

    few, many = torch.linspace(-1.0, 1.0, 3), torch.ones(3, LENGTH)
    given, code = code_of(scaled, few, many)
    torch.testing.assert_close(given, scaled(few, many))
    assert code.count("expm1(") == 1


def test_a_function_of_many_numbers_stays_where_it_is_used() -> None:
    def scaled(some: Tensor, many: Tensor) -> Tensor:
        return many * torch.expm1(some).unsqueeze(-1)

    some, many = torch.linspace(-1.0, 1.0, FEW + 1), torch.ones(FEW + 1, LENGTH)
    given, code = code_of(scaled, some, many)
    torch.testing.assert_close(given, scaled(some, many))
    assert code.count("expm1(") == 2


@pytest.mark.parametrize("seeds", [1, 3, 20])
def test_adam_computes_its_corrections_outside_its_loop(seeds: int) -> None:
    def step(parameters: Tensor, gradient: Tensor, updates: Tensor) -> Tensor:
        return adam(parameters, gradient, zero_moments(parameters), 1.0, updates)[0]

    parameters, updates = torch.linspace(-1.0, 1.0, seeds * LENGTH).view(seeds, -1), torch.arange(1, seeds + 1)
    given, code = code_of(step, parameters, parameters.cos(), updates)
    # Steps of one, each exact to the last digits, from the first update on: what is small is not lost beside one.
    torch.testing.assert_close(given, step(parameters, parameters.cos(), updates), rtol=0.0, atol=1e-6)
    loops = code.rsplit('extern "C"', 1)[1].split("\n    {\n")
    assert [("tanh(" in loop) for loop in loops if "blendv(" in loop] == [False]  # where moments are
