"""One update alone: eager, compiled, and the matrix products it contains alone: `python -m benchmarks.update sac mpo`.

The products are those of the eager update, recorded as it runs, with the factors that they had: what is left of an
update if all but its arithmetic of matrices were free. On the CPU they are one compiled graph, as the update is; as
torch makes them by default they are `torch`. All take turns, so that a slow moment of the machine meets them alike, and
a ratio is the median of the rounds' ratios. With one thread the process's CPU time is measured, which other programs
disturb less than the wall's; with more threads, or on a GPU, the wall's.

With `--precision bf16` or `tf32` all are in that precision, and the compiled float32 update takes its turn, too:
`gain32` is how many times as long that takes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.results import machine
from taxon.compiler import emit
from taxon.operators.data import Episodes, Phase
from taxon.operators.observations import Array
from taxon.runtime.agent import map_state
from taxon.runtime.device.compiled import compiled as compile_update
from taxon.runtime.device.memory import keep_freed
from taxon.runtime.device.precision import check_precision, lowering, phases_of
from taxon.runtime.errors import UserError
from taxon.runtime.folder import module
from taxon.runtime.loop.loop import as_it_is
from taxon.runtime.options import Precision, parse_precision
from taxon.semantics import load_spec

OBSERVATION, ACTION = 17, 6  # HalfCheetah's
PRODUCTS = {torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.bmm, torch.ops.aten.baddbmm}
STORED = ("observation", "action", "reward", "next_observation", "terminated", "truncated")
FIELDS = Episodes._fields


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every matrix product: the operation, and its factors, which lie where they lay in the update."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products: list[tuple[Any, list[Tensor]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket in PRODUCTS:
            factors = [x for x in args if isinstance(x, Tensor)]
            self.products.append((func.overloadpacket, factors))
        return func(*args, **(kwargs or {}))

    @property
    def operations(self) -> int:
        """Multiplications and additions in all."""
        return sum(2 * factors[-2].numel() * factors[-1].shape[-1] for _, factors in self.products)


def products_of(phase: Phase, arguments: Sequence[Any]) -> tuple[Callable[[], Any], Callable[[], Any], int]:
    """Functions that make an update's products, as its graph does and as torch does, and the operations in them."""
    with Recorder() as recorder:
        phase.update(*arguments)
    by_torch = partial(_call_all, [partial(made, *given, out=made(*given)) for made, given in recorder.products])
    factors = [given for _, given in recorder.products]
    if factors[0][0].device.type != "cpu":
        return by_torch, by_torch, recorder.operations
    in_graph, _ = compile_update(partial(_multiply_all, [made for made, _ in recorder.products]), factors)
    return partial(in_graph, factors), by_torch, recorder.operations


