"""A run's evaluations: when they are due, what they find, and what they took."""

import time
from collections.abc import Callable, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Any

from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.state.checkpointing import EnvironmentCheckpoint
from taxon.runtime.events import Evaluated, Line
from taxon.runtime.folder.logging import line
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.snapshot import whole
from taxon.runtime.loop.evaluation import MOST_STEPS, evaluate, evaluation_starts
from taxon.runtime.loop.loop import Loop


class Evaluations:
    """Evaluations of every seed, each in an environment of its own. say: what reports episodes without an end."""

    def __init__(
        self, record: Manifest, loop: Loop, environments: Sequence[Environment], say: Callable[[str], None]
    ) -> None:
        self._record, self._loop, self._environments, self._say = record, loop, environments, say
        # A wrapper or a curriculum may learn in evaluations too.
        self._learning = [EnvironmentCheckpoint(environment) for environment in environments if record.restorable]
        self.steps = [0 for _ in record.seeds]  # that they have taken
        self.step = -1  # of the latest: the first is of the untrained policy
        self.seconds = 0.0  # that the latest took

    def capture(self) -> dict[str, Any]:
        """What goes on with a resumed run."""
        return {
            "evaluation_steps": list(self.steps),
            "evaluating": [each.capture() for each in self._learning],
            "evaluated": self.step,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from what was captured; the loop is restored before."""
        self.steps = [whole(count) for _, count in zip(self.steps, saved["evaluation_steps"], strict=True)]
        for environment, kept in zip(self._learning, saved["evaluating"], strict=True):
            if kept is not None:
                environment.restore(kept)
        # Before the first evaluation, which is that of step 0, it is -1.
        self.step = whole(saved["evaluated"] + 1, self._loop.steps + 1) - 1

    @property
    def due(self) -> bool:
        """Whether it is time: a step counts for each environment and may pass over a multiple."""
        every = self._record.evaluate_every
        return every is not None and self._loop.steps // every > self.step // every

    @property
    def last_is_due(self) -> bool:
        """Whether the run, at its end, has not been evaluated as it is."""
        return self._record.evaluate_every is not None and self.step < self._loop.steps

    @property
    def left(self) -> int:
        """How many the rest of the run has."""
        every, total, step = self._record.evaluate_every, self._record.steps, self._loop.steps
        if every is None:
            return 0
        return min(-(-total // every) - step // every, -(-(total - step) // self._record.environments))

    def make(self, watch: Callable[[], None]) -> tuple[list[Line], Evaluated]:
        """Evaluate every seed that is alive, and freeze those whose environments fail: the log's lines, and the event.

        watch: as in `evaluate`; where it raises, there was no evaluation.
        """
        loop, record, began, lines = self._loop, self._record, time.monotonic(), list[Line]()
        numbers = loop.streams.evaluation
        result = evaluate(
            loop.agent,
            loop.state,
            self._environments,
            evaluation_starts(numbers, [loop.steps for _ in numbers], record.evaluation_seed),
            record.evaluation_episodes,
            loop.device,
            skip=list(loop.frozen()),
            watch=watch,
        )
        made = [(seed, index) for index, seed in enumerate(record.seeds) if result.returns[index]]
        for seed, index in made:
            returns, lengths = result.returns[index], result.lengths[index]
            self.steps[index] += sum(lengths)
            values = {"return": fmean(returns), "returns": returns, "lengths": lengths}
            values["environment_steps"] = sum(lengths)
            if result.cut[index]:
                values["cut"] = result.cut[index]
            lines.append(line("evaluation", loop.steps, values, seed))
        if any(result.cut):
            few = f"{sum(result.cut):,} of the evaluation's episodes did not end"
            self._say(f"at step {loop.steps:,}, {few} and were cut after {MOST_STEPS:,} steps")
        for fault in result.faults:
            loop.fail(*fault)
        self.step, self.seconds = loop.steps, time.monotonic() - began
        event = Evaluated(
            loop.steps,
            MappingProxyType({seed: tuple(result.returns[index]) for seed, index in made}),
            MappingProxyType({seed: tuple(result.lengths[index]) for seed, index in made}),
        )
        return lines, event
