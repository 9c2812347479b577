"""What a GPU needs, without one: acting, observing and every update of every shipped module run on torch's `meta`
device, where tensors have shapes and no numbers: nothing is made on the CPU on the way, and nothing waits for a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from recorded import FEWER
from smaller import smaller
from tiny import Drift, Hops, build, loop_of, row_of
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from taxon.operators import relative_entropy
from taxon.semantics.loading import shipped_names

SPECS = [(name, "continuous") for name in sorted(shipped_names()) if name != "architectures"]
SPECS += [(name, "discrete") for name in ("mpo", "mpo_onestep", "ppo", "ppo_clip", "reps", "trpo", "urex", "vmpo")]
STEPS = 140


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors(part)


class MetaOnly(TorchDispatchMode):
    """Raises where an operation reads or makes a tensor anywhere else than on `meta`."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in [*tensors(args), *tensors(kwargs or {}), *tensors(result)]:
            # A number written in the module becomes a tensor without dimensions, which every device takes.
            assert tensor.device.type == "meta" or tensor.dim() == 0, f"{func} has a tensor on {tensor.device}"
        return result


def to_meta(value: Any) -> Any:
    """The same nested value with its tensors on `meta`."""
    if isinstance(value, Tensor):
        return value.to("meta")
    if isinstance(value, dict):
        return {name: to_meta(part) for name, part in value.items()}
    if isinstance(value, tuple):
        parts = [to_meta(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def row(spec: str, actions: str) -> Any:
    remembering = ["exploration = ornstein_uhlenbeck"] if spec == "ddpg" else []
    return row_of(spec, *smaller(row_of(spec, actions=actions), FEWER), *remembering, actions=actions)


class Noted:
    """Calls of a function by a name, whose arguments are kept."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}

    def __call__(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any) -> Any:
            self.calls.setdefault(name, (function, args))
            return function(*args)

        return noted


def updates_of(built: Any) -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """A call of every update and refresh of a module, as training makes it."""
    world = Hops if built.Agent.discrete else Drift
    agent, noted = built.Agent(world.layout, world.action), Noted()
    agent.phases = tuple(
        phase._replace(
            update=noted(phase.name, phase.update),
            between=phase.between and noted(f"{phase.name}, between", phase.between),
        )
        for phase in agent.phases
    )
    several = sum(1 + (phase.between is not None) for phase in agent.phases)
    loop = loop_of(built, [3, 4], STEPS, agent)
    while len(noted.calls) < several:
        loop.step()
    return noted.calls


@pytest.mark.parametrize(("spec", "actions"), SPECS)
def test_a_module_runs_where_there_are_no_numbers(
    spec: str, actions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relative_entropy, "ITERATIONS", 3)  # without numbers it makes all of them, which are alike
    built = build(row(spec, actions), tmp_path)
    world = Hops if built.Agent.discrete else Drift
    agent = built.Agent(world.layout, world.action)
    state = to_meta(agent.init([torch.Generator().manual_seed(seed) for seed in (3, 4)]))
    width = built.DATA.environments
    observation, memory = torch.zeros(2, width, world.observation), agent.memory(2, width, torch.device("meta"))
    noise = agent.act_noise([torch.Generator() for _ in range(2)], width, torch.device("cpu"))
    observation, noise = observation.to("meta"), noise.to("meta")
    with MetaOnly(), torch.no_grad():
        memory, taken = agent.act(state, memory, observation, noise)
        assert taken["action"].shape == (2, width, world.action)
        agent.observe(state, observation)
        memory, mean = agent.act_mean(state, memory, observation)
        assert mean.shape == (2, width, world.action)
    for name, (update, arguments) in updates_of(built).items():
        moved = to_meta(arguments)
        with solving(built, name), MetaOnly():
            new, metrics = update(*moved)
            for one, other in zip(tensors(new), tensors(moved[0]), strict=True):
                assert one.shape == other.shape, name
            assert all(metric.shape == (2,) for metric in metrics.values()), name


def solving(built: Any, phase: str) -> AbstractContextManager[Any]:
    """Newton's method for a softmax policy decides by the numbers that it computes, the one solver that does."""
    if phase == "policy" and hasattr(built, "fit_softmax"):
        return pytest.raises(RuntimeError, match="cannot be called on meta tensors")
    return nullcontext()


def test_a_tensor_of_the_cpu_is_found() -> None:
    with MetaOnly(), pytest.raises(AssertionError, match="has a tensor on cpu"):
        torch.zeros(2, device="meta") + torch.zeros(2)
    with MetaOnly(), pytest.raises(AssertionError, match="has a tensor on cpu"):
        torch.arange(3)
