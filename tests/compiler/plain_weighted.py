"""UREX, RWR, PoWER and REPS once more, one seed at a time, with torch's optimisers, numpy and scipy."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from plain import descend, fill, flat, mlp
from plain_onpolicy import Actor
from scipy.optimize import minimize
from tiny import leaf_of
from torch import Tensor, nn
from torch.distributions import Normal


def returns_to_go(reward: Tensor, ended: Tensor, gamma: float) -> Tensor:
    """The rewards that follow, up to the end of what t belongs to."""
    found = torch.zeros_like(reward)
    for t in range(len(reward)):
        last = t + int(torch.nonzero(ended[t:])[0])
        found[t] = sum(gamma ** (k - t) * reward[k] for k in range(t, last + 1))
    return found


class Urex:
    """Nachum et al. 2017: groups of episodes that began alike."""

    ETA, CLIP = 0.1, 0.5

    def __init__(self, state, seed: int, kind: str, width: int, group: int) -> None:
        self.actor, self.group = Actor(kind, leaf_of(state, "policy")[seed], [8], width, nn.Tanh), group
        self.optimiser = torch.optim.Adam(self.actor.trained(), lr=0.01, eps=2e-4)

    def update(self, episodes, seed: int, environments: int) -> None:
        s, a, r, valid = (
            part.view(environments, -1, *part.shape[1:])
            for part in (
                column[seed] for column in (episodes.observation, episodes.action, episodes.reward, episodes.valid)
            )
        )
        lengths = valid.sum(-1).int().tolist()
        losses = []
        for first in range(0, environments, self.group):
            members = [(e, lengths[e]) for e in range(first, first + self.group)]
            taken = torch.stack([self.actor(s[e, :n]).log_prob(a[e, :n]).sum() for e, n in members])
            total = torch.stack([r[e, :n].sum() for e, n in members])
            omega = torch.softmax(total / self.ETA - taken.detach(), 0)
            score = total + self.ETA * self.group * omega
            losses.append(-(score - score.mean()) * taken)
        descend(torch.cat(losses).mean(), (self.optimiser, self.actor.trained()), clip=self.CLIP)


class Rwr:
    """Peters and Schaal 2007 with the adaptive transform of a cost, or with what an outcome is above the worst."""

    def __init__(self, state, seed: int, seen: Tensor) -> None:
        self.policy = fill(mlp([3, 8, 6, 2], nn.ReLU), leaf_of(state, "policy")[seed])
        self.beta = state.beta[seed] if "beta" in state._fields else None
        self.optimiser = torch.optim.SGD(self.policy.parameters(), lr=1e-2, momentum=0.9)
        self.mean, self.std = seen.mean(0), seen.std(0, correction=0)

    def weigh(self, outcome: Tensor) -> Tensor:
        if self.beta is None:
            return outcome - outcome.min()
        self.cost = outcome.max() - outcome + 1e-8
        self.weights = self.beta * (-self.beta * self.cost).exp()
        return self.weights

    def update(self, s: Tensor, a: Tensor, weights: Tensor) -> None:
        mean = self.policy(((s - self.mean) / (self.std + 0.01)).clamp(-5, 5))
        beyond = (-1 - mean).clamp(min=0).square() + (mean - 1).clamp(min=0).square()
        log_prob = Normal(mean, 0.4).log_prob(a).sum(-1)
        loss = -(weights / weights.sum() * log_prob).sum() + 10 * 0.5 * beyond.sum(-1).mean()
        descend(loss, (self.optimiser, self.policy.parameters()))

    def adapt(self) -> None:
        """The zero of d/d beta sum w (log beta - beta c), up to the row's limit."""
        self.beta = (self.weights.sum() / (self.weights * self.cost).sum()).clamp(max=100)

    def row(self) -> Tensor:
        return flat(self.policy)


def with_one(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.ones((len(x), 1))], 1)


def ridge_regression(phi: np.ndarray, y: np.ndarray, weights: np.ndarray, ridge: float) -> np.ndarray:
    """Weighted least squares as ordinary ones: scaled rows, and a row for each penalised parameter."""
    scale = np.sqrt(weights / weights.sum())
    penalty = np.sqrt(ridge) * np.eye(phi.shape[1])[:-1]  # not the bias
    rows, targets = np.concatenate([scale[:, None] * phi, penalty]), np.concatenate([scale * y, np.zeros(len(penalty))])
    return np.linalg.lstsq(rows, targets, rcond=None)[0]


