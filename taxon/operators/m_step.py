"""Weighted maximum likelihood in closed form, or to convergence, for policies that are linear in features.

S seeds, n samples, F features without the constant, A actions. Weights are not negative and carry no gradient. Every
seed is solved on its own in float64; a seed whose weights sum to zero, or hold a NaN, comes out as NaN.
"""

import math

import torch
from torch import Tensor

FLATNESS = 1e-16  # of the likelihood: where Newton's step would gain less, rounding decides
BACKTRACKS = 40


def with_constant(features: Tensor) -> Tensor:
    """[features, 1]: [..., F] -> [..., F + 1]."""
    return torch.cat([features, features.new_ones(*features.shape[:-1], 1)], -1)


def weighted_least_squares(features: Tensor, targets: Tensor, weights: Tensor, ridge: float) -> Tensor:
    """argmin_theta sum_i w_i |targets_i - theta^T [features_i, 1]|^2 / sum_i w_i + ridge |theta without its bias|^2.

    features [S, n, F], targets [S, n, A], weights [S, n] or [S, n, A] -> theta [S, F + 1, A], the bias last: flattened,
    it is the row of a linear network. Weighted maximum likelihood of the mean (Peters & Schaal 2007, Equation 9); with
    the weights R / std(s)^2 it is the mean's step of Kober & Peters 2008.
    """
    seeds = zip(features, targets, weights, strict=True)
    return torch.stack([_least_squares(*seed, ridge) for seed in seeds]).to(targets.dtype)


def weighted_variance(targets: Tensor, mean: Tensor, weights: Tensor) -> Tensor:
    """sum w (targets - mean)^2 / sum w: [S, n, A], [S, n, A], [S, n] -> [S, A], the maximum-likelihood variance."""
    rows = []
    for deviation, weight in zip(_doubles(targets - mean), _shares(weights), strict=True):
        rows.append((weight.unsqueeze(-1) * deviation.square()).sum(0))
    return torch.stack(rows).to(targets.dtype)


def weighted_covariance(targets: Tensor, mean: Tensor, weights: Tensor) -> Tensor:
    """sum w d d^T / sum w, d = targets - mean: [S, n, A], [S, n, A], [S, n] -> [S, A, A]."""
    rows = []
    for deviation, weight in zip(_doubles(targets - mean), _shares(weights), strict=True):
        rows.append(deviation.T @ (weight.unsqueeze(-1) * deviation))
    return torch.stack(rows).to(targets.dtype)


def exploration_deviation(features: Tensor, deviation: Tensor, sigma: Tensor, weights: Tensor) -> Tensor:
    """One step of expectation maximisation for the deviations of parameters: [S, F + 1, A] -> [S, F + 1, A].

    The model is deviation_i = sum_j eps_j phi_j(s_i) with eps_j ~ N(0, sigma_j^2) per sample and action, of which only
    the deviation a - mu [S, n, A] is seen (Kober & Peters 2008, with a diagonal covariance). With v = sum_j sigma_j^2
    phi_j^2 the parameters behind a deviation d are Gaussian,
    E[eps_j|d] = sigma_j^2 phi_j d / v,   Var[eps_j|d] = sigma_j^2 (1 - sigma_j^2 phi_j^2 / v),
    and the new sigma_j^2 is the mean of E^2 + Var under weights [S, n]. The weighted likelihood of the deviations
    never falls. `features` [S, n, F + 1] include the constant. A sigma may come out as 0 where a sample's deviation is
    0 and one feature alone explains it.
    """
    rows = []
    seeds = zip(*(_doubles(x) for x in (features, deviation, sigma)), _shares(weights), strict=True)
    for phi, d, s, weight in seeds:
        squares, variance = phi.square(), s.square()
        precision = 1 / (squares @ variance)
        share = weight.unsqueeze(-1) * precision
        means = variance.square() * (squares.T @ (share * precision * d.square()))
        rest = variance * (1 - variance * (squares.T @ share)).clamp(min=0.0)
        rows.append((means + rest).sqrt())
    return torch.stack(rows).to(sigma.dtype)


