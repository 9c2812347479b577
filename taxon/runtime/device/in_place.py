"""Memory in which a carry stays, for work that reads it and leaves its results where it read."""

from typing import Any

import torch
from torch import Tensor

from taxon.runtime.agent import map_state


class InPlace:
    """Memory of its own for every tensor of a carry, from the first one on."""

    def __init__(self) -> None:
        self.carry: Any = None

    def put(self, carry: Any) -> Any:
        """The carry in this memory; only what lies elsewhere is copied."""
        if self.carry is None:
            self.carry = map_state(torch.clone, carry)
        elif carry is not self.carry:
            copy_into(carry, self.carry)
        return self.carry


def copy_into(carry: Any, place: Any) -> None:
    """Copy a carry's numbers to where another lies."""
    map_state(_copy, carry, place)


def _copy(new: Tensor, old: Tensor) -> Tensor:
    return old if new is old else old.copy_(new)
