import math

import torch
from torch.func import grad

from taxon.operators.categorical import categorical_kl, log_probabilities
from taxon.operators.duals import lagrange_dual
from taxon.operators.e_step import (
    batch_weights,
    categorical_dual,
    categorical_weights,
    categorical_weights_kl,
    clip_weights,
    exponential,
    exponential_weights,
    group_weights,
    indicator,
    mean_one,
    normalise_weights,
    rectified,
    softmax_weights,
    standardise,
    temperature_dual,
    top_half,
    underappreciated_score,
    weights_kl,
)
from taxon.operators.losses import weighted_likelihood
from taxon.operators.policy_gradient import valid_average

# Four actions, two states: [S = 1, M = 4, B = 2].
Q = torch.tensor([[[1.0, 0.0], [2.0, 0.5], [0.0, -1.0], [-1.0, 3.0]]], dtype=torch.float64)
ON_POLICY = torch.tensor([[0.5, -1.0, 2.0, 0.0, 1.0, -0.5, 3.0, -2.0]], dtype=torch.float64)
RETURN = torch.tensor([[[1.0, 0.0, 2.0, 0.5]]], dtype=torch.float64)
LOG_PROB = torch.tensor([[[-1.0, -2.0, -3.0, -1.5]]], dtype=torch.float64)
ADVANTAGE = torch.tensor([[1.0, -1.0, 0.5, 4.0]], dtype=torch.float64)


def eta(value):
    return torch.tensor([value], dtype=torch.float64)


def close(actual, expected, atol=1e-6):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), atol=atol, rtol=0)


def test_per_state_weights_and_dual_golden():
    expected = [[0.268475, 0.097105], [0.522917, 0.135522], [0.137839, 0.049856], [0.070769, 0.717517]]
    weights = softmax_weights(Q, eta(1.5), 1)
    close(weights[0], expected)
    close(temperature_dual(Q, eta(1.5), 0.1, 1), [1.3057764], 1e-7)
    slope = grad(lambda e: temperature_dual(Q, e, 0.1, 1).sum())(eta(1.5))
    close(slope, [-0.2674813], 1e-7)
    kl = (weights * (weights * 4).log()).sum(1).mean(-1)
    close(slope, 0.1 - kl, 1e-12)


def test_the_divergence_of_the_weights_is_what_the_slope_of_their_dual_leaves_of_the_bound():
    """g'(eta) = epsilon - KL(q || pi_p), at drawn actions, over a batch, over the half of it, and over all actions."""
    g = torch.Generator().manual_seed(4)
    drawn, batch, every = (
        torch.randn(*shape, generator=g, dtype=torch.float64) for shape in ((2, 5, 7), (2, 9), (2, 7, 3))
    )
    prior, kept = log_probabilities(torch.randn(2, 7, 3, generator=g, dtype=torch.float64)), top_half(batch)
    temperature = torch.tensor([0.7, 2.0], dtype=torch.float64)

    def slope(dual):
        return 0.1 - grad(lambda e: dual(e).sum())(temperature)

    weights = softmax_weights(drawn, temperature, 1)
    close(weights_kl(weights, 1), slope(lambda e: temperature_dual(drawn, e, 0.1, 1)), 1e-12)
    weights = batch_weights(batch, temperature)
    close(weights_kl(weights, -1), slope(lambda e: temperature_dual(batch, e, 0.1, -1)), 1e-12)
    weights = mean_one(softmax_weights(batch, temperature, -1, kept))
    close(weights_kl(weights, -1, kept), slope(lambda e: temperature_dual(batch, e, 0.1, -1, kept)), 1e-12)
    weights = categorical_weights(prior, every, temperature)
    close(categorical_weights_kl(weights, prior), slope(lambda e: categorical_dual(prior, every, e, 0.1)), 1e-12)


