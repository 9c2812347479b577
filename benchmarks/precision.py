"""What bf16 does to losses, gradients and parameters, beside what float32 itself leaves out of float64.

    python -m benchmarks.precision sac td3 ppo mpo | tee benchmarks/results/precision.txt

One run in float32 collects the experience. Each of its updates is made again in bf16 and in float64, from the same
state, batch and noise: |a - b| over the mean |b| of a metric, b the float32 update's; of a gradient |g - h| / |h|,
which sees its direction, too. And both go on from the first update with states of their own, on the same batches: what
their parameters differ by at the end, over the way that float32's have gone. Eager, on the CPU.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.results import machine
from taxon.compiler import emit
from taxon.operators.data import Phase, Rollouts
from taxon.runtime.agent import Agent, map_state
from taxon.runtime.device.precision import phases_of
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder import module
from taxon.runtime.loop.loop import Loop, streams
from taxon.semantics import load_spec

ENVIRONMENT = "HalfCheetah-v4"
OTHERS = ("bf16", "float64")
BETA1 = 0.9  # of Adam, in every spec that is measured


def double(x: Tensor) -> Tensor:
    return x.double() if x.is_floating_point() else x


def same(x: Tensor) -> Tensor:
    return x


class Other:
    """The updates of a run, made in another precision: each from the run's own state, and all one after another."""

    def __init__(self, phases: Sequence[Phase], convert: Callable[[Tensor], Tensor]) -> None:
        self.phases = {phase.name: phase for phase in phases}
        self.convert = convert
        self.columns: dict[str, Tensor] = {}
        self.own: Any = None

    def refresh(self, phase: Phase, state: Any, episodes: Any, generators: Any) -> None:
        refresh = self.phases[phase.name].refresh
        assert refresh is not None
        taken = [generator.get_state() for generator in generators]
        given = type(episodes)(*(None if part is None else self.convert(part) for part in episodes))
        self.columns |= refresh(map_state(self.convert, state), given, generators)
        for generator, before in zip(generators, taken, strict=True):
            generator.set_state(before)

    def batch(self, batch: Any, episodes: Any) -> Any:
        """The run's batch with the columns that this precision computed for the same steps."""
        found = map_state(self.convert, batch)
        if not self.columns.keys() & set(batch._fields) or len(batch.observation[0]) == len(episodes.observation[0]):
            return found
        alike = (batch.observation[0].unsqueeze(1) == episodes.observation[0]).all(-1)
        index = alike.float().argmax(1)
        return found._replace(**{name: self.columns[name][:, index] for name in batch._fields if name in self.columns})

    def again(self, phase: Phase, between: bool, state: Any, batch: Any, noise: Any) -> Any:
        mine = self.phases[phase.name]
        update = mine.between if between else mine.update
        assert update is not None
        return update(map_state(self.convert, state), batch, map_state(self.convert, noise))

    def follow(self, before: Any, state: Any) -> Any:
        """Its own state, but for what has changed in the run since the update before: statistics of observations."""
        if self.own is None:
            return map_state(self.convert, state)
        return map_state(
            lambda own, was, now: own if torch.equal(was, now) else self.convert(now), self.own, before, state
        )


