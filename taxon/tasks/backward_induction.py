"""The optimum of a finite decision process."""

import numpy as np
from numpy.typing import NDArray


def optimal_values(transition: NDArray[np.float64], reward: NDArray[np.float64], horizon: int) -> NDArray[np.float64]:
    """The best undiscounted return of `horizon` steps from every state, [S].

    transition: probabilities of the next state, [S, A, S]; a row of zeros ends the episode. reward: expected, [S, A].
    Source: value iteration, Bellman 1957; after n sweeps its values are those of n steps.
    """
    values = np.zeros(len(reward))
    for _ in range(horizon):
        values = (reward + transition @ values).max(1)
    return values
