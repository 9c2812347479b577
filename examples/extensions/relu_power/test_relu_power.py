"""The operator against its values by hand."""

import torch
from taxon_relu_power.operators import powered


def test_powers() -> None:
    score = torch.tensor([[-2.0, 0.0, 0.5, 3.0]], dtype=torch.float64, requires_grad=True)
    assert torch.equal(powered(score, 2.0), torch.tensor([[0.0, 0.0, 0.25, 9.0]], dtype=torch.float64))
    assert torch.equal(powered(score, 1.0), torch.relu(score.detach()))
    assert not powered(score, 2.0).requires_grad
