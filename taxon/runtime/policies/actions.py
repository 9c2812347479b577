"""From an agent's rows to actions of an environment's own space."""

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.runtime.environments.boxes import BoxActions
from taxon.runtime.environments.faults import UnusableEnvironmentError
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder.spaces import ActionSpace, BoxAction, ChoiceAction

Actions = Callable[[NDArray[np.floating[Any]]], NDArray[Any]]


def actions_of(space: ActionSpace) -> Actions:
    """What maps rows [..., A] to actions [..., *shape]: rescaled to the box, or the choice of the largest entry.

    Raises UserError for bounds that [-1, 1] cannot be rescaled to.
    """
    if isinstance(space, ChoiceAction):
        return choice(space)
    try:
        with np.errstate(over="ignore"):  # a bound beyond its type is infinite, and refused as that
            return BoxActions("the run's environment", box(space))
    except UnusableEnvironmentError as error:
        raise UserError(error.message, _RESTORE) from error
    except (ValueError, OverflowError, AssertionError, TypeError) as error:  # bounds that are none of the type
        raise UserError(f"run.json has an action of no box: {one_line(str(error))}", _RESTORE) from error


def box(space: BoxAction) -> spaces.Box:
    """gymnasium's own."""
    low, high = (
        np.broadcast_to(np.array(ends, dtype=space.dtype), space.size).reshape(space.shape)
        for ends in (space.low, space.high)
    )
    return spaces.Box(low, high, dtype=np.dtype(space.dtype).type)


def choice(space: ChoiceAction) -> Actions:
    """The choice of the largest entry, in the space's type."""
    start = np.dtype(space.dtype).type(space.start)
    return lambda row: np.asarray(start + np.argmax(row, -1).astype(space.dtype))


_RESTORE = "restore run.json from a copy"
