"""The state of numpy's generators of random numbers, as plain data."""

from typing import Any

import numpy as np

KINDS = ("PCG64", "MT19937")  # what `default_rng` and `RandomState` use
LAST = 624  # the largest position of MT19937 in its key; numpy reads beyond the key rather than check it


class GeneratorState:
    """Reads and writes the state of one generator."""

    def __init__(self, generator: np.random.Generator | np.random.RandomState) -> None:
        self._generator = generator

    def capture(self) -> dict[str, Any]:
        """The state, without the name of its kind. Raises ValueError for a generator of another kind than KINDS."""
        return self._present()[1]

    def restore(self, value: Any) -> None:
        """Write a captured state. Raises ValueError where it is not one of this kind of generator."""
        kind, present = self._present()
        if not _fits(value, present) or not 0 <= value["state"].get("pos", 0) <= LAST:
            raise ValueError(f"it is no state of {kind}")
        state = {"bit_generator": kind, **value}
        try:
            if isinstance(self._generator, np.random.Generator):
                self._generator.bit_generator.state = state
            else:
                self._generator.set_state(state)
        except OverflowError as error:
            raise ValueError(f"it is no state of {kind}: {error}") from None

    def _present(self) -> tuple[str, dict[str, Any]]:
        generator = self._generator
        if isinstance(generator, np.random.Generator):
            state: dict[str, Any] = dict(generator.bit_generator.state)
        else:
            state = dict(generator.get_state(legacy=False))
        kind = state.pop("bit_generator")
        if kind not in KINDS:
            raise ValueError(f"its random numbers come from {kind}, and only {' and '.join(KINDS)} can be kept")
        return kind, state


def _fits(value: Any, present: Any) -> bool:
    """Whether a value has the keys and types, and its arrays the shapes and types, of what is there."""
    if type(value) is not type(present):
        return False
    if isinstance(present, dict):
        return value.keys() == present.keys() and all(_fits(value[key], present[key]) for key in present)
    if isinstance(present, np.ndarray):
        return bool(value.shape == present.shape and value.dtype == present.dtype)
    return True
