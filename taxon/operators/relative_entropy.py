"""Policy search bounded in relative entropy: the dual over a temperature and a linear value function.

Among distributions p of state and action that keep the features' flow (what enters a state leaves it) and stay
within KL(p || q) <= kl of the data's q, maximise E_p[r] (Peters, Muelling & Altun 2010). The maximiser is
p ~ q exp(delta / eta) with delta = r + gamma (1 - terminated) V(s') - V(s), V(s) = v.phi(s).

S seeds, n transitions, F features. Features hold a constant only if the caller appends one. A terminal state is worth
0. With gamma = 1 no start state enters: transitions that end an episode then have the next episode's first state as
their s'.
"""

import math

import torch
from torch import Tensor

from taxon.operators.functional import apart, total

BISECTIONS = 48  # of log eta: to 1e-13 of it
TOLERANCE = 1e-9  # on every slope of the dual in v, after scaling
ITERATIONS = 1000
LEAST_ETA = 1e-6  # in units of the rewards' deviation, so that scores can be divided by it in float32
RANK = 1e-10  # directions of v that move delta less than this, relative in the square, are left at 0


def value_advantage(
    v: Tensor, reward: Tensor, features: Tensor, next_features: Tensor, terminated: Tensor, gamma: float
) -> Tensor:
    """delta = r + gamma (1 - terminated) v.phi' - v.phi: v [S, F], features [S, n, F], the others [S, n] -> [S, n]."""
    rows = zip(v, reward, features, next_features, terminated, strict=True)
    return torch.stack([r + _flow(phi, following, end, gamma) @ apart(u) for u, r, phi, following, end in rows])


def dual_value(
    eta: Tensor,
    v: Tensor,
    reward: Tensor,
    features: Tensor,
    next_features: Tensor,
    terminated: Tensor,
    start_features: Tensor,
    kl: float,
    gamma: float,
    weights: Tensor,
) -> Tensor:
    """g = eta kl + eta log E_q[exp(delta / eta)] + (1 - gamma) E[V(s_0)], minimised by eta > 0 and v: -> [S].

    eta [S], v [S, F], start_features [S, F] (their mean over initial states), weights [S, n] the data's distribution q
    up to a factor (0 for padding); the others as in `value_advantage`. Both values in delta carry gradient.
    """
    delta = value_advantage(v, reward, features, next_features, terminated, gamma)
    start = (start_features * v).sum(-1)
    seeds = zip(eta, delta, weights, strict=True)
    return torch.stack([_bound(*seed, kl) for seed in seeds]) + (1 - gamma) * start


def start_features(features: Tensor, begins: Tensor, valid: Tensor) -> Tensor:
    """Mean features of the steps that begin an episode; of all valid ones where none begins: [S, n, F] -> [S, F].

    begins, valid: [S, n], 0/1.
    """
    begins = torch.where(total(begins).unsqueeze(-1) > 0, begins, valid)
    shares = begins / total(begins).unsqueeze(-1)
    return torch.stack([apart(share) @ apart(phi) for share, phi in zip(shares, features, strict=True)])


