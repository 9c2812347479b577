import math

import torch
from torch.func import grad, jvp

from taxon.operators.trust_region import conjugate_gradient, line_search, natural_step


def close(actual, expected, atol=1e-10):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def matrices(seeds, size, dtype=torch.float64):
    x = torch.randn(seeds, size, 2 * size, generator=torch.Generator().manual_seed(0), dtype=dtype)
    return x @ x.mT / size


def vectors(*shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def products(h):
    return lambda x: torch.stack([(m * y).sum(-1) for m, y in zip(h, x, strict=True)])


def test_conjugate_gradient_is_exact_after_as_many_steps_as_dimensions():
    h, b = matrices(3, 5), vectors(3, 5)
    expected = torch.linalg.solve(h, b)
    close(conjugate_gradient(products(h), b, 5, tolerance=0.0), expected)
    assert (conjugate_gradient(products(h), b, 4, tolerance=0.0) - expected).abs().amax(-1).gt(1e-6).all()


def test_a_seed_that_has_converged_stays_put():
    h = torch.stack([torch.eye(5, dtype=torch.float64), matrices(1, 5)[0], torch.eye(5, dtype=torch.float64)])
    b = vectors(3, 5)
    b[2] = 0.0
    x = conjugate_gradient(products(h), b, 50, tolerance=0.0)
    assert torch.equal(x[0], b[0])  # the identity takes one step
    close(x[1], torch.linalg.solve(h[1], b[1]))
    assert not x[2].any()


def test_the_tolerance_is_relative():
    h, b = matrices(2, 8), vectors(2, 8)
    coarse = conjugate_gradient(products(h), b, 100, tolerance=1e-2)
    assert torch.equal(conjugate_gradient(products(h), b * 2**-20, 100, tolerance=1e-2), coarse * 2**-20)
    residual = (b - products(h)(coarse)).square().sum(-1)
    assert (residual <= 1.0001e-2 * b.square().sum(-1)).all()
    assert (residual > 1e-8).all()


def test_no_curvature_and_no_gradient_make_no_step():
    x = conjugate_gradient(lambda x: 0 * x, vectors(1, 5), 5)
    assert not x.any()
    assert not natural_step(x, x, 0.01).any()


def test_a_nan_belongs_to_its_seed():
    h, b = matrices(2, 4), vectors(2, 4)
    b[0, 1] = math.nan
    x = conjugate_gradient(products(h), b, 10)
    assert x[0].isnan().all()
    close(x[1], torch.linalg.solve(h[1], b[1]), 1e-4)


def test_a_seed_alone_equals_itself_among_others():
    h, b = matrices(5, 33, torch.float32), vectors(5, 33, dtype=torch.float32)
    together = natural_step(conjugate_gradient(products(h), b, 20), b, 0.01)
    for k in range(5):
        one = slice(k, k + 1)
        alone = natural_step(conjugate_gradient(products(h[one].clone()), b[one].clone(), 20), b[one].clone(), 0.01)
        assert torch.equal(together[one], alone)


def test_natural_step_of_a_gaussian_mean_golden():
    # Fisher information 1 / sigma^2, an exactly quadratic divergence: the step is sigma sqrt(2 kl) sign(g).
    sigma, gradient = 0.5, torch.tensor([[3.0], [-0.02]], dtype=torch.float64)

    def product(x):
        return x / sigma**2

    x = conjugate_gradient(product, gradient, 10)
    step = natural_step(x, product(x), 0.01)
    close(step[0], [0.0707107], 1e-7)
    close(step[1], [-0.0707107], 1e-5)  # the guard 1e-8 is felt by a tiny gradient
    close(step.square() / (2 * sigma**2), [[0.01], [0.01]], 1e-6)


def test_natural_gradient_of_a_softmax_is_the_centred_advantage():
    # With logits as parameters the direction H^-1 g is A - sum_a pi A, up to the null direction of H.
    logits, advantage = vectors(2, 4), torch.tensor([[1.0, -1.0, 0.5, 4.0], [0.0, 2.0, 1.0, 1.0]], dtype=torch.float64)

    def divergence(x):
        old, new = torch.log_softmax(logits, -1), torch.log_softmax(x, -1)
        return (old.exp() * (old - new)).sum()

    def product(x):
        return jvp(grad(divergence), (logits,), (x,))[1]

    gradient = grad(lambda x: (torch.softmax(x, -1) * advantage).sum())(logits)
    x = conjugate_gradient(product, gradient, 20)
    policy = torch.softmax(logits, -1)
    expected = advantage - (policy * advantage).sum(-1, keepdim=True)
    close(x - x.mean(-1, keepdim=True), expected - expected.mean(-1, keepdim=True), 1e-6)


def test_line_search_takes_the_longest_acceptable_step():
    # Gain 1 - (x - 1)^2, divergence x^2 / 2 from x = 0, for steps of 1, 3, -1 and 2.
    start, step = torch.zeros(4, 1), torch.tensor([[1.0], [3.0], [-1.0], [2.0]])

    def evaluate(x):
        return (1 - (x - 1).square()).squeeze(-1), (x.square() / 2).squeeze(-1)

    parameters, fraction = line_search(evaluate, start, step, torch.zeros(4), 0.5, 0.5, 10)
    # 1: at once. 3: 1.5 gains but is beyond the bound, .75 is not. -1: every step loses. 2: 1 is the first in bounds.
    close(parameters.squeeze(-1), [1.0, 0.75, 0.0, 1.0])
    close(fraction, [1.0, 0.25, 0.0, 0.5])
    parameters, fraction = line_search(evaluate, start, step, torch.zeros(4), 100.0, 0.5, 10)
    close(parameters.squeeze(-1), [1.0, 1.5, 0.0, 2.0])  # now gain alone decides: 3 loses, 2 is as good as the start
    parameters, fraction = line_search(evaluate, start, step, torch.zeros(4), 0.5, 0.5, 1)
    close(fraction, [1.0, 0.0, 0.0, 0.0])


def test_line_search_refuses_nan():
    def evaluate(x):
        return torch.tensor([math.nan, 1.0]), torch.tensor([0.0, math.nan])

    start = torch.ones(2, 3)
    parameters, fraction = line_search(evaluate, start, start, torch.zeros(2), 1.0, 0.8, 5)
    assert torch.equal(parameters, start)
    assert not fraction.any()
