import torch

from taxon.operators.noise import standard_normal

CPU = torch.device("cpu")


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_a_seed_draws_the_same_alone_and_among_others():
    together, alone = generators(3, 4, 5), generators(4)
    for shape in ((), (1,), (20, 6), (256, 7)):
        batch = standard_normal(together, *shape, device=CPU)
        assert batch.shape == (3, *shape)
        assert torch.equal(batch[1:2], standard_normal(alone, *shape, device=CPU))


def test_moments():
    x = standard_normal(generators(0), 100_000, device=CPU)
    assert abs(x.mean()) < 0.02
    assert abs(x.std() - 1) < 0.02
