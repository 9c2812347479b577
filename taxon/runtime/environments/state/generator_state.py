"""The state of generators of random numbers, as plain data."""

import random
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

    def check(self, value: Any) -> None:
        """Raises ValueError where a state is not one of this kind of generator."""
        kind, present = self._present()
        if not _fits(value, present) or not 0 <= value["state"].get("pos", 0) <= LAST:
            raise ValueError(f"it is no state of {kind}")

    def restore(self, value: Any) -> None:
        """Write a captured state, which was checked. Raises ValueError where its numbers are too large."""
        kind, _ = self._present()
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


class StandardGeneratorState:
    """Reads and writes the state of one of the standard library's generators."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator

    def capture(self) -> dict[str, Any]:
        """Raises ValueError where the numbers come from the system."""
        try:
            _, words, gauss = self._generator.getstate()
        except NotImplementedError:
            raise ValueError("its random numbers come from the system") from None
        return {"words": np.array(words, dtype=np.int64), "gauss": gauss}

    def check(self, value: Any) -> None:
        """Raises ValueError where it is no such state."""
        if not isinstance(value, dict) or value.keys() != {"words", "gauss"}:
            raise ValueError("it is no state of random.Random")
        words, gauss = value["words"], value["gauss"]
        if not _fits(words, np.zeros(LAST + 1, np.int64)) or not (gauss is None or type(gauss) is float):
            raise ValueError("it is no state of random.Random")
        if words.min() < 0 or words.max() >= 2**32 or words[LAST] > LAST:
            raise ValueError("it is no state of random.Random")

    def restore(self, value: Any) -> None:
        """Write a captured state, which was checked."""
        self._generator.setstate((self._generator.VERSION, tuple(value["words"].tolist()), value["gauss"]))


def _fits(value: Any, present: Any) -> bool:
    """Whether a value has the keys and types, and its arrays the shapes and types, of what is there."""
    if type(value) is not type(present):
        return False
    if isinstance(present, dict):
        return value.keys() == present.keys() and all(_fits(value[key], present[key]) for key in present)
    if isinstance(present, np.ndarray):
        return bool(value.shape == present.shape and value.dtype == present.dtype)
    return True
