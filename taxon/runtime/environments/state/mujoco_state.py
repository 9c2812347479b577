"""The state of a MuJoCo simulation as plain data, exact to the bit.

The integration state alone is not enough: observations and rewards read quantities that were computed on the way to it,
such as the places of bodies before the last step, and computing them anew would give others. Contacts and constraints
are computed anew, since a step either does so itself or goes on from those of the present state.
Only floating-point arrays are written: an integer that the simulator takes for an index could point anywhere.
"""

from typing import Any

import mujoco
import numpy as np

_INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION

# What the compiler of a model makes of its shapes: large, and of no use to change on its own.
_COMPILED = ("bvh_", "flex", "mesh_", "oct_", "skin_")


class SimulationState:
    """Reads and writes the state of one simulation and what has changed in its model since this was made.

    Some tasks place their target, or a terrain, in the model at every reset.
    """

    def __init__(self, data: Any) -> None:
        self._model, self._data = data.model, data
        # Nothing was computed in this one: what has a size in it does not depend on the number of contacts.
        blank = mujoco.MjData(data.model)
        self._names = [name for name, array in _arrays(blank).items() if array.size]
        self._changeable = {
            name: array for name, array in _arrays(data.model).items() if not name.startswith(_COMPILED)
        }
        self._made = {name: array.copy() for name, array in self._changeable.items()}

    def capture(self) -> dict[str, Any]:
        """The integration state, the arrays of a fixed size, and the model's arrays that have changed."""
        changed = {
            name: array.copy()
            for name, array in self._changeable.items()
            if array.tobytes() != self._made[name].tobytes()
        }
        arrays = {name: array.copy() for name, array in self._present().items()}
        return {"integration": self._integration(), "arrays": arrays, "model": changed}

    def check(self, value: Any) -> None:
        """Raises ValueError where names, shapes or types are not those of this model."""
        if not isinstance(value, dict) or value.keys() != {"integration", "arrays", "model"}:
            raise ValueError("it is no state of a simulation")
        arrays, present = value["arrays"], self._present()
        _check({"integration": value["integration"]}, {"integration": self._integration()})
        _check(arrays, present)
        _check(value["model"], self._changeable)
        if len(arrays) < len(present):
            raise ValueError("it lacks arrays of the simulation")

    def restore(self, value: Any) -> None:
        """Write a captured state, which was checked. Raises ValueError where the simulator refuses it."""
        integration, arrays, changed = value["integration"], value["arrays"], value["model"]
        present = self._present()
        for name, array in self._changeable.items():
            array[...] = changed.get(name, self._made[name])
        mujoco.mj_setState(self._model, self._data, integration, _INTEGRATION)
        try:
            mujoco.mj_step1(self._model, self._data)
        except mujoco.FatalError as error:
            raise ValueError(f"the simulator refuses it: {error}") from None
        for name, array in present.items():
            array[...] = arrays[name]

    def _integration(self) -> Any:
        state = np.empty(mujoco.mj_stateSize(self._model, _INTEGRATION))
        mujoco.mj_getState(self._model, self._data, state, _INTEGRATION)
        return state

    def _present(self) -> dict[str, Any]:
        return {name: getattr(self._data, name) for name in self._names}


def _arrays(owner: Any) -> dict[str, Any]:
    """The floating-point arrays of a model or of its data."""
    found = {name: getattr(owner, name) for name in dir(owner) if not name.startswith("_")}
    return {name: array for name, array in found.items() if isinstance(array, np.ndarray) and array.dtype.kind == "f"}


def _check(found: Any, wanted: dict[str, Any]) -> None:
    """Raise ValueError unless `found` has arrays by names of `wanted`, of the same shapes and types."""
    if not isinstance(found, dict):
        raise ValueError("it is no dictionary of arrays")
    for name, array in found.items():
        there = wanted.get(name)
        if there is None or not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array of the simulation")
        if (array.shape, array.dtype) != (there.shape, there.dtype):
            raise ValueError(f"{name} is {array.dtype} {list(array.shape)}, not {there.dtype} {list(there.shape)}")