def _multiply_all(products: Sequence[Any], factors: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    return [made(*given) for made, given in zip(products, factors, strict=True)]


def _call_all(functions: Sequence[Callable[[], Any]]) -> None:
    for function in functions:
        function()


def arguments_of(agent: Any, phase: Phase, data: Any, seeds: int, device: torch.device) -> tuple[Any, Any, Any]:
    """A fresh state, a random batch and noise."""
    generators = [torch.Generator().manual_seed(seed) for seed in range(seeds)]
    state = map_state(lambda leaf: leaf.to(device), agent.init(generators))
    shape = (seeds, data.batch) if getattr(data, "sequence", 1) == 1 else (seeds, data.batch, data.sequence)
    widths = {"observation": (OBSERVATION,), "next_observation": (OBSERVATION,), "action": (ACTION,), **agent.columns}
    draw = torch.Generator().manual_seed(0)
    columns = {
        name: (0.5 * torch.randn(*shape, *widths.get(name, ()), generator=draw)).to(device)
        for name in (*STORED, *agent.columns)
    }
    columns |= {name: (columns[name] > 1).float() for name in ("terminated", "truncated")}
    if len(agent.phases) > 1:
        ended = (columns["terminated"] + columns["truncated"]).clamp(max=1)
        whole = {"ended": ended, "valid": torch.ones_like(ended), "begins": torch.zeros_like(ended)}
        columns |= whole
        for each in agent.phases:
            if each.refresh is not None:
                stored = {name: columns[name] for name in FIELDS if name in columns}
                columns |= each.refresh(state, Episodes(**stored), generators)
    names: tuple[str, ...] = phase.batch._fields  # type: ignore[attr-defined]
    return state, phase.batch(**{name: columns[name] for name in names}), phase.noise(generators, device)


def clock_of(device: torch.device, threads: int) -> Callable[[], float]:
    """Seconds; on a GPU of what it has finished."""
    if device.type == "cpu":
        return time.process_time if threads == 1 else time.perf_counter

    def finished() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return finished


def measure(
    functions: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Milliseconds of each function, round by round."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    began = clock()
    functions["eager"]()
    calls = max(1, round(0.2 / (clock() - began)))
    for _ in range(rounds):
        for name, function in functions.items():
            began = clock()
            for _ in range(calls):
                function()
            times[name].append(1000 * (clock() - began) / calls)
    return times


def report(
    spec: str,
    sets: Sequence[str],
    seeds: int,
    threads: int,
    rounds: int,
    device: torch.device,
    precision: Precision = "float32",
) -> None:
    resolution = load_spec(spec, sets)
    if resolution.row is None:
        raise SystemExit(f"{spec} does not check: {'; '.join(str(each) for each in resolution.diagnostics)}")
    with tempfile.TemporaryDirectory() as folder:
        built = module.load(emit(resolution.row), Path(folder) / "agent.py")
    build = partial(built.Agent, Array((OBSERVATION,)), ACTION)
    agent = build()
    for plain, phase in zip(agent.phases, phases_of(agent, build, precision), strict=True):
        if phase.whole:
            continue
        arguments = arguments_of(agent, phase, built.DATA, seeds, device)
        run = lowering(as_it_is, [phase], precision)
        began = time.perf_counter()
        with torch.no_grad():
            graph, _ = run(phase.name, partial(compile_update, phase.update))(*arguments)
            compiled = run(phase.name, graph)
            compiled(*arguments)
        first = time.perf_counter() - began
        products, by_torch, operations = products_of(phase, arguments)
        functions: dict[str, Callable[[], object]] = {
            "eager": partial(run(phase.name, phase.update), *arguments),
            "compiled": partial(compiled, *arguments),
            "products": run(phase.name, products),
            "torch": run(phase.name, by_torch),
        }
        if precision != "float32":
            functions["float32"] = partial(compile_update(plain.update, *arguments)[0], *arguments)
        with torch.no_grad():
            for function in functions.values():
                function()
            times = measure(functions, rounds, clock_of(device, threads))
        middle = {name: statistics.median(several) for name, several in times.items()}
        ratio = {
            name: statistics.median(a / b for a, b in zip(times[name], times["products"], strict=True))
            for name in ("eager", "compiled")
        }
        beside = ""
        if precision != "float32":
            gain = statistics.median(a / b for a, b in zip(times["float32"], times["compiled"], strict=True))
            beside = f" {middle['float32']:8.2f} {gain:7.2f}"
        print(
            f"{spec:12} {phase.name:8} {seeds:5} {threads:7} {operations / 1e9:6.2f} {first:7.1f} "
            f"{middle['eager']:8.2f} {middle['compiled']:8.2f} {middle['products']:8.2f} {middle['torch']:8.2f} "
            f"{ratio['eager']:7.2f} {ratio['compiled']:8.2f} {ratio['eager'] / ratio['compiled']:7.2f}{beside}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", default=["sac", "td3", "ppo", "mpo"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", default="float32", help="float32, tf32 or bf16")
    options = parser.parse_args()
    try:
        precision = parse_precision(options.precision)
        check_precision(precision, torch.device(options.device))
    except UserError as error:
        raise SystemExit(f"{error}; {error.help}") from error
    beside = "" if precision == "float32" else f" {'float32':>8} {'gain32':>7}"
    keep_freed()  # as a run does
    where, date = machine(), datetime.now(UTC).date()
    print(f"{date}, {where['processor']}, torch {torch.__version__}; a load of {where['load']:.1f} at the start")
    print(f"ms per update in {precision}; x: times the products alone; gain: eager against compiled")
    print(
        f"{'spec':12} {'phase':8} {'seeds':>5} {'threads':>7} {'GFLOP':>6} {'first s':>7} "
        f"{'eager':>8} {'compiled':>8} {'products':>8} {'torch':>8} {'eager x':>7} {'compil x':>8} {'gain':>7}{beside}"
    )
    for threads in options.threads:
        torch.set_num_threads(threads)
        for spec in options.specs:
            for seeds in options.seeds:
                torch.compiler.reset()
                report(spec, options.sets, seeds, threads, options.rounds, torch.device(options.device), precision)


if __name__ == "__main__":
    main()
