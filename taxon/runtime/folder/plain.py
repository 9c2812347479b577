"""Nested plain data as JSON with its arrays beside it, and back: what a checkpoint is made of.

Reading builds nothing but None, booleans, numbers, texts, lists, tuples, deques, dictionaries, arrays and tensors.
"""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

KIND = "kind"  # the key that marks what JSON has no word for
DEEPEST = 50  # levels of nesting


class NotPlainError(ValueError):
    """Data that cannot be written as plain data, or text that describes none."""


def pack(value: Any, path: str = "") -> tuple[Any, dict[str, Tensor]]:
    """Data as what JSON can say, and its arrays by their paths. Raises NotPlainError for anything else."""
    tensors: dict[str, Tensor] = {}
    return _pack(value, path, tensors, 0), tensors


def unpack(said: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What was packed. Raises NotPlainError where the text describes no data or names an array that is not there."""
    return _unpack(said, tensors, 0)


def _pack(value: Any, path: str, tensors: dict[str, Tensor], depth: int) -> Any:
    if depth > DEEPEST:
        raise NotPlainError(f"{path} is nested too deeply")
    if value is None or isinstance(value, bool | str) or type(value) is int:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {KIND: "float", "is": str(value)}
    if isinstance(value, Tensor):
        tensors[path] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {KIND: "tensor", "is": path}
    if isinstance(value, np.ndarray | np.generic):
        try:
            tensors[path] = torch.from_numpy(np.array(value, order="C"))
        except TypeError as error:
            raise NotPlainError(f"{path}: {error}") from None
        return {KIND: "array" if isinstance(value, np.ndarray) else "scalar", "is": path}

    def inside(parts: Any) -> list[Any]:
        return [_pack(part, f"{path}.{place}", tensors, depth + 1) for place, part in enumerate(parts)]

    if type(value) is list:
        return inside(value)
    if type(value) is tuple:
        return {KIND: "tuple", "is": inside(value)}
    if type(value) is deque:
        return {KIND: "deque", "is": inside(value), "most": value.maxlen}
    if type(value) is dict:
        if KIND not in value and all(isinstance(key, str) for key in value):
            start = f"{path}." if path else ""
            return {key: _pack(part, f"{start}{key}", tensors, depth + 1) for key, part in value.items()}
        return {KIND: "dict", "is": [inside(pair) for pair in value.items()]}
    raise NotPlainError(f"{path} is of the kind {type(value).__name__}")


def _unpack(said: Any, tensors: Mapping[str, Tensor], depth: int) -> Any:
    if depth > DEEPEST:
        raise NotPlainError("it is nested too deeply")
    if isinstance(said, list):
        return [_unpack(part, tensors, depth + 1) for part in said]
    if not isinstance(said, dict):
        return said
    if KIND not in said:
        return {key: _unpack(part, tensors, depth + 1) for key, part in said.items()}
    kind, content = said[KIND], said.get("is")
    if kind in ("tensor", "array", "scalar"):
        if not isinstance(content, str) or content not in tensors:
            raise NotPlainError(f"it names an array {content} that is not there")
        tensor = tensors[content]
        if kind == "tensor":
            return tensor
        try:
            array = tensor.numpy()
        except TypeError as error:  # numpy has no such numbers: bfloat16, say
            raise NotPlainError(f"{content}: {error}") from None
        return array if kind == "array" else array[()]
    if kind == "float" and content in ("nan", "inf", "-inf"):
        return float(content)
    if isinstance(content, list):
        parts = [_unpack(part, tensors, depth + 1) for part in content]
        most = said.get("most")
        if kind == "tuple":
            return tuple(parts)
        if kind == "deque" and (most is None or (type(most) is int and most >= 0)):
            return deque(parts, most)
        if kind == "dict" and all(isinstance(pair, list) and len(pair) == 2 for pair in parts):
            try:
                return dict(parts)
            except TypeError:
                pass
    raise NotPlainError(f"it has an entry of an unknown kind {kind!r}")
