"""A function as one graph of torch's compiler, and why there is none where it cannot be one."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from taxon.runtime.device.cache import marked, use_cache
from taxon.runtime.device.packs import packed

Function = Callable[..., Any]


def compiled(function: Function, *arguments: Any) -> tuple[Function, Any]:
    """A function as one graph for arguments of these shapes, and what it gives for them.

    Raises what torch raises where it cannot be one.
    """
    use_cache()

    def call(*arguments: Any) -> Any:
        return function(*arguments)

    # Kernels are written for a number of threads, so that number belongs to what identifies them in the cache. One
    # compiling process: a pool of them would stay for the whole run and receive its signals. No guards: what a call
    # depends on stays as it is for a whole run, and looking again takes longer than all that surrounds the arithmetic.
    options: dict[str, Any] = {"cpp.threads": torch.get_num_threads(), "compile_threads": 1}
    unguarded: dict[str, Any] = {"guard_filter_fn": _no_guards}
    # On the CPU what calls the kernels is C++ as well: in Python it takes as long as a small update's arithmetic. A GPU
    # is needed by recorded graphs.
    devices = {leaf.device.type for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor)}
    on_cpu = options["cpp_wrapper"] = devices == {"cpu"}
    # The processor says which vector instructions it has; asking once more by a trial takes a second of every start.
    options["cpp.vec_isa_ok"] = True
    # Torch finds a graph by its function's code, so without guards that must be no other's.
    call.__code__ = call.__code__.replace()
    arguments = _apart(arguments)
    if not on_cpu:
        graph = torch.compile(call, fullgraph=True, dynamic=False, options=options | unguarded)
        with marked():
            return graph, graph(*arguments)

    from taxon.runtime.device.inductor.backend import Backend
    from taxon.runtime.device.inductor.changes import Changes

    backend = Backend(options | {"post_grad_custom_post_pass": Changes()})
    graph = torch.compile(call, fullgraph=True, dynamic=False, backend=backend, options=unguarded)
    with marked():
        given = graph(*arguments)
    return packed(backend.entry, backend.inputs, backend.results, arguments, given) or graph, given


def _apart(arguments: Any) -> Any:
    """The same arguments, none of them twice: a graph keeps for good that two were one when it was made."""
    met: set[int] = set()

    def own(tensor: Tensor) -> Tensor:
        known = id(tensor) in met
        met.add(id(tensor))
        return tensor.view_as(tensor) if known else tensor

    return tree_map_only(Tensor, own, arguments)


def _no_guards(guards: Sequence[Any]) -> list[bool]:
    return [False] * len(guards)


def failures() -> tuple[type[Exception], ...]:
    """What says that an update cannot be compiled here."""
    from torch._dynamo.exc import TorchDynamoException
    from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

    return (TorchDynamoException, CppCompileError, InvalidCxxCompiler, OSError)


def reason(error: Exception) -> str:
    """One line for the user."""
    from torch._dynamo.exc import Unsupported
    from torch._dynamo.exc import UserError as Branches
    from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

    inner = getattr(error, "inner_exception", error)
    if isinstance(inner, InvalidCxxCompiler):
        return "no C++ compiler was found; install g++ or name one in CXX"
    if isinstance(inner, CppCompileError):
        return "the C++ compiler failed; Python's headers may be missing"
    if isinstance(inner, Unsupported | Branches):
        return "it decides by numbers that it computes, which no one graph can"
    return f"it does not compile: {next(iter(str(inner).splitlines()), type(inner).__name__)[:200]}"
