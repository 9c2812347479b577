"""From observations of an environment's own space to the flat rows that an agent reads."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taxon.operators.observations import layout_text
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder.spaces import Bits, Box, Choice, Choices, Named, ObservationSpace, Several

SHOWN = 200  # letters of a wrong observation's description


def rows(space: ObservationSpace, observation: Any) -> tuple[NDArray[np.float32], bool]:
    """Rows [N, O] of one observation, or of a batch of N, and whether it was a batch.

    A batch is what vectorised environments give: every array with an axis of N in front, a choice as an array of them.
    Raises UserError for anything else, and for numbers that are not finite.
    """
    parts = _parts(space, observation, "the observation")
    leads = {part.shape[:-1] for part in parts}
    if len(leads) > 1:
        several = " and ".join(f"{list(lead)}" for lead in sorted(leads, key=len))
        raise UserError(f"the parts of the observation lead with different axes: {several}", _expects(space))
    (lead,) = leads
    flat = np.concatenate(parts, -1, dtype=np.float32).reshape(-1, sum(part.shape[-1] for part in parts))
    if not np.isfinite(flat).all():
        raise UserError("the observation is not finite in float32", "give the policy what the environment shows")
    return flat, bool(lead)


def _parts(space: ObservationSpace, value: Any, name: str) -> list[NDArray[np.float32]]:
    """The leaves in a row's order, each [n] or [N, n]."""
    match space:
        case Named():
            given = {str(key): part for key, part in value.items()} if hasattr(value, "items") else None
            if given is None or given.keys() != space.parts.keys():
                has = "no dictionary" if given is None else f"a dictionary of {', '.join(given) or 'nothing'}"
                raise UserError(f"{name} is {one_line(has, SHOWN)}", _expects(space))
            named = [(part, given[key], f"{name}'s {key}") for key, part in space.parts.items()]
        case Several():
            if not isinstance(value, tuple | list) or len(value) != len(space.parts):
                raise UserError(f"{name} is no tuple of {len(space.parts)}", _expects(space))
            named = [
                (part, each, f"{name}'s {i}") for i, (part, each) in enumerate(zip(space.parts, value, strict=True))
            ]
        case _:
            return [_leaf(space, _array(value, space, name), name)]
    return [leaf for part, each, called in named for leaf in _parts(part, each, called)]


def _leaf(space: Box | Choice | Choices | Bits, array: NDArray[Any], name: str) -> NDArray[np.float32]:
    shape = () if isinstance(space, Choice) else tuple(space.shape)
    lead = array.shape[: array.ndim - len(shape)]
    if len(lead) > 1 or array.shape != (*lead, *shape):
        raise UserError(f"{name} has the shape {list(array.shape)}", _expects(space))
    flat = array.reshape(*lead, math.prod(shape))
    match space:
        case Choice():
            return _one_hot(flat, [space.n], [space.start], name)
        case Choices():
            return _one_hot(flat, space.n, space.start, name)
    with np.errstate(over="ignore"):  # what is too large is found with all that is not finite
        return flat.astype(np.float32)


def _one_hot(chosen: NDArray[Any], counts: list[int], starts: list[int], name: str) -> NDArray[np.float32]:
    """[..., C] -> [..., sum of counts]."""
    first = np.array(starts, dtype=object)
    places = np.asarray(chosen.astype(object) - first)  # Python's numbers, which no type bounds
    parts = []
    for place, count in enumerate(counts):
        known = np.arange(count)
        part = np.equal.outer(places[..., place], known).astype(np.float32)
        if not (part.sum(-1) == 1).all():
            least = starts[place]
            raise UserError(f"{name} is none of its choices", f"they are {least} to {least + count - 1}")
        parts.append(part)
    return np.concatenate(parts, -1)


def _array(value: Any, space: ObservationSpace, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # a ragged list, or a tensor on a GPU
        raise UserError(f"{name} is no array: {one_line(str(error))}", _expects(space)) from None
    if array.dtype.kind not in "biuf":
        raise UserError(f"{name} holds no numbers", _expects(space))
    return array


def _expects(space: ObservationSpace) -> str:
    shown = one_line(_text(space), SHOWN)
    return f"give {shown}, or a batch with one more axis in front of each"


def _text(space: ObservationSpace) -> str:
    match space:
        case Named():
            return f"{{{', '.join(f'{name}: {_text(part)}' for name, part in space.parts.items())}}}"
        case Several():
            return f"({', '.join(map(_text, space.parts))})"
        case Choice():
            return f"one of {space.n} from {space.start}"
        case Choices():
            return f"{space.shape} choices"
        case Bits():
            return f"{space.shape} zeros and ones"
    return layout_text(space.layout())
