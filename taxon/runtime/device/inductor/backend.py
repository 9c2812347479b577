"""Inductor as Dynamo's backend for a CPU, which notes what of a graph can be called without either of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch._functorch.config
from torch import Tensor, fx
from torch._inductor.compile_fx import compile_fx, compile_fx_inner

ENTRY = "inductor_entry"  # under which the Python that Inductor writes has the library's function


class Backend:
    """Compiles one graph; after its first call the rest is known.

    entry: the function of the library that was made, which takes and gives handles of tensors, or None where there is
    none, or where it takes constants of the graph besides. inputs, results: the tensors of the first call.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = dict(options)
        self.entry: Callable[[Any], Any] | None = None
        self.inputs: Sequence[Tensor] = ()
        self.results: Sequence[Tensor] = ()

    def __call__(self, graph: fx.GraphModule, inputs: Sequence[Any]) -> Any:
        # A graph that came out of the cache of whole graphs would not pass by here.
        with torch._functorch.config.patch(enable_autograd_cache=False):
            return compile_fx(graph, inputs, inner_compile=self._inner, config_patches=self.options)

    def _inner(self, *arguments: Any, **named: Any) -> Any:
        made: Any = compile_fx_inner(*arguments, **named)
        run = getattr(made, "current_callable", None)
        if run is None:
            return made

        def first(inputs: list[Any]) -> Any:
            made.current_callable = run
            self.inputs = list(inputs)
            self.results = run(inputs)
            if not made.constants:
                self.entry = run.__globals__.get(ENTRY)
            return self.results

        made.current_callable = first
        return made