def fit_softmax(
    features: Tensor, actions: Tensor, weights: Tensor, start: Tensor, ridge: float, iterations: int = 20
) -> Tensor:
    """argmax_theta sum w log softmax(theta^T [features, 1])[action] / sum w - ridge / 2 |theta|^2.

    features [S, n, F], one-hot actions [S, n, A], weights [S, n], start and result the row [S, (F + 1) A] of a linear
    network. Newton's method on a concave function; a step is halved until the function does not fall. The ridge
    (above 0) covers the bias too, since a constant added to all logits changes nothing. Reads numbers back to the
    host, so it does not compile.
    """
    seeds = zip(features, actions, weights, start, strict=True)
    return torch.stack([_softmax_row(*seed, ridge, iterations) for seed in seeds]).to(start.dtype)


def _least_squares(features: Tensor, targets: Tensor, weights: Tensor, ridge: float) -> Tensor:
    phi, y = with_constant(features.detach().double()), targets.detach().double()
    if weights.dim() == 1:
        return _normal_equations(phi, y, weights, ridge)
    columns = zip(torch.split(y, 1, -1), weights.unbind(-1), strict=True)
    return torch.cat([_normal_equations(phi, column, weight, ridge) for column, weight in columns], -1)


def _normal_equations(phi: Tensor, y: Tensor, weights: Tensor, ridge: float) -> Tensor:
    weights = weights.detach().double()
    weighted = (weights / weights.sum()).unsqueeze(-1) * phi
    # One product of matrices: a lone column would go another way through BLAS.
    moments = weighted.T @ torch.cat([phi, y], -1)
    penalty = torch.full_like(phi[0], ridge)
    penalty[-1] = 0.0
    count = phi.shape[-1]
    theta, failed = torch.linalg.solve_ex(moments[:, :count] + penalty.diag(), moments[:, count:])
    return torch.where(failed == 0, theta, math.nan)


def _softmax_row(
    features: Tensor, actions: Tensor, weights: Tensor, start: Tensor, ridge: float, iterations: int
) -> Tensor:
    phi, chosen = with_constant(features.detach().double()), actions.detach().double()
    weights = weights.detach().double()
    weights = (weights / weights.sum()).unsqueeze(-1)
    count, choices = phi.shape[-1], chosen.shape[-1]

    def log_policy(theta: Tensor) -> Tensor:
        logits = phi @ theta
        logits = logits - logits.amax(-1, keepdim=True)
        return logits - torch.log(torch.exp(logits).sum(-1, keepdim=True))

    def objective(theta: Tensor) -> float:
        return float((weights * chosen * log_policy(theta)).sum() - 0.5 * ridge * theta.square().sum())

    theta = start.detach().double().reshape(count, choices)
    value = objective(theta)
    if not math.isfinite(value):
        return torch.full_like(theta, math.nan).flatten()
    for _ in range(iterations):
        policy = torch.exp(log_policy(theta))
        gradient = (phi.T @ (weights * (chosen - policy)) - ridge * theta).flatten()
        curvature = _softmax_curvature(phi, policy, weights) + ridge * torch.eye(len(gradient)).to(phi)
        step = torch.linalg.solve(curvature, gradient.unsqueeze(-1)).reshape(count, choices)
        if float((gradient * step.flatten()).sum()) <= FLATNESS:
            break
        for k in range(BACKTRACKS):
            candidate = theta + 0.5**k * step
            gained = objective(candidate)
            if gained >= value:
                theta, value = candidate, gained
                break
        else:
            break
    return theta.flatten()


def _softmax_curvature(phi: Tensor, policy: Tensor, weights: Tensor) -> Tensor:
    """sum_i w_i phi phi^T (x) (diag(p) - p p^T), the curvature of the negative log-likelihood: [(F+1) A, (F+1) A]."""
    count, choices = phi.shape[-1], policy.shape[-1]
    curvature = phi.new_zeros(count, choices, count, choices)
    for a in range(choices):
        for b in range(a + 1):
            covariance = policy[:, a] * (float(a == b) - policy[:, b])
            block = phi.T @ (weights * covariance.unsqueeze(-1) * phi)
            curvature[:, a, :, b] = curvature[:, b, :, a] = block
    return curvature.reshape(count * choices, -1)


def _doubles(x: Tensor) -> list[Tensor]:
    """Each seed's own copy in float64, so that nothing depends on where the others put it."""
    return [row.to(torch.float64, copy=True) for row in x.detach()]


def _shares(weights: Tensor) -> list[Tensor]:
    """Each seed's weights over their sum, in float64."""
    return [row / row.sum() for row in _doubles(weights)]