def test_the_divergence_of_weights_by_hand():
    one = torch.tensor([[0.0, 0.0, 3.0, 0.0]])
    close(weights_kl(one, -1), [math.log(4)])
    close(weights_kl(torch.ones(1, 4), -1), [0.0])
    close(weights_kl(one, -1, torch.tensor([[0.0, 1.0, 1.0, 0.0]])), [math.log(2)])
    close(weights_kl(torch.zeros(1, 4), -1), [0.0])
    prior = torch.log(torch.tensor([[[0.5, 0.25, 0.25]]]))
    close(categorical_weights_kl(torch.tensor([[[0.0, 1.0, 1.0]]]), prior), [math.log(2)])


def test_the_dual_is_stationary_where_the_constraint_is_met():
    close(temperature_dual(Q, eta(3.0263228), 0.1, 1), [1.1615833], 1e-7)
    close(grad(lambda e: temperature_dual(Q, e, 0.1, 1).sum())(eta(3.0263228)), [0.0], 1e-8)
    weights = softmax_weights(Q, eta(3.0263228), 1)
    close((weights * (weights * 4).log()).sum(1), [[0.065215, 0.134785]])


def test_a_constant_score_moves_the_dual_and_not_the_weights():
    close(temperature_dual(Q + 7, eta(1.5), 0.1, 1), temperature_dual(Q, eta(1.5), 0.1, 1) + 7, 1e-12)
    close(softmax_weights(Q + 7, eta(1.5), 1), softmax_weights(Q, eta(1.5), 1), 1e-15)


def test_batch_dual_has_one_logarithm():
    expected = 1.5 * (0.1 + math.log(sum(math.exp(x / 1.5) for x in (1.0, -1.0, 0.5, 4.0)) / 4))
    close(temperature_dual(ADVANTAGE, eta(1.5), 0.1, -1), [expected], 1e-12)


def test_out_of_bounds_weights_golden():
    cost = torch.tensor([[[0.0], [-0.3], [-0.5385165]]], dtype=torch.float64)
    close(softmax_weights(cost, eta(1.3132617), 1)[0, :, 0], [0.4066057, 0.3235666, 0.2698277])
    close(temperature_dual(cost, eta(1.3132617), 1e-3, 1), [-0.2596330])


def test_categorical_weights_golden():
    q = torch.tensor([[[1.0], [2.0], [0.0]]], dtype=torch.float64)
    close(softmax_weights(q, 0.5, 1)[0, :, 0], [0.117310, 0.866813, 0.015876])
    close(temperature_dual(q, eta(0.5), 0.1, 1), [1.5721597])


def test_batch_weights_golden():
    weights = batch_weights(ADVANTAGE, 1.0)
    close(weights, [[0.183256, 0.024801, 0.111150, 3.680793]])
    close(weights.mean(-1), [1.0], 1e-15)


def test_standardised_exponential_weights_golden():
    standardised = standardise(ADVANTAGE)
    close(standardised, [[-0.068842, -1.170322, -0.344212, 1.583377]])
    close(exponential_weights(standardised, 1.0, 20.0), [[0.933474, 0.310267, 0.708778, 4.871377]], 2e-6)


def test_standardise_ignores_invalid_entries():
    valid = torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0]], dtype=torch.float64)
    padded = torch.cat([ADVANTAGE, torch.full((1, 1), 1e6, dtype=torch.float64)], -1)
    close(standardise(padded, valid)[:, :4], standardise(ADVANTAGE), 1e-12)


