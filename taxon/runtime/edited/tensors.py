"""What nested tuples of tensors must be like, in words where they are not."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor


def fault(value: Any, lead: tuple[int, ...], letters: str, name: str) -> str | None:
    """What is wrong with nested tuples of tensors that lead with some sizes; None where nothing is.

    letters: what the sizes are called. name: of the value.
    """
    for path, leaf in parts(value, name):
        if not isinstance(leaf, Tensor):
            return f"{path} is of the type {type(leaf).__name__}, and must be a tensor or a tuple of tensors"
        if tuple(leaf.shape[: len(lead)]) != lead:
            return f"{path} has the shape {shape(leaf)}, and must lead with {letters} = {list(lead)}"
        if leaf.requires_grad:
            return f"{path} keeps the graph of its gradient: take gradients with torch.func, or detach it"
    return None


def difference(new: Any, old: Any, name: str) -> str | None:
    """How nested tuples of tensors are built otherwise than others were; None where they are not."""
    one, other = dict(parts(new, name)), dict(parts(old, name))
    if one.keys() != other.keys():
        changed = sorted(one.keys() ^ other.keys())[0]
        return f"{changed} is {'new' if changed in one else 'gone'}"
    for path, leaf in one.items():
        before = other[path]
        if not isinstance(leaf, Tensor):
            return f"{path} is of the type {type(leaf).__name__}, and was a tensor"
        if leaf.shape != before.shape:
            return f"{path} has the shape {shape(leaf)}, and had {shape(before)}"
        if leaf.dtype != before.dtype:
            return f"{path} is of {leaf.dtype}, and was of {before.dtype}"
        if leaf.requires_grad:
            return f"{path} keeps the graph of its gradient: take gradients with torch.func, or detach it"
    if type(new) is not type(old):
        return f"{name} is of the type {type(new).__name__}, and was of {type(old).__name__}"
    return None


def infinite(value: Any, name: str) -> str | None:
    """The first tensor that is not finite."""
    for path, leaf in parts(value, name):
        if leaf.is_floating_point() and not bool(torch.isfinite(leaf).all()):
            return path
    return None


def parts(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """What nested tuples hold, by its path: fields by their names, plain tuples by position."""
    if not isinstance(value, tuple):
        yield name, value
        return
    for field, part in zip(getattr(value, "_fields", range(len(value))), value, strict=True):
        yield from parts(part, f"{name}.{field}")


def shape(tensor: Tensor) -> str:
    return str(list(tensor.shape))
