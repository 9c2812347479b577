import math

import torch

from taxon.operators import normaliser


def batches(*sizes):
    g = torch.Generator().manual_seed(0)
    return [torch.randn(2, n, 3, generator=g, dtype=torch.float64) * 4 + 100 for n in sizes]


def test_merged_statistics_are_those_of_everything_seen():
    parts = batches(1, 1, 7, 40)
    stats = normaliser.empty_statistics(2, 3)
    for part in parts:
        stats = normaliser.update_statistics(stats, part, math.inf)
    seen = torch.cat(parts, 1)
    assert stats.seen.tolist() == [49, 49]
    torch.testing.assert_close(stats.mean, seen.mean(1), atol=1e-12, rtol=0)
    torch.testing.assert_close(stats.m2 / 49, seen.var(1, correction=0), atol=1e-10, rtol=0)
    x = seen[:, 0]
    expected = (x - seen.mean(1)) / (seen.std(1, correction=0) + 0.01)
    torch.testing.assert_close(normaliser.normalise(stats, x, 0.01), expected, atol=1e-10, rtol=0)
    batched = normaliser.normalise(stats, seen.unsqueeze(1), 0.01)
    torch.testing.assert_close(batched[:, 0, 0], expected, atol=1e-10, rtol=0)


def test_statistics_stop_where_told():
    first, second = batches(10, 5)
    stats = normaliser.update_statistics(normaliser.empty_statistics(2, 3), first, 10)
    after = normaliser.update_statistics(stats, second, 10)
    assert all(torch.equal(a, b) for a, b in zip(stats, after, strict=True))
    assert normaliser.update_statistics(stats, second, 11).seen.tolist() == [15, 15]


def test_nothing_seen_changes_nothing_but_the_clip():
    x = torch.tensor([[0.5, -7.0, 9.0]])
    stats = normaliser.empty_statistics(1, 3)
    assert torch.equal(normaliser.normalise(stats, x, 0.0), x)
    assert torch.equal(normaliser.normalise(stats, x, 0.0, 5.0), torch.tensor([[0.5, -5.0, 5.0]]))
