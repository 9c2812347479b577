"""Units of device work: what an iteration of the loop runs on the device, as functions of a carried state.

A unit reads and writes nothing but its carry, what `hold` gave, tensors that are changed in place, and generators; it
has no other effect, since a GPU may record it once and repeat it. Here it is simply called.
"""

from collections.abc import Callable, Hashable
from typing import Any, Protocol

import torch
from torch import Tensor

ACTING = "act"  # the name of the unit that acts, beside those of the phases

Unit = Callable[[Any], tuple[Any, Any]]  # carry -> carry, what else it gives


class Units(Protocol):
    """What runs units."""

    @property
    def most(self) -> int:
        """Updates that share a unit."""

    def hold(self, name: str, tensor: Tensor) -> Tensor:
        """The same numbers on the device, where every unit that reads this name finds them."""

    def forget(self) -> None:
        """Memory that units read has moved."""

    def __call__(self, key: Hashable, unit: Unit, carry: Any) -> tuple[Any, Any]:
        """Run a unit; one key stands for one unit, whatever is held. What it gives beside the carry lasts until the
        next call with its key."""


class Direct:
    """Units called as they are."""

    most = 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def hold(self, name: str, tensor: Tensor) -> Tensor:
        return tensor.to(self.device)

    def forget(self) -> None:
        """Nothing was recorded."""

    def __call__(self, key: Hashable, unit: Unit, carry: Any) -> tuple[Any, Any]:
        return unit(carry)