def test_long_rows_keep_their_statistics():
    x = torch.randn(2, 50_001, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3 + 5
    close(standardise(x, eps=0.0), (x - x.mean(-1, keepdim=True)) / x.std(-1, correction=0, keepdim=True), 1e-10)


def test_clipped_exponential_does_not_overflow():
    score = torch.tensor([[1000.0, -1000.0, 0.0, math.log(19.0), 3.0]])
    weights = exponential_weights(score, 1.0, 20.0)
    torch.testing.assert_close(weights, torch.tensor([[20.0, 0.0, 1.0, 19.0, 20.0]]))
    assert weights.max() <= 20
    assert exponential(score, 1.0)[0, 0] == math.inf
    torch.testing.assert_close(clip_weights(exponential(score, 1.0), 20.0), weights)


def test_eta_belongs_to_its_seed():
    two = Q.expand(2, 4, 2)
    both = softmax_weights(two, torch.tensor([1.5, 3.0], dtype=torch.float64), 1)
    close(both[1:], softmax_weights(Q, eta(3.0), 1), 0)
    row = softmax_weights(two, torch.tensor([[1.5], [3.0]], dtype=torch.float64), 1)
    assert torch.equal(row, both)
    dual = temperature_dual(two, torch.tensor([1.5, 3.0], dtype=torch.float64), 0.1, 1)
    close(dual[1:], temperature_dual(Q, eta(3.0), 0.1, 1), 0)


def test_weights_and_dual_send_no_gradient_to_the_score():
    for weights in (
        lambda q, e: softmax_weights(q, e, 1),
        lambda q, e: batch_weights(q[:, :, 0], e),
        lambda q, e: exponential_weights(q, e, 20.0),
        exponential,
    ):
        gradients = grad(lambda q, e, w=weights: w(q, e).square().sum(), (0, 1))(Q, eta(1.5))
        assert all(not g.any() for g in gradients)
    assert not grad(lambda q: temperature_dual(q, eta(1.5), 0.1, 1).sum())(Q).any()


def test_top_half_golden():
    kept = top_half(ON_POLICY)
    close(kept, [[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]], 0)
    expected = [[0.051779, 0.0, 0.232057, 0.0, 0.085369, 0.0, 0.630796, 0.0]]
    weights = softmax_weights(ON_POLICY, eta(1.0), -1, kept)
    close(weights, expected)
    close(temperature_dual(ON_POLICY, eta(1.0), 0.02, -1, kept), [2.0944791], 1e-7)
    log_prob = torch.tensor([[-1.0, -2.0, -0.5, -1.5, -0.8, -1.2, -0.3, -2.5]], dtype=torch.float64)
    close(8 * weighted_likelihood(weights, log_prob), [0.4253410], 1e-7)
    # Weights of mean one over the kept entries give the same loss averaged over these.
    close(batch_weights(ON_POLICY, eta(1.0), kept), 4 * weights, 1e-15)
    close(-valid_average(batch_weights(ON_POLICY, eta(1.0), kept) * log_prob, kept), [0.4253410], 1e-7)
    kl = torch.tensor([[0.01, 0.02, 0.0, 0.03, 0.01, 0.0, 0.02, 0.01]], dtype=torch.float64)
    close(5 * kl.mean(-1), [0.0625], 1e-12)
    close(lagrange_dual(eta(5.0).unsqueeze(-1), 0.01, kl.mean(-1, keepdim=True)), [-0.0125], 1e-12)


def test_dual_over_the_kept_half_has_the_slope_of_its_divergence():
    kept = top_half(ON_POLICY)
    slope = grad(lambda e: temperature_dual(ON_POLICY, e, 0.02, -1, kept).sum())(eta(1.3))
    weights = softmax_weights(ON_POLICY, eta(1.3), -1, kept)
    close(slope, 0.02 - torch.xlogy(weights, 4 * weights).sum(-1), 1e-12)
    shifted = temperature_dual(ON_POLICY + 7, eta(1.3), 0.02, -1, kept)
    close(shifted, temperature_dual(ON_POLICY, eta(1.3), 0.02, -1, kept) + 7, 1e-12)


def test_top_half_counts_down_and_keeps_ties():
    assert top_half(torch.tensor([[5.0, 1.0, 3.0, 2.0, 4.0]])).tolist() == [[1.0, 0.0, 0.0, 0.0, 1.0]]
    assert top_half(torch.tensor([[1.0, 1.0, 1.0, 0.0]])).tolist() == [[1.0, 1.0, 1.0, 0.0]]
    assert top_half(torch.tensor([[-3.0]])).tolist() == [[1.0]]
    both = top_half(torch.tensor([[1.0, 2.0], [4.0, 3.0]]))
    assert both.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_a_mask_is_the_same_as_a_shorter_support():
    mask = torch.tensor([[[1.0], [1.0], [0.0], [1.0]]], dtype=torch.float64).expand(1, 4, 2)
    rows = [0, 1, 3]
    weights = softmax_weights(Q, eta(1.5), 1, mask)
    close(weights[:, rows], softmax_weights(Q[:, rows], eta(1.5), 1), 1e-15)
    assert not weights[:, 2].any()
    close(temperature_dual(Q, eta(1.5), 0.1, 1, mask), temperature_dual(Q[:, rows], eta(1.5), 0.1, 1), 1e-12)
    close(softmax_weights(Q, eta(1.5), 1, torch.ones_like(Q)), softmax_weights(Q, eta(1.5), 1), 0)
    # What is masked may be out of any range.
    far = torch.where(mask > 0, Q, torch.full_like(Q, 1e300))
    close(softmax_weights(far, eta(1.5), 1, mask), weights, 1e-15)
    slopes = grad(lambda e: temperature_dual(far, e, 0.1, 1, mask).sum())(eta(1.5))
    close(slopes, grad(lambda e: temperature_dual(Q, e, 0.1, 1, mask).sum())(eta(1.5)), 1e-12)
    assert not softmax_weights(Q, eta(1.5), 1, torch.zeros_like(Q)).any()


def test_weights_that_are_no_exponential_golden():
    close(indicator(ADVANTAGE), [[1.0, 0.0, 1.0, 1.0]], 0)
    close(rectified(ADVANTAGE), [[1.0, 0.0, 0.5, 4.0]], 0)
    zero = torch.zeros(1, 3, dtype=torch.float64)
    close(indicator(zero), zero + 1, 0)
    close(rectified(zero), zero, 0)


def test_weights_divided_by_their_sum_or_mean():
    weights = torch.tensor([[1.0, 3.0, 0.0, 4.0], [0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    close(normalise_weights(weights, -1), [[0.125, 0.375, 0.0, 0.5], [0.0] * 4], 1e-15)
    close(mean_one(weights), [[0.5, 1.5, 0.0, 2.0], [0.0] * 4], 1e-15)
    close(normalise_weights(weights.unsqueeze(-1), 1).squeeze(-1), normalise_weights(weights, -1), 1e-15)
    close(mean_one(exponential(ADVANTAGE, 0.7)), batch_weights(ADVANTAGE, 0.7), 1e-12)
    assert normalise_weights(torch.full((1, 2), 1e-30), -1).tolist() == [[0.5, 0.5]]


def test_enumerated_posterior_and_dual_golden():
    q = torch.tensor([[[1.0, 2.0, 0.0]]], dtype=torch.float64)
    uniform = log_probabilities(torch.zeros_like(q))
    close(categorical_weights(uniform, q, 0.5), [[[0.117310, 0.866813, 0.015876]]])
    close(categorical_dual(uniform, q, eta(0.5), 0.1), [1.5721597], 1e-7)


def test_enumerated_posterior_is_the_tilted_prior():
    logits, q = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    prior, temperature = log_probabilities(logits), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    mass = prior.exp() * (q / temperature.reshape(3, 1, 1)).exp()
    weights = categorical_weights(prior, q, temperature)
    close(weights, mass / mass.sum(-1, keepdim=True), 1e-12)
    expected = temperature * (0.1 + mass.sum(-1).log().mean(-1))
    close(categorical_dual(prior, q, temperature, 0.1), expected, 1e-12)
    slope = grad(lambda e: categorical_dual(prior, q, e, 0.1).sum())(temperature)
    close(slope, 0.1 - categorical_kl(weights.log(), prior).mean(-1), 1e-12)


def test_enumeration_is_sampling_without_end():
    # Every action as often as the prior has it: the sampled dual and weights are the enumerated ones.
    counts = torch.tensor([5, 2, 1])
    q = torch.tensor([1.0, -0.5, 3.0], dtype=torch.float64)
    prior = (counts / 8).double().log().reshape(1, 1, 3)
    sampled = q.repeat_interleave(counts).reshape(1, 8, 1)
    close(
        categorical_dual(prior, q.reshape(1, 1, 3), eta(0.8), 0.1), temperature_dual(sampled, eta(0.8), 0.1, 1), 1e-12
    )
    weights = softmax_weights(sampled, eta(0.8), 1).flatten().split(counts.tolist())
    close(
        categorical_weights(prior, q.reshape(1, 1, 3), eta(0.8))[0, 0], torch.stack([w.sum() for w in weights]), 1e-12
    )


def test_group_weights_and_score_golden():
    valid = torch.ones_like(RETURN)
    omega = group_weights(RETURN, LOG_PROB, 0.5, valid)
    close(omega, [[[0.017676, 0.006503, 0.965100, 0.010721]]])
    score = underappreciated_score(RETURN, omega, 0.5, 1.0, valid)
    close(score, [[[-0.339647, -1.361994, 2.555199, -0.853557]]])
    close(-(score * LOG_PROB).mean(), 0.8304062, 1e-7)
    close(group_weights(RETURN, LOG_PROB, eta(0.5), valid), omega, 0)
    close(underappreciated_score(RETURN, omega, eta(0.5), 1.0, valid), score, 0)


def test_without_a_bonus_the_score_is_the_return_less_the_groups_mean():
    valid = torch.ones_like(RETURN)
    omega = group_weights(RETURN, LOG_PROB, 0.5, valid)
    close(underappreciated_score(RETURN, omega, 0.5, 0.0, valid), RETURN - RETURN.mean(), 1e-15)


def test_a_group_with_a_missing_member_is_a_smaller_group():
    valid = torch.tensor([[[1.0, 1.0, 0.0, 1.0], [0.0] * 4, [0.0, 1.0, 0.0, 0.0]]], dtype=torch.float64)
    total, log_prob = RETURN.expand(1, 3, 4), LOG_PROB.expand(1, 3, 4)
    kept, three = [0, 1, 3], torch.ones(1, 1, 3, dtype=torch.float64)
    omega = group_weights(total, log_prob, 0.5, valid)
    score = underappreciated_score(total, omega, 0.5, 1.0, valid)
    smaller = group_weights(RETURN[..., kept], LOG_PROB[..., kept], 0.5, three)
    close(omega[:, :1, kept], smaller, 1e-15)
    close(score[:, :1, kept], underappreciated_score(RETURN[..., kept], smaller, 0.5, 1.0, three), 1e-12)
    assert not (omega * (1 - valid)).any()
    assert not (score * (1 - valid)).any()
    assert not omega[:, 1].any()
    # Alone in its group an episode has weight one and nothing to be better than.
    close(omega[0, 2, 1], 1.0, 0)
    close(score[:, 1:], torch.zeros(1, 2, 4), 0)


def test_new_weights_and_duals_send_no_gradient_to_the_score():
    prior = log_probabilities(Q)
    mask = top_half(ADVANTAGE)
    ones = torch.ones_like(RETURN)
    for f, x in (
        (lambda x: softmax_weights(x, 1.0, -1, mask), ADVANTAGE),
        (lambda x: batch_weights(x, 1.0, mask), ADVANTAGE),
        (lambda x: temperature_dual(x, eta(1.5), 0.1, -1, mask), ADVANTAGE),
        (indicator, ADVANTAGE),
        (rectified, ADVANTAGE),
        (mean_one, ADVANTAGE.exp()),
        (lambda x: normalise_weights(x, -1), ADVANTAGE.exp()),
        (lambda x: categorical_weights(x, x, 1.0), prior),
        (lambda x: categorical_dual(x, x, eta(1.5), 0.1), prior),
        (lambda x: group_weights(x, x, 0.5, ones), RETURN),
        (lambda x: underappreciated_score(x, x, 0.5, 1.0, ones), RETURN),
    ):
        assert not grad(lambda y, g=f: g(y).square().sum())(x).any()
    close(grad(lambda e: batch_weights(ADVANTAGE, e, mask).square().sum())(eta(1.0)), [0.0], 0)