class Comparison:
    """A run whose phases are compared from an update on, until so many are."""

    def __init__(self, agent: Agent, others: dict[str, Other], after: int, updates: int) -> None:
        self.others, self.after, self.updates, self.count = others, after, updates, 0
        self.metrics: dict[str, list[float]] = defaultdict(list)
        self.differences: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.gradients: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.start: Any = None
        self.latest: Any = None
        self.episodes: Any = None
        self.phases = tuple(self.watched(phase) for phase in agent.phases)

    @property
    def done(self) -> bool:
        return self.count >= self.after + self.updates

    def watched(self, phase: Phase) -> Phase:
        return phase._replace(
            update=partial(self.update, phase, False),
            between=phase.between and partial(self.update, phase, True),
            refresh=phase.refresh and partial(self.refresh, phase),
        )

    def refresh(self, phase: Phase, state: Any, episodes: Any, generators: Any) -> dict[str, Tensor]:
        assert phase.refresh is not None
        self.episodes = episodes
        for other in self.others.values():
            other.refresh(phase, state, episodes, generators)
        return phase.refresh(state, episodes, generators)

    def update(self, phase: Phase, between: bool, state: Any, batch: Any, noise: Any) -> Any:
        update = phase.between if between else phase.update
        assert update is not None
        after, metrics = update(state, batch, noise)
        self.count += 1
        if self.after < self.count <= self.after + self.updates:
            self.compare(phase, between, (state, batch, noise), after, metrics)
        return after, metrics

    def compare(self, phase: Phase, between: bool, given: Any, after: Any, metrics: dict[str, Tensor]) -> None:
        state, batch, noise = given
        self.start = self.start or state
        for name, value in metrics.items():
            self.metrics[f"{phase.name}/{name}"].append(abs(value.item()))
        for kind, other in self.others.items():
            alike = other.batch(batch, self.episodes)
            found, theirs = other.again(phase, between, state, alike, noise)
            for name, value in metrics.items():
                self.differences[f"{phase.name}/{name}", kind].append(abs(theirs[name].item() - value.item()))
            for name in moments(state):
                was, now, other_now = (getattr(each, name).moments[0].double() for each in (state, after, found))
                gradient = now - BETA1 * was
                if not torch.equal(was, now):
                    difference = (other_now - now).norm() / gradient.norm()
                    self.gradients[name, kind].append(difference.item())
            other.own, _ = other.again(phase, between, other.follow(self.latest, state), alike, noise)
        self.latest = after

    def lines(self) -> list[str]:
        rows = []
        for name, values in self.metrics.items():
            scale = statistics.mean(values)
            if scale > 0 and any(self.differences[name, kind] != [0.0] * len(values) for kind in OTHERS):
                rows.append((name, [[each / scale for each in self.differences[name, kind]] for kind in OTHERS]))
        for name in moments(self.latest):
            rows.append((f"gradient of {name}", [self.gradients[name, kind] for kind in OTHERS]))
        shown = [f"  {name:32}" + "".join(f"{summary(several):>26}" for several in both) for name, both in rows]
        for name in moments(self.latest):
            first, last = (getattr(each, name).params.double() for each in (self.start, self.latest))
            ways = [
                (getattr(self.others[kind].own, name).params.double() - last).norm() / (last - first).norm()
                for kind in OTHERS
            ]
            text = "".join(f"{way.item():>26.1e}" for way in ways)
            shown.append(f"  {f'drift of {name}':32}{text}")
        return shown


def moments(state: Any) -> list[str]:
    """The networks and multipliers that Adam moves."""
    return [name for name in state._fields if len(getattr(getattr(state, name), "moments", ())) == 2]


def summary(values: list[float]) -> str:
    return f"{statistics.median(values):.1e}  {np.quantile(values, 0.95):.1e}" if values else ""


def compare(spec: str, sets: Sequence[str], after: int, updates: int) -> None:
    resolution = load_spec(spec, sets)
    if resolution.row is None:
        raise SystemExit(f"{spec} does not check: {'; '.join(str(each) for each in resolution.diagnostics)}")
    with tempfile.TemporaryDirectory() as folder:
        built = module.load(emit(resolution.row), Path(folder) / "agent.py")
    numbers = streams([0], torch.device("cpu"), built.DATA.environments)
    environments = [make(Recipe(ENVIRONMENT), number) for number in numbers.environment]
    build = partial(built.Agent, environments[0].layout, environments[0].action)
    agent = build()
    if isinstance(built.DATA, Rollouts):  # whole rounds: the second
        after = updates = sum(phase.updates for phase in agent.phases)
    others = {"bf16": Other(phases_of(agent, build, "bf16"), same), "float64": Other(agent.phases, double)}
    comparison = Comparison(agent, others, after, updates)
    loop = Loop(agent, built.DATA, environments, numbers, 1_000_000, torch.device("cpu"), comparison.phases)
    while not comparison.done:
        loop.step()
    print(f"{spec}, updates {after + 1} to {after + updates}, {loop.steps:,} steps", flush=True)
    print("\n".join(comparison.lines()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", default=["sac", "td3", "ppo", "mpo"])
    parser.add_argument("--after", type=int, default=200, help="updates before the first that is compared")
    parser.add_argument("--updates", type=int, default=200, help="updates compared; with rollouts, the second round's")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    options = parser.parse_args()
    where = machine()
    date = datetime.now(UTC).date()
    print(f"{date}, {where['processor']}, torch {torch.__version__}, {torch.get_num_threads()} threads; {ENVIRONMENT}")
    print("Differences from the float32 update: median and 95 % of the updates; drift: over the way that float32 went")
    print(f"  {'':32}{'bf16':>26}{'float64':>26}")
    for spec in options.specs:
        compare(spec, options.sets, options.after, options.updates)


if __name__ == "__main__":
    main()
