"""What is few and long to compute stands once in a compiled graph's code, outside the loops that read it."""

from __future__ import annotations

import pytest
import torch
from graph_code import made
from torch import Tensor

from taxon.operators.optimisers import adam, trained
from taxon.runtime.device.inductor.once import FEW

LENGTH = 1001  # whole vectors of any processor and a rest, which is a loop body of its own


pytestmark = pytest.mark.usefixtures("empty_graph_cache")


def test_a_function_of_few_numbers_is_called_once() -> None:
    def scaled(few: Tensor, many: Tensor) -> Tensor:
        return many * torch.erf(few).unsqueeze(-1)

    few, many = torch.linspace(-1.0, 1.0, 3), torch.ones(3, LENGTH)
    _, given, code = made(scaled, few, many)
    torch.testing.assert_close(given, scaled(few, many))
    assert code.count("erf(") == 1


def test_a_function_of_many_numbers_stays_where_it_is_used() -> None:
    def scaled(some: Tensor, many: Tensor) -> Tensor:
        return many * torch.erf(some).unsqueeze(-1)

    some, many = torch.linspace(-1.0, 1.0, FEW + 1), torch.ones(FEW + 1, LENGTH)
    _, given, code = made(scaled, some, many)
    torch.testing.assert_close(given, scaled(some, many))
    assert code.count("erf(") == 2


@pytest.mark.parametrize("seeds", [1, 3, 20])
def test_adam_computes_its_corrections_outside_its_loop(seeds: int) -> None:
    def step(parameters: Tensor, gradient: Tensor, updates: Tensor) -> Tensor:
        return adam(trained(parameters), gradient, 1.0, updates).params

    parameters, updates = torch.linspace(-1.0, 1.0, seeds * LENGTH).view(seeds, -1), torch.arange(1, seeds + 1)
    _, given, code = made(step, parameters, parameters.cos(), updates)
    # Steps of one, each exact to the last digits, from the first update on: what is small is not lost beside one.
    torch.testing.assert_close(given, step(parameters, parameters.cos(), updates), rtol=0.0, atol=1e-6)
    loops = code.rsplit('extern "C"', 1)[1].split("\n    {\n")
    assert [("tanh(" in loop) for loop in loops if "blendv(" in loop] == [False]  # where moments are
