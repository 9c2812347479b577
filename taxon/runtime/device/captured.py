"""Units as CUDA graphs: recorded once, then launched as a whole, which costs the host one call.

A graph reads and writes fixed memory. So the carry has a place, whose tensors every unit reads and leaves its results
in, and what a unit is given besides is copied to where the graph looks for it. A recording stands for the same kernels
on the same memory, and the generators go on through it, so the numbers are those of the unit called as it is.
"""

import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from taxon.runtime.device.in_place import InPlace, copy_into
from taxon.runtime.device.units import Unit

# Updates in one graph: enough to hide a launch behind them; each is recorded, which takes memory and a moment.
MOST = 32

Run = Callable[[], Any]


class Recorder(Protocol):
    """What records a function's work on a device."""

    def waits(self, run: Run) -> tuple[Any, bool]:
        """Run: what it gave, and whether it made the host wait for the device, which no recording can."""

    def record(self, run: Run) -> tuple[Callable[[], None], Any]:
        """What repeats the function's work, and where its results will lie; nothing is done yet."""


class CudaGraphs:
    """Recordings as CUDA graphs, in which the generators named here may be drawn from."""

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = generators
        self._pool = torch.cuda.graph_pool_handle()

    def waits(self, run: Run) -> tuple[Any, bool]:
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                given = run()
        finally:
            torch.cuda.set_sync_debug_mode(before)
        return given, any("synchroniz" in str(warning.message) for warning in caught)

    def record(self, run: Run) -> tuple[Callable[[], None], Any]:
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        with torch.cuda.graph(graph, pool=self._pool):
            given = run()
        return graph.replay, given


class Captured:
    """Units that are called twice as they are, which compiles and prepares all there is, and recorded the third time.

    A unit whose second call makes the host wait is never recorded, and `say` reports it.
    """

    most = MOST

    def __init__(self, recorder: Recorder, device: torch.device, place: InPlace, say: Callable[[str], None]) -> None:
        self.recorder = recorder
        self.device = device
        self.say = say
        self._place = place
        self._held: dict[str, Tensor] = {}
        self._staged: dict[str, Tensor] = {}  # in memory that a GPU reads by itself
        self._called: dict[Hashable, int] = {}
        self._recorded: dict[Hashable, tuple[Callable[[], None], Any]] = {}

    def hold(self, name: str, tensor: Tensor) -> Tensor:
        if name not in self._held:
            self._held[name] = torch.empty_like(tensor, device=self.device, memory_format=torch.contiguous_format)
            if tensor.device != self.device:
                self._staged[name] = torch.empty_like(tensor, pin_memory=True)
        if name in self._staged:
            # What was staged before has been read: the host has waited for the actions since.
            tensor = self._staged[name].copy_(tensor)
        return self._held[name].copy_(tensor, non_blocking=True)

    def forget(self) -> None:
        self._called.clear()
        self._recorded.clear()

    def __call__(self, key: Hashable, unit: Unit, carry: Any) -> tuple[Any, Any]:
        place = self._place.put(carry)

        def run() -> Any:
            new, given = unit(place)
            copy_into(new, place)
            return given

        called = self._called.get(key, 0)
        self._called[key] = called + 1
        if key in self._recorded:
            replay, given = self._recorded[key]
            replay()
        elif called == 1:
            given, waits = self.recorder.waits(run)
            if waits:
                self._called[key] = 3
                self.say(f"{_described(key)} is no CUDA graph: it waits for numbers of the GPU on its way")
        elif called == 2:
            self._recorded[key] = replay, given = self.recorder.record(run)
            replay()
        else:
            given = run()
        return place, given


def _described(key: Hashable) -> str:
    return f"the unit {key[0]}" if isinstance(key, tuple) else f"the unit {key}"
