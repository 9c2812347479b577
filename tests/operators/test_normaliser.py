import math
from fractions import Fraction

import pytest
import torch

from taxon.operators import normaliser
from taxon.operators.observations import Array


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


@pytest.mark.parametrize("before", [2**24, 10**8, 10**10])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_nothing_is_lost_after_many_observations_of_one_environment(before: int, offset: float):
    """Against fractions: float32 lost the variance from 1.7e7 observations on (0.70 for 1 after 3.4e7)."""
    observations = torch.randn(1, 400, 1, generator=torch.Generator().manual_seed(0)) + offset
    start = torch.full((1, 1), offset, dtype=torch.float64)
    stats = normaliser.Statistics(torch.tensor([before]), start, torch.full((1, 1), float(before), dtype=torch.float64))
    count, total, squares = Fraction(before), Fraction(offset) * before, before * (1 + Fraction(offset) ** 2)
    for observation in observations.unbind(1):
        stats = normaliser.update_statistics(stats, observation.unsqueeze(1), math.inf)
        exact = Fraction(observation.item())
        count, total, squares = count + 1, total + exact, squares + exact**2
    moved = float(squares - total**2 / count) - before  # some 400
    assert stats.seen.tolist() == [before + 400]
    assert stats.mean.item() - offset == pytest.approx(float(total / count - Fraction(offset)), rel=1e-4)
    assert stats.m2.item() - before == pytest.approx(moved, rel=1e-4)


def test_statistics_of_a_new_agent_hold_float64_and_normalise_in_the_observation_s_type():
    stats = normaliser.update_statistics(normaliser.empty_statistics(2, 3), torch.ones(2, 5, 3), math.inf)
    assert [each.dtype for each in stats] == [torch.int64, torch.float64, torch.float64]
    assert normaliser.normalise(stats, torch.zeros(2, 3), 0.01).dtype == torch.float32


def test_integers_of_a_tree_stay_as_they_are():
    """Real numbers are those of `normalise`, in whatever order the arrays stand, in rows of steps as of windows."""
    layout = {"count": Array((), "int64"), "speed": Array((2,)), "image": Array((2, 1), "uint8"), "far": Array((1,))}
    stats = normaliser.empty_statistics(2, 6)
    for part in batches(5, 9):
        stats = normaliser.update_statistics(stats, torch.cat([part, -part], -1), math.inf)
    x = torch.randn(2, 4, 3, 6, generator=torch.Generator().manual_seed(1)) * 200
    found, every = normaliser.normalise_real(stats, x, layout, 0.01, 5.0), normaliser.normalise(stats, x, 0.01, 5.0)
    for place, real in enumerate([False, True, True, False, False, True]):
        assert torch.equal(found[..., place], (every if real else x)[..., place])
    assert torch.equal(normaliser.normalise_real(stats, x, Array((6,)), 0.01, 5.0), every)
