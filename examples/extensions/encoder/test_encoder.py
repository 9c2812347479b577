"""The network against torch's own layers, in float64."""

import torch
from taxon_encoder.network import Encoder


def test_the_code_is_that_of_torchs_layers() -> None:
    network = Encoder(5, 7)
    rows = torch.stack([network.init(torch.Generator().manual_seed(seed)) for seed in (1, 2)]).double()
    x = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(3)).double()
    found = network.apply(rows, x)
    assert found.shape == (2, 3, 4, 7)
    for row, inputs, code in zip(rows, x, found, strict=True):
        layers = torch.nn.Sequential(
            torch.nn.Linear(5, 7), torch.nn.LayerNorm(7, elementwise_affine=False), torch.nn.Tanh()
        ).double()
        with torch.no_grad():
            layers[0].weight.copy_(row[:35].view(5, 7).T)
            layers[0].bias.copy_(row[35:])
        torch.testing.assert_close(code, layers(inputs), rtol=0, atol=1e-14)


def test_a_fresh_row_has_no_bias() -> None:
    row = Encoder(5, 7).init(torch.Generator().manual_seed(1))
    assert row.shape == (42,)
    assert torch.equal(row[35:], torch.zeros(7))
