"""All that training changes, as plain data: what a resumed loop needs to go on as if it had never stopped.

The one thing left out is the rows of a replay, which are many and change little: `replay_file` keeps those.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from taxon.runtime.agent import map_state, named_tensors
from taxon.runtime.environments.vectors.vector import Episode
from taxon.runtime.errors import one_line
from taxon.runtime.loop.learning import Carry
from taxon.runtime.loop.loop import Loop
from taxon.runtime.loop.metrics import Means
from taxon.runtime.loop.streams import Streams
from taxon.runtime.options import MOST_STEPS

Capture = Callable[[], dict[str, Any] | None]
Restore = Callable[[Any], str | None]  # why it cannot be, or None


# What reading a snapshot meets where a stranger wrote it.
MISFITS = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RuntimeError)


LONGEST_CAUSE = 10_000  # letters of what is said of a seed's end


class UnfitError(ValueError):
    """A snapshot that belongs to another agent, or to none."""


def capture(loop: Loop, environments: Sequence[Capture | None]) -> dict[str, Any]:
    """The loop's present state.

    environments: what captures each training environment's state, None where it cannot be restored.
    """
    collector = loop.collector
    return {
        "agent": dict(named_tensors(loop.state)),
        "memory": dict(named_tensors(loop.carry.memory)),
        "loop": {
            "steps": loop.steps,
            "updates": dict(loop.updates),
            "samples": loop.samples,
            "pending": loop.pending,
            "alive": loop.carry.alive,
            "frozen_at": loop.carry.frozen_at,
            "broken": [[seed, what] for seed, what in loop.diagnose().items()],
            "causes": [[seed, cause, loop.traces[seed]] for seed, cause in loop.causes.items()],
            "sums": [[list(key), sums] for key, sums in loop.means.sums().items()],
        },
        "collector": {
            "rows": collector.rows,
            "steps": collector.steps,
            "totals": list(collector.totals),
            "lengths": list(collector.lengths),
            "finished": [list(episode) for episode in collector.finished],
            "environments": [None if capture is None else capture() for capture in environments],
        },
        "streams": {
            **{name: [generator.get_state() for generator in _generators(loop.streams, name)] for name in _STREAMS},
            "starts": [generator.bit_generator.state for generator in loop.streams.starts],
        },
        "source": loop.source.capture(),
    }


def restore(loop: Loop, saved: dict[str, Any], environments: Sequence[Restore]) -> dict[int, str]:
    """Bring a new loop to a captured state, but for the rows of a replay; which environments must begin anew, and why.

    environments: what restores each training environment. Raises UnfitError where the state is not one of this loop.
    """
    try:
        return _restore(loop, saved, environments)
    except MISFITS as error:
        raise UnfitError(str(error) or type(error).__name__) from error


def restore_agent(template: Any, tensors: dict[str, Any]) -> Any:
    """A state built like `template`, on its devices. Raises UnfitError where names, shapes or types are not its own."""
    expected = dict(named_tensors(template))
    for name in [*expected, *sorted(tensors)]:
        if name not in tensors or name not in expected:
            raise UnfitError(f"it {'lacks' if name not in tensors else 'has an unexpected'} tensor {name}")
        fitting(tensors[name], expected[name], name)
    loaded = iter([tensors[name].to(wanted.device) for name, wanted in expected.items()])
    return map_state(lambda _: next(loaded), template)


def fitting(found: Any, wanted: Tensor, name: str) -> Tensor:
    """A tensor of the wanted shape and type, on the wanted device. Raises UnfitError for another."""
    if not isinstance(found, Tensor) or found.shape != wanted.shape or found.dtype != wanted.dtype:
        has = f"{_dtype(found)} {list(found.shape)}" if isinstance(found, Tensor) else "no tensor"
        raise UnfitError(f"{name} is {has} and the agent needs {_dtype(wanted)} {list(wanted.shape)}")
    return found.to(wanted.device)


_STREAMS = ("acting", "sampling", "noise")


def _generators(streams: Streams, name: str) -> list[torch.Generator]:
    generators: list[torch.Generator] = getattr(streams, name)
    return generators


def _restore(loop: Loop, saved: dict[str, Any], environments: Sequence[Restore]) -> dict[int, str]:
    counted, stepped = saved["loop"], saved["collector"]
    seeds = len(loop.streams.init)
    loop.steps, loop.samples = whole(counted["steps"]), whole(counted["samples"])
    loop.pending = whole(counted["pending"])
    loop.updates = {name: whole(counted["updates"][name]) for name in loop.updates}
    sums = {tuple(map(str, key)): part for key, part in counted["sums"]}
    for key, part in sums.items():
        if key[0] not in loop.updates or part.shape != (len(key), seeds) or not part.is_floating_point():
            raise UnfitError(f"its means of {' '.join(key)} are none of this program's")
    loop.means = Means({key: part.to(loop.device) for key, part in sums.items()})
    for seed, cause, trace in counted["causes"]:
        index = whole(seed, seeds - 1)
        loop.causes[index], loop.traces[index] = one_line(str(cause), LONGEST_CAUSE), str(trace)
    loop.broken = {whole(seed, seeds - 1): one_line(str(what), LONGEST_CAUSE) for seed, what in counted["broken"]}
    own = loop.carry
    alive, frozen_at = (fitting(counted[name], getattr(own, name), name) for name in ("alive", "frozen_at"))
    state, memory = restore_agent(own.state, saved["agent"]), restore_agent(own.memory, saved["memory"])
    loop.restore(Carry(state, memory, alive, frozen_at, own.broken))

    for name in _STREAMS:
        for generator, state in zip(_generators(loop.streams, name), saved["streams"][name], strict=True):
            generator.set_state(state)
    for start, state in zip(loop.streams.starts, saved["streams"]["starts"], strict=True):
        start.bit_generator.state = state

    loop.source.restore(saved["source"], loop.steps)

    collector = loop.collector
    if stepped["rows"].shape != collector.rows.shape or stepped["rows"].dtype != collector.rows.dtype:
        raise UnfitError("the environments' rows have another shape")
    collector.rows[:] = stepped["rows"]
    collector.steps = _numbers(stepped["steps"], int, len(collector.steps))
    totals = _numbers(stepped["totals"], float, collector.count)
    lengths = _numbers(stepped["lengths"], int, collector.count)
    for index, (total, length) in enumerate(zip(totals, lengths, strict=True)):
        collector.totals[index], collector.lengths[index] = total, length
    collector.finished = [
        Episode(int(step), int(seed), float(total), int(length)) for step, seed, total, length in stepped["finished"]
    ]
    anew = {}
    for index, (put, state) in enumerate(zip(environments, stepped["environments"], strict=True)):
        unlike = "the checkpoint has no state of it" if state is None else put(state)
        if unlike is not None:
            anew[index] = unlike
    return anew


def whole(value: Any, most: int = MOST_STEPS) -> int:
    """A whole number from 0 to `most`. Raises UnfitError for anything else."""
    if type(value) is not int or not 0 <= value <= most:
        raise UnfitError(f"{str(value)[:40]} is no count from 0 to {most:,}")
    return value


def _numbers(values: Any, kind: type[Any], count: int) -> list[Any]:
    numbers = [kind(value) for value in values]
    if len(numbers) != count:
        raise UnfitError(f"{len(numbers)} numbers where {count} are needed")
    return numbers


def begin_anew(loop: Loop, index: int, entropy: Sequence[int]) -> None:
    """Reset an environment whose state could not be restored: its running episode is cut where it was.

    entropy: what the new episode's seed is drawn from, so that it is not the first episode once more.
    """
    collector = loop.collector
    seed, place = divmod(index, collector.width)
    if not loop.is_alive(seed) or collector.waiting(index):
        return
    loop.source.cut(seed, place)
    collector.totals[index], collector.lengths[index] = 0.0, 0
    if collector.waits:
        collector.rest(index)
    else:
        collector.begin(index, int(np.random.SeedSequence(entropy).generate_state(1)[0]))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
