import pytest
import torch

from taxon.operators.noise import standard_normal, standard_uniform

CPU = torch.device("cpu")


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("draw", [standard_normal, standard_uniform])
def test_a_seed_draws_the_same_alone_and_among_others(draw):
    together, alone = generators(3, 4, 5), generators(4)
    for shape in ((), (1,), (20, 6), (256, 7)):
        batch = draw(together, *shape, device=CPU)
        assert batch.shape == (3, *shape)
        assert torch.equal(batch[1:2], draw(alone, *shape, device=CPU))


def test_moments():
    x = standard_normal(generators(0), 100_000, device=CPU)
    assert abs(x.mean()) < 0.02
    assert abs(x.std() - 1) < 0.02
    u = standard_uniform(generators(0), 100_000, device=CPU)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01
    assert abs(u.var() - 1 / 12) < 0.002
