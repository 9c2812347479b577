"""From the policy's numbers to an action of a box, which is never left, not even by a rounding."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.runtime.environments.faults import UnusableEnvironmentError

MOST_CELLS = 2.0**53  # whole numbers that float64 distinguishes


class BoxActions:
    """Maps rows of [-1, 1] (clipped to it) to a box of floating-point or whole numbers, in the box's own type.

    Floating-point: linear, with the bounds themselves at the ends. Whole numbers: [-1, 1] is cut into as many equal
    cells as there are numbers, so that uniform rows give uniform actions.
    Raises UnusableEnvironmentError for a box without finite bounds, without numbers, or of another type.
    """

    def __init__(self, id: str, space: spaces.Box) -> None:
        kind = np.dtype(space.dtype).kind
        if kind not in "fiu":
            raise UnusableEnvironmentError(
                f"{id} has actions of the type {space.dtype}, and a policy gives numbers", _CHOOSE
            )
        self.size = int(np.prod(space.shape))
        if not self.size:
            raise UnusableEnvironmentError(f"{id} has actions of no numbers: its box is {list(space.shape)}", _CHOOSE)
        self._space = space
        self._whole = kind != "f"
        self._ends = space.low.reshape(-1), space.high.reshape(-1)
        self._low, self._high = (end.astype(np.float64) for end in self._ends)
        # A width beyond float32 bounds nothing: it is how some write that there are no bounds.
        with np.errstate(over="ignore"):
            width = (self._high - self._low).astype(np.float32)
        if self._whole:
            low, high = (end.tolist() for end in self._ends)
            self._cells = np.array([float(last - first + 1) for first, last in zip(low, high, strict=True)])
            finite = bool(space.is_bounded("both") and (self._cells <= MOST_CELLS).all())
        else:
            finite = bool(np.isfinite(width).all())
        if not finite:
            raise UnusableEnvironmentError(f"{id} has unbounded actions, which [-1, 1] cannot be rescaled to", _BOUND)

    def __call__(self, row: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """The actions [..., *shape], a new array, of rows [..., A]."""
        low, high = self._ends
        share = np.minimum(np.maximum(row.astype(np.float64), -1.0), 1.0) * 0.5 + 0.5
        if self._whole:
            cell = np.minimum(np.floor(share * self._cells), self._cells - 1.0)
            # Both wrap around where the type ends, and together come to a number of the box.
            action = low + cell.astype(np.int64).astype(low.dtype)
        else:
            inside = self._low * (1.0 - share) + self._high * share
            action = np.minimum(np.maximum(inside.astype(low.dtype), low), high)
        return action.reshape((*row.shape[:-1], *self._space.shape))  # type: ignore[no-any-return]


_CHOOSE = "choose an environment whose actions are a box of numbers, such as Pendulum-v1"
_BOUND = (
    "give it finite bounds: wrap it in gymnasium.wrappers.TransformAction(env, lambda action: action, "
    "gymnasium.spaces.Box(-1.0, 1.0, env.action_space.shape)), with bounds that suit it, and register the result"
)
