"""The gradient of E_pi[G] by the likelihood ratio: what actions drawn from pi are worth, and the loss that weighs them.

S seeds, M actions of a state, B batch: [S, M, B], or [S, B] of one action of each state. Only the log-density of the
loss carries a gradient.
"""

from torch import Tensor

from taxon.operators.functional import per_seed, seed_average


def regularised(score: Tensor, log_ratio: Tensor, eta: Tensor | float) -> Tensor:
    """G - eta log pi_q / pi_p at drawn actions, detached; `eta` is a float or a tensor [S] (or a row [S, 1])."""
    scale = per_seed(eta.detach() if isinstance(eta, Tensor) else eta, score)
    return score.detach() - scale * log_ratio.detach()


def mean_centred(score: Tensor) -> Tensor:
    """The score less its mean over the M actions of a state, detached: [S, M, B] -> [S, M, B].

    Every action takes part in its own baseline, so that the expected gradient is (M - 1) / M of the true one.
    """
    score = score.detach()
    return score - score.mean(1, keepdim=True)


def leave_one_out(score: Tensor) -> Tensor:
    """The score less the mean of the other M - 1 actions of the state, detached: [S, M, B] -> [S, M, B].

    Equal to M / (M - 1) times `mean_centred`; it leaves the expected gradient as it is (Kool et al. 2019). M > 1.
    """
    count = score.shape[1]
    return mean_centred(score) * (count / (count - 1))


def score_function_loss(log_prob: Tensor, score: Tensor) -> Tensor:
    """-mean of A log pi(a|s) over actions and states, A the detached score: [S, ...] each -> [S] (Williams 1992)."""
    return -seed_average(score.detach() * log_prob)