def absorbing(
    reward: Tensor, features: Tensor, next_features: Tensor, terminated: Tensor, weights: Tensor, gamma: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """One row more for what follows a termination: [S, n, ...] each -> [S, n + 1, ...] each, in the same order.

    A discounted flow that enters a terminal state stays there, without reward and at value 0, for gamma / (1 - gamma)
    steps on average (gamma < 1). Left out, a feature that is constant would forbid p every transition that terminates.
    """
    stays = gamma / (1 - gamma) * total(weights * terminated).unsqueeze(-1)
    columns = (reward, features, next_features, terminated)
    nothing = [torch.cat([column, torch.zeros_like(column[:, :1])], 1) for column in columns]
    return nothing[0], nothing[1], nothing[2], nothing[3], torch.cat([weights, stays], 1)


def solve_dual(
    reward: Tensor,
    features: Tensor,
    next_features: Tensor,
    terminated: Tensor,
    start_features: Tensor,
    weights: Tensor,
    kl: float,
    gamma: float,
    ridge: float = 1e-6,
) -> tuple[Tensor, Tensor, Tensor]:
    """The minimiser of `dual_value` -> (eta [S], v [S, F], delta [S, n]), delta also where the weight is 0.

    Each seed by itself in float64: eta by bisection for every v, v by L-BFGS until every slope is below 1e-9 (or 1,000
    iterations), with rewards in units of their deviation under q and v in directions that move delta by one such unit
    each. There `ridge` / 2 |v|^2 is added, which keeps v finite where no p in the data keeps the flow. Of the values
    that leave delta as it is (a constant with gamma = 1) the least is taken. eta is least,
    1e-6 of the rewards' deviation, where even the best transition alone is within the bound. A seed with a number
    that is not finite, or no weight, comes out as NaN.
    """
    columns = (reward, features, next_features, terminated, start_features, weights)
    etas, values, advantages = [], [], []
    for seed in zip(*(column.detach() for column in columns), strict=True):
        r, phi, following, end, start, weight = (x.to(torch.float64, copy=True) for x in seed)
        flow = _flow(phi, following, end, gamma)
        eta, v = _solve_seed(r, flow + (1 - gamma) * start, weight / weight.sum(), kl, ridge)
        etas.append(eta)
        values.append(v)
        advantages.append(r + flow @ v)
    solution = (torch.stack(etas), torch.stack(values), torch.stack(advantages))
    eta, v, delta = (x.to(reward.dtype) for x in solution)
    return eta, v, delta


def _solve_seed(reward: Tensor, flow: Tensor, q: Tensor, kl: float, ridge: float) -> tuple[Tensor, Tensor]:
    """The start's constant (1 - gamma) V(s_0) is part of `flow`: it passes through eta log E exp(. / eta)."""
    if not all(bool(x.isfinite().all()) for x in (reward, flow, q)):
        return reward.new_full((), math.nan), torch.full_like(flow[0], math.nan)
    used = q > 0
    reward, flow, q = reward[used], flow[used], q[used]
    reward = reward - (q * reward).sum()
    unit = (q * reward.square()).sum().sqrt()
    unit = unit.where(unit > 0, 1.0)
    reward = reward / unit
    moments = flow.T @ (q.unsqueeze(-1) * flow)
    # LAPACK fails on many equal eigenvalues: a grain far below RANK separates them.
    grain = 1e-3 * RANK * moments.diagonal().mean() * torch.linspace(1, 2, len(moments), dtype=flow.dtype)
    squares, directions = torch.linalg.eigh(moments + torch.diag(grain))
    moves = squares > RANK * squares[-1]
    basis = directions[:, moves] / squares[moves].sqrt()
    flow = flow @ basis
    u = torch.zeros_like(flow[0])
    with torch.enable_grad():
        u.requires_grad_()
        optimiser = torch.optim.LBFGS(
            [u],
            max_iter=ITERATIONS,
            tolerance_grad=TOLERANCE,
            tolerance_change=0.0,
            history_size=50,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Tensor:
            # The dual is convex in (eta, v) together, so it stays convex in v with eta at its minimum for that v, where
            # its slope in eta is 0 and need not be followed.
            optimiser.zero_grad()
            delta = reward + flow @ u
            loss = _bound(_temperature(delta.detach(), q, kl), delta, q, kl) + 0.5 * ridge * u.square().sum()
            torch.autograd.backward(loss)
            return loss

        if len(u):
            optimiser.step(closure)  # type: ignore[no-untyped-call]
    u = u.detach()
    return unit * _temperature(reward + flow @ u, q, kl), unit * (basis @ u)


def _temperature(delta: Tensor, q: Tensor, kl: float) -> Tensor:
    """The eta at which KL(q exp(delta / eta) || q) = kl, from 1e-6 up, in the rewards' unit: [n] -> [].

    The least eta is absolute: where nothing is left to gain, delta differs by rounding alone, and an eta in delta's own
    unit would spend the whole bound on it.
    """
    centred = delta - (q * delta).sum()
    largest = (q * centred.square()).sum().sqrt().clamp(min=1.0) / LEAST_ETA
    scaled = centred - centred.amax()
    low, high = scaled.new_tensor(math.log(LEAST_ETA)), torch.log(largest)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        tilt = scaled / middle.exp()
        raised = q * torch.exp(tilt)
        mass = raised.sum()
        above = (raised * tilt).sum() / mass - torch.log(mass) > kl  # the divergence falls as eta grows
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    return ((low + high) / 2).exp()


def _flow(features: Tensor, next_features: Tensor, terminated: Tensor, gamma: float) -> Tensor:
    """gamma (1 - terminated) phi' - phi: [n, F]."""
    return gamma * (1 - terminated).unsqueeze(-1) * next_features - features


def _bound(eta: Tensor, delta: Tensor, weights: Tensor, kl: float) -> Tensor:
    """eta kl + eta log(sum w exp(delta / eta) / sum w) of one seed: eta [], delta [n], weights [n] -> []."""
    scaled = (delta / eta).where(weights > 0, -math.inf)
    top = scaled.detach().amax()
    mean = (weights * torch.exp(scaled - top)).sum() / weights.sum()
    return eta * (kl + torch.log(mean) + top)
