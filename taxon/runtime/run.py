"""One run around its loop: when it evaluates, logs and saves, and what it shows meanwhile."""

import time
from collections import deque
from collections.abc import Callable
from statistics import fmean as mean
from typing import Any

from taxon.runtime import summary
from taxon.runtime.amounts import size
from taxon.runtime.environments.checkpointing import EnvironmentCheckpoint
from taxon.runtime.environments.environment import Environment
from taxon.runtime.folder import checkpoint, curve, manifest
from taxon.runtime.folder.logging import Log
from taxon.runtime.folder.replay_file import ReplayFile
from taxon.runtime.folder.run_folder import CURVE, RunFolder
from taxon.runtime.folder.snapshot import Capture, capture, whole
from taxon.runtime.loop.evaluation import MOST_STEPS, evaluate
from taxon.runtime.loop.loop import Loop
from taxon.runtime.loop.streams import evaluation_start
from taxon.runtime.options import Cadence
from taxon.runtime.pace import Pace
from taxon.runtime.progress import Display, SeedView, View
from taxon.runtime.stopping import Stop

LOG_EVERY = 1_000  # environment steps between two readings of the metrics, which wait for the device
RECENT = 10  # training episodes in the displayed mean


class Run:
    """A run's bookkeeping."""

    def __init__(
        self,
        folder: RunFolder,
        record: manifest.Manifest,
        loop: Loop,
        captures: list[Capture | None],
        evaluating: list[Environment],
        save_every: Cadence,
        log: Log,
        shown: Display,
    ) -> None:
        self.folder = folder
        self.record = record
        self.loop = loop
        self.captures = captures
        self.evaluating = evaluating
        # A wrapper or a curriculum may learn in evaluations too.
        self.evaluated_in = [EnvironmentCheckpoint(environment) for environment in evaluating if record.restorable]
        self.save_every = save_every
        self.log = log
        self.shown = shown
        self.seeds = record.seeds
        kept = loop.source.in_files()
        self.replay = None if kept is None else ReplayFile(folder, kept)
        title = f"{record.name} on {record.recipe()} ({record.device})"
        self.view = View(title, record.steps, [SeedView(seed) for seed in self.seeds])
        self.recent: list[deque[float]] = [deque(maxlen=RECENT) for _ in self.seeds]
        self.points: dict[int, list[tuple[int, float]]] = {seed: [] for seed in self.seeds}
        self.evaluation_steps = [0 for _ in self.seeds]
        self.evaluated = -1  # the step of the latest evaluation: the first is of the untrained policy
        self.logged = 0
        self.logged_updates = dict(loop.updates)
        self.logged_frozen: list[int] = []  # seeds (by index) whose end was said
        self.began = time.monotonic()
        self.read = (loop.steps, self.began)  # (step, time) of the latest reading
        self.pace = Pace()
        self.sampled = loop.samples  # as of the latest step
        self.view.first_updates = loop.data.first
        self.saved = (0, self.began)  # (step, time) of the latest checkpoint

    def capture(self) -> dict[str, Any]:
        """What a resumed run needs beside its loop."""
        return {
            "metrics": self.log.bytes,
            "seconds": time.monotonic() - self.began,
            "recent": [list(returns) for returns in self.recent],
            "points": [[list(point) for point in self.points[seed]] for seed in self.seeds],
            "evaluation_steps": list(self.evaluation_steps),
            "evaluating": [each.capture() for each in self.evaluated_in],
            "evaluated": self.evaluated,
            "logged": self.logged,
            "logged_updates": dict(self.logged_updates),
            "logged_frozen": list(self.logged_frozen),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from what was captured; the loop is restored before."""
        loop, record = self.loop, self.record
        self.began = time.monotonic() - float(saved["seconds"])
        self.recent = [
            deque(map(float, returns), maxlen=RECENT) for _, returns in zip(self.seeds, saved["recent"], strict=True)
        ]
        self.points = {
            seed: [(whole(step, loop.steps), float(value)) for step, value in points]
            for seed, points in zip(self.seeds, saved["points"], strict=True)
        }
        self.evaluation_steps = [whole(count) for _, count in zip(self.seeds, saved["evaluation_steps"], strict=True)]
        for environment, kept in zip(self.evaluated_in, saved["evaluating"], strict=True):
            if kept is not None:
                environment.restore(kept)
        # Before the first evaluation, which is that of step 0, it is -1.
        self.evaluated = whole(saved["evaluated"] + 1, loop.steps + 1) - 1
        self.logged = whole(saved["logged"], loop.steps)
        self.logged_updates = {name: whole(saved["logged_updates"][name]) for name in loop.updates}
        self.logged_frozen = [whole(index, len(self.seeds) - 1) for index in saved["logged_frozen"]]
        self.view.steps = loop.steps
        for index, seed in enumerate(self.view.seeds):
            seed.training = mean(self.recent[index]) if self.recent[index] else None
            if record.evaluate_every is not None and self.points[seed.seed]:
                seed.evaluation = self.points[seed.seed][-1][1]
            seed.frozen = loop.frozen().get(index) if index in self.logged_frozen else None
        self.read = (loop.steps, time.monotonic())
        self.sampled = loop.samples
        if loop.samples:
            self.view.first_updates = None
        self.saved = (loop.steps, time.monotonic())

    def go(self, stop: Callable[[], None]) -> None:
        """Step until the end, every seed's failure or until `stop` raises Stop; then save everything."""
        loop, record = self.loop, self.record
        named = ", ".join(map(str, self.seeds))
        start = f" from step {loop.steps:,}" if loop.steps else ""
        self.shown.say(
            f"{self.view.title}, seeds {named}: {record.steps:,} steps of each{start}, into {self.folder.path}"
        )
        kept = "" if self.replay is None else f" and {size(self.replay.bytes)} of the disk"
        self.shown.say(f"{loop.source.name}: up to {size(loop.source.bytes)} of {loop.device} memory{kept}")
        if not record.restorable:
            self.shown.say(f"{record.recipe()} cannot be restored: a resumed run begins a new episode in it")
        try:
            self._say_frozen()  # those that failed before the first step
            if not loop.steps:
                self.save()
            self._read(stop)
            while loop.living and (loop.pending or loop.steps < record.steps):
                stop()
                loop.step(self._watch(stop))
                self._time()
                self._read(stop)
                if self.save_every.due(time.monotonic() - self.saved[1], self.saved[0], loop.steps):
                    self.save()
                self.view.steps = loop.steps
                self.shown.show(self.view)
            # Saved before the last words, which a run of more steps would not say here.
            self.save()
            self._log()
            if loop.living and record.evaluate_every is not None and self.evaluated < loop.steps:
                self._evaluate(stop)
            record.status = "finished" if loop.living else "frozen"
        except Stop:
            record.status = "interrupted"
            if self.saved[0] != loop.steps or loop.pending:
                self.save()
            self._log()
        self._finish()

    def save(self) -> None:
        """Write a checkpoint, and what there is to say of the run so far."""
        loop, record = self.loop, self.record
        frozen = {self.seeds[index]: step for index, step in loop.frozen().items()}
        checkpoint.save(
            self.folder,
            capture(loop, self.captures) | {"run": self.capture()},
            row=record.row,
            seeds=record.seeds,
            steps=loop.steps,
            frozen=frozen,
            replay=[] if self.replay is None else self.replay.append(),
        )
        if self.replay is not None:
            self.replay.sweep()
        self.saved = (loop.steps, time.monotonic())
        self._record()

    def _watch(self, stop: Callable[[], None]) -> Callable[[], None]:
        """What is called where something takes long: it may raise Stop, and it shows that the run goes on."""

        def watch() -> None:
            stop()
            self.shown.show(self.view)

        return watch

    def _time(self) -> None:
        """Take the time where updates have just been made."""
        loop = self.loop
        if loop.samples != self.sampled:
            self.sampled = loop.samples
            self.pace.updated(loop.steps)
            self.view.first_updates = None
        self.view.left = self.pace.left(self.record.steps - loop.steps, self._evaluations_left())

    def _evaluations_left(self) -> int:
        every, total, step = self.record.evaluate_every, self.record.steps, self.loop.steps
        if every is None:
            return 0
        return min(-(-total // every) - step // every, -(-(total - step) // self.record.environments))

    def _read(self, stop: Callable[[], None]) -> None:
        """Log and evaluate where it is time: a step counts for each environment and may pass over a multiple."""
        loop, record = self.loop, self.record
        if loop.pending:
            return
        if loop.steps // LOG_EVERY > self.logged // LOG_EVERY:
            self._log()
        every = record.evaluate_every
        if loop.living and every is not None and loop.steps // every > self.evaluated // every:
            self._evaluate(stop)

    def _log(self) -> None:
        """Read the metrics from the device and write what happened since the last time."""
        loop, step = self.loop, self.loop.steps
        if step == self.logged:
            return
        finished: dict[int, list[float]] = {}
        for episode in loop.take_episodes():
            seed = self.seeds[episode.seed]
            self.log.write("episode", episode.step, {"return": episode.total, "length": episode.length}, seed)
            self.recent[episode.seed].append(episode.total)
            self.view.seeds[episode.seed].training = mean(self.recent[episode.seed])
            finished.setdefault(seed, []).append(episode.total)
        if self.record.evaluate_every is None:
            for seed, returns in finished.items():
                self.points[seed].append((step, mean(returns)))
        self._say_frozen()
        alive = [index for index, seed in enumerate(self.view.seeds) if seed.frozen is None]
        for phase, metrics in loop.take_metrics().items():
            for index in alive:
                values = {name: means[index] for name, means in metrics.items()}
                self.log.write("update", step, {"phase": phase, **values}, self.seeds[index])
            if alive:
                means = {name: sum(column[i] for i in alive) / len(alive) for name, column in metrics.items()}
                self.view.losses.update({name: mean for name, mean in means.items() if name.endswith("loss")})
        now = time.monotonic()
        self.view.steps_per_second = (step - self.read[0]) / (now - self.read[1])
        self.view.updates_per_step = {
            phase: (count - self.logged_updates[phase]) / (step - self.logged) for phase, count in loop.updates.items()
        }
        speed = {
            "seconds": now - self.began,
            "steps_per_second": self.view.steps_per_second,
            "updates": sum(loop.updates.values()),
            "updates_per_step": sum(self.view.updates_per_step.values()),
            "samples": loop.samples,
            "environment_steps": sum(loop.environment_steps),
        }
        self.log.write("speed", step, speed)
        self.log.flush()
        self.logged, self.logged_updates = step, dict(loop.updates)
        self.read = (step, now)

    def _say_frozen(self) -> None:
        """Say once of every frozen seed when it was and why."""
        loop = self.loop
        for index, step in loop.frozen().items():
            if index in self.logged_frozen:
                continue
            self.logged_frozen.append(index)
            seed, cause = self.seeds[index], loop.causes.get(index)
            self.view.seeds[index].frozen = step
            why = cause or f"it is no longer finite: {loop.diagnose()[index]}"
            self.log.write("frozen", step, {"cause": why}, seed)
            self.shown.say(f"seed {seed} was frozen at step {step:,}: {why}")
            if cause is not None:
                self.folder.write(failure_file(seed), loop.traces[index].encode("utf-8", "backslashreplace"))
                self.shown.say(f"where it failed: {self.folder.path / failure_file(seed)}")

    def _evaluate(self, stop: Callable[[], None]) -> None:
        loop = self.loop
        self._log()
        self.view.doing, self.view.steps, began = "evaluating", loop.steps, time.monotonic()
        starts = [evaluation_start(number, loop.steps) for number in loop.streams.evaluation]
        result = evaluate(
            loop.agent,
            loop.state,
            self.evaluating,
            starts,
            self.record.evaluation_episodes,
            loop.device,
            skip=list(loop.frozen()),
            watch=self._watch(stop),
        )
        for index, returns in enumerate(result.returns):
            if returns:
                lengths = result.lengths[index]
                self.evaluation_steps[index] += sum(lengths)
                values = {"return": mean(returns), "returns": returns, "lengths": lengths}
                values["environment_steps"] = sum(lengths)
                if result.cut[index]:
                    values["cut"] = result.cut[index]
                self.log.write("evaluation", loop.steps, values, self.seeds[index])
                self.points[self.seeds[index]].append((loop.steps, mean(returns)))
                self.view.seeds[index].evaluation = mean(returns)
        if any(result.cut):
            few = f"{sum(result.cut):,} of the evaluation's episodes did not end"
            self.shown.say(f"at step {loop.steps:,}, {few} and were cut after {MOST_STEPS:,} steps")
        for fault in result.faults:
            loop.fail(*fault)
        self._say_frozen()
        self.evaluated = loop.steps
        took = time.monotonic() - began
        self.pace.evaluated(took)
        self.read = (loop.steps, self.read[1] + took)  # no part of the speed
        self.view.doing = "training"
        self.view.steps = loop.steps
        self.log.flush()
        self.shown.show(self.view, now=True)

    def _record(self) -> None:
        """Write run.json as of now."""
        loop, record = self.loop, self.record
        frozen = loop.frozen().items()
        record.steps_done = loop.steps
        record.environment_steps = {str(s): n for s, n in zip(self.seeds, loop.environment_steps, strict=True)}
        record.evaluation_steps = {str(s): n for s, n in zip(self.seeds, self.evaluation_steps, strict=True)}
        record.updates, record.samples = dict(loop.updates), loop.samples
        record.frozen = {str(self.seeds[index]): step for index, step in frozen}
        causes = {index: f"it is no longer finite: {what}" for index, what in loop.diagnose().items()} | loop.causes
        record.causes = {str(self.seeds[index]): cause for index, cause in sorted(causes.items())}
        record.write(self.folder)

    def _finish(self) -> None:
        loop, record = self.loop, self.record
        self.view.doing, self.view.left = record.status, None
        self.view.steps = loop.steps
        frozen = {self.seeds[index]: step for index, step in loop.frozen().items()}
        title = f"{record.name} on {record.recipe()}"
        self.folder.write(CURVE, curve.draw(title, self._measured(), self.points, frozen))
        record.ended = manifest.now()
        self._record()  # last: a run that is killed before has not ended, and can be resumed to its end
        self.shown.finish(self.view)
        self.shown.say(f"{record.status} after {loop.steps:,} steps: {self.folder.path}")
        for line in summary.counts(self.seeds, frozen, loop.steps, loop.updates, loop.samples, self.evaluation_steps):
            self.shown.say(line)
        if record.status == "interrupted":
            self.shown.say(f"to go on: {summary.resume_command(self.folder.path, record.recipe())}")

    def _measured(self) -> str:
        """What a point of the learning curve is."""
        if self.record.evaluate_every is None:
            return f"training episodes, mean of those that ended within {LOG_EVERY:,} steps"
        action = "most probable" if self.loop.agent.discrete else "mean"
        count = self.record.evaluation_episodes
        episodes = f"mean of {count:,} episodes" if count > 1 else "one episode"
        return f"evaluation with the {action} action, {episodes}"


def failure_file(seed: int) -> str:
    """Where a seed's traceback is kept."""
    return f"failure-of-seed-{seed}.txt"
