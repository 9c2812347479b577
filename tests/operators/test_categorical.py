import math

import torch
from torch.distributions import Categorical, kl_divergence
from torch.func import grad

from taxon.operators.categorical import (
    categorical_entropy,
    categorical_kl,
    categorical_log_prob,
    categorical_sample,
    log_probabilities,
    mode,
)


def close(actual, expected, atol=1e-12):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def random_logits(*shape):
    return 3 * torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_against_torch_distributions():
    logits, new = random_logits(2, 3, 7, 5)
    theirs = Categorical(logits=logits)
    index = logits.roll(1, 1).argmax(-1)
    one_hot = torch.nn.functional.one_hot(index, 5).double()
    close(log_probabilities(logits), theirs.logits)
    close(categorical_log_prob(logits, one_hot), theirs.log_prob(index))
    close(categorical_entropy(logits), theirs.entropy())
    close(categorical_kl(logits, new), kl_divergence(theirs, Categorical(logits=new)))


def test_gradients_against_torch_distributions():
    logits, new = random_logits(2, 3, 7, 5)
    one_hot = mode(new)
    pairs = (
        (lambda x: categorical_log_prob(x, one_hot), lambda x: Categorical(logits=x).log_prob(one_hot.argmax(-1))),
        (categorical_entropy, lambda x: Categorical(logits=x).entropy()),
        (lambda x: categorical_kl(new, x), lambda x: kl_divergence(Categorical(logits=new), Categorical(logits=x))),
    )
    for ours, theirs in pairs:
        leaf = logits.clone().requires_grad_()
        theirs(leaf).sum().backward()
        close(grad(lambda x, f=ours: f(x).sum())(logits), leaf.grad)
    # Where all logits are the largest.
    tied = torch.zeros(1, 3, dtype=torch.float64)
    slope = grad(lambda x: categorical_log_prob(x, torch.eye(3, dtype=torch.float64)[:1]).sum())(tied)
    close(slope, [[2 / 3, -1 / 3, -1 / 3]])


def test_log_probabilities_far_out():
    close(log_probabilities(torch.tensor([1000.0, 0.0, -1000.0])), [0.0, -1000.0, -2000.0], 0)
    close(categorical_entropy(torch.tensor([1000.0, 0.0, -1000.0])), 0.0, 0)
    close(categorical_entropy(torch.zeros(2, 4)), [math.log(4)] * 2, 1e-6)


def test_divergence_is_flat_at_the_old_policy():
    logits = random_logits(3, 4)
    close(categorical_kl(logits, logits + 2.5), torch.zeros(3))
    close(grad(lambda x: categorical_kl(logits, x).sum())(logits), torch.zeros(3, 4))


def test_samples_follow_the_probabilities():
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    uniform = torch.rand(400_000, 4, generator=torch.Generator().manual_seed(0))
    sample = categorical_sample(probabilities.log() + 7, uniform)
    assert torch.equal(sample.sum(-1), torch.ones(400_000))
    assert set(sample.unique().tolist()) == {0.0, 1.0}
    close(sample.double().mean(0), probabilities, 4e-3)  # five standard errors


def test_a_sample_is_the_winner_of_an_exponential_race():
    # -log(u) / pi(a) are exponential arrival times at rate pi(a): the first one is a draw from pi.
    logits = random_logits(50, 6)
    uniform = torch.rand(50, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    first = (-uniform.log() / logits.exp()).argmin(-1)
    assert torch.equal(categorical_sample(logits, uniform).argmax(-1), first)


def test_a_draw_of_zero_excludes_nothing():
    logits = torch.tensor([[0.0, 0.0, 9.0]])
    assert categorical_sample(logits, torch.zeros(1, 3)).tolist() == [[0.0, 0.0, 1.0]]
    assert categorical_sample(logits, torch.tensor([[0.5, 0.5, 0.0]])).tolist() == [[0.0, 0.0, 1.0]]


def test_mode_takes_the_first_of_equals():
    assert mode(torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])).tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    many = torch.zeros(3, 1000)
    many[:, 400:] = 1
    assert mode(many).argmax(-1).tolist() == [400] * 3


def test_samples_broadcast_over_an_axis_of_draws():
    logits = random_logits(2, 1, 5, 3)
    uniform = torch.rand(2, 4, 5, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    sample = categorical_sample(logits, uniform)
    assert sample.shape == (2, 4, 5, 3)
    assert categorical_log_prob(logits, sample).shape == (2, 4, 5)
    assert not grad(lambda x: categorical_sample(x, uniform).square().sum())(logits).any()
