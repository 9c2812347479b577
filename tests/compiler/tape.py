"""A recorder of the CPU's work that keeps to the rules of CUDA graphs.

What is recorded is the operations with their very tensors: repeated, they read and write the same memory, whatever the
code that asked for them would have chosen by now. Recording leaves everything as it was. A number that the host asks
for is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

HOST = {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default, torch.ops.aten.equal.default}


class AskedError(RuntimeError):
    """The host asked for a number."""


def tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


class Recording(TorchDispatchMode):
    """Notes every operation; `before` is what the tensors that are written to held."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in HOST:
            raise AskedError(str(func))
        for argument, value in zip(func._schema.arguments, args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                for tensor in tensors(value):
                    self.before.setdefault(tensor.untyped_storage().data_ptr(), (tensor, tensor.clone()))
        given = func(*args, **kwargs)
        self.operations.append((func, args, kwargs, tensors(given)))
        return given


class Tape:
    """A Recorder for Captured; `replays` counts."""

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self.generators = generators
        self.recorded, self.replays = 0, 0

    def waits(self, run: Callable[[], Any]) -> tuple[Any, bool]:
        asked = False

        class Watching(TorchDispatchMode):
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                nonlocal asked
                asked |= func in HOST
                return func(*args, **(kwargs or {}))

        with Watching():
            return run(), asked

    def record(self, run: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        with self.undone(), Recording() as recording:
            given = run()
        for tensor, value in recording.before.values():
            tensor.copy_(value)
        self.recorded += 1

        def replay() -> None:
            self.replays += 1
            for func, args, kwargs, outputs in recording.operations:
                inputs = {tensor.untyped_storage().data_ptr() for tensor in tensors((args, kwargs))}
                again = tensors(func(*args, **kwargs))
                for output, value in zip(outputs, again, strict=True):
                    if output.untyped_storage().data_ptr() not in inputs:  # neither a view nor written in place
                        output.copy_(value)

        return replay, given

    @contextmanager
    def undone(self) -> Iterator[None]:
        """The generators are as they were at the end."""
        before = [generator.get_state() for generator in self.generators]
        yield
        for generator, state in zip(self.generators, before, strict=True):
            generator.set_state(state)