class Power:
    """Kober and Peters 2008, every parameter perturbed at every step, with a diagonal covariance."""

    RIDGE = 1e-3

    def __init__(self, row: Tensor, width: int) -> None:
        self.theta, log_sigma = row.view(2, -1, width).numpy()
        self.sigma = np.exp(log_sigma)

    def update(self, s: np.ndarray, a: np.ndarray, returns: np.ndarray) -> None:
        phi = with_one(s)
        share = returns / returns.sum()
        theta, sigma = np.zeros_like(self.theta), np.zeros_like(self.sigma)
        for k in range(a.shape[1]):
            prior = np.diag(self.sigma[:, k] ** 2)  # of this action's perturbation
            spread = np.einsum("nf,fg,ng->n", phi, prior, phi)
            theta[:, k] = ridge_regression(phi, a[:, k], returns / spread, self.RIDGE)
            second = np.zeros(len(prior))
            for x, d, weight in zip(phi, a[:, k] - phi @ theta[:, k], share, strict=True):
                gain = prior @ x / (x @ prior @ x)  # the perturbation given its product with x
                second += weight * np.diag(np.outer(gain * d, gain * d) + prior - np.outer(gain, x @ prior))
            sigma[:, k] = np.sqrt(second)
        self.theta, self.sigma = theta, sigma

    def row(self) -> Tensor:
        return torch.from_numpy(np.concatenate([self.theta.reshape(-1), np.log(self.sigma).reshape(-1)]))


def quadratic(s: np.ndarray) -> np.ndarray:
    """The coordinates, their products, and 1."""
    pairs = itertools.combinations_with_replacement(range(s.shape[1]), 2)
    return with_one(np.concatenate([s, np.stack([s[:, i] * s[:, j] for i, j in pairs], 1)], 1))


def minimum(loss, x: np.ndarray) -> np.ndarray:
    """By quasi-Newton steps, and started again from where they ended: the last digits need a fresh curvature."""
    for _ in range(6):
        x = minimize(loss, x, jac=True, method="BFGS", options={"gtol": 1e-12, "maxiter": 5000}).x
    assert np.abs(loss(x)[1]).max() < 1e-6
    return x


class Reps:
    """Peters et al. 2010 in its discounted form; a termination leads to a place without reward that is never left."""

    EPSILON, RIDGE = 0.5, 1e-4

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma

    def weights(self, episodes, seed: int) -> np.ndarray:
        """n exp(delta / eta) / Z at the dual's minimum over eta and V."""
        s, r, s_next, over, begins = (
            column[seed].numpy()
            for column in (
                episodes.observation,
                episodes.reward,
                episodes.next_observation,
                episodes.terminated,
                episodes.begins,
            )
        )
        phi, following = quadratic(s), quadratic(s_next)
        first = phi[begins > 0].mean(0)
        if self.gamma < 1:
            following = following * (1 - over[:, None])
            # the absorbing place: its share of the data is what a discounted chain spends there
            phi, following, r = (np.concatenate([x, np.zeros_like(x[:1])]) for x in (phi, following, r))
            q = np.append(np.ones(len(s)), over.sum() * self.gamma / (1 - self.gamma))
        else:
            following = np.where(over[:, None] > 0, first, following)
            q = np.ones(len(s))
        flow, q = self.gamma * following - phi, q / q.sum()
        scale = np.abs(flow).max(0) + 1e-12  # so that BFGS begins with slopes of one size

        def dual(x: np.ndarray) -> tuple[float, np.ndarray]:
            eta, v = np.exp(x[0]), x[1:] / scale
            delta = r + flow @ v
            top = delta.max()
            mass = q * np.exp((delta - top) / eta)
            log_z, w = np.log(mass.sum()) + top / eta, mass / mass.sum()
            value = eta * self.EPSILON + eta * log_z + (1 - self.gamma) * first @ v
            by_eta = self.EPSILON + log_z - w @ delta / eta
            return value, np.append(eta * by_eta, (w @ flow + (1 - self.gamma) * first) / scale)

        found = minimum(dual, np.zeros(1 + flow.shape[1]))
        tilted = (r + flow @ (found[1:] / scale))[: len(s)] / np.exp(found[0])
        mass = np.exp(tilted - tilted.max())
        return len(s) * mass / mass.sum()

    def fit_choices(self, s: np.ndarray, a: np.ndarray, weights: np.ndarray) -> Tensor:
        """The most likely softmax policy; the ridge is on all its parameters."""
        x, y = torch.from_numpy(with_one(s)), torch.from_numpy(a)
        share = torch.from_numpy(weights / weights.sum())

        def loss(row: np.ndarray) -> tuple[float, np.ndarray]:
            theta = torch.from_numpy(row).view(x.shape[1], y.shape[1]).requires_grad_()
            likelihood = (share * (torch.log_softmax(x @ theta, -1) * y).sum(-1)).sum()
            value = -likelihood + 0.5 * self.RIDGE * theta.square().sum()
            return value.item(), torch.autograd.grad(value, theta)[0].reshape(-1).numpy()

        return torch.from_numpy(minimum(loss, np.zeros(x.shape[1] * y.shape[1])))

    def fit_normal(self, s: np.ndarray, a: np.ndarray, weights: np.ndarray) -> Tensor:
        """Weighted regression, and the weighted variance of what it leaves."""
        phi = with_one(s)
        theta = np.stack([ridge_regression(phi, column, weights, self.RIDGE) for column in a.T], 1)
        variance = np.average((a - phi @ theta) ** 2, axis=0, weights=weights)
        return torch.from_numpy(np.concatenate([theta.reshape(-1), 0.5 * np.log(variance)]))
