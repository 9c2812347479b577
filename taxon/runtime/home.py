"""A place where a carry stays, for work that reads it and leaves its results in the same memory."""

from typing import Any

import torch
from torch import Tensor

from taxon.runtime.agent import map_state


class Home:
    """Memory of its own for every tensor of a carry, from the first one on."""

    def __init__(self) -> None:
        self.carry: Any = None

    def settle(self, carry: Any) -> Any:
        """The carry at home; only what is elsewhere is copied."""
        if self.carry is None:
            self.carry = map_state(torch.clone, carry)
        elif carry is not self.carry:
            leave(carry, self.carry)
        return self.carry


def leave(carry: Any, home: Any) -> None:
    """Put a carry's numbers where another lies."""
    map_state(_leave, carry, home)


def _leave(new: Tensor, home: Tensor) -> Tensor:
    return home if new is home else home.copy_(new)
