"""One run around its loop: when it evaluates, logs, saves and ends. Its listeners have the rest."""

import time
from collections.abc import Callable, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Any

from taxon.runtime import summary
from taxon.runtime.amounts import size
from taxon.runtime.environments.checkpointing import EnvironmentCheckpoint
from taxon.runtime.environments.environment import Environment
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.events import Began, Callback, Ended, Evaluated, Line, Logged, Saved
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.learning_curve import LearningCurve
from taxon.runtime.folder.logging import Log, line
from taxon.runtime.folder.replay_file import ReplayFile
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.snapshot import Capture, UnfitError, capture, whole
from taxon.runtime.keep_best import KeepBest
from taxon.runtime.listeners import Listeners, Wish
from taxon.runtime.loop.evaluation import MOST_STEPS, evaluate, evaluation_starts
from taxon.runtime.loop.loop import Loop
from taxon.runtime.options import Cadence
from taxon.runtime.progress import Display
from taxon.runtime.screen import Screen
from taxon.runtime.stop_at import StopAt
from taxon.runtime.stopping import Stop

LOG_EVERY = 1_000  # environment steps between two readings of the metrics, which wait for the device


class Run:
    """A run's bookkeeping.

    loggers: what else the lines of the log are given to. callbacks: the user's.
    """

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
        loggers: Sequence[Callback] = (),
        callbacks: Sequence[Callback] = (),
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
        self.seeds = record.seeds
        kept = loop.source.in_files()
        self.replay = None if kept is None else ReplayFile(folder, kept)
        on = f"{record.name} on {record.recipe()}"
        evaluates = record.evaluate_every is not None
        self.screen = Screen(shown, f"{on} ({record.device})", record.steps, self.seeds, loop.data.first)
        self.curve = LearningCurve(folder, on, self._measured(), self.seeds, evaluates)
        self.best = KeepBest(folder, record.row, self.seeds, lambda: loop.state) if record.keep_best else None
        own: list[Callback] = [log, self.curve, self.screen, *loggers]
        own += [] if self.best is None else [self.best]
        own += [] if record.stop_at is None else [StopAt(record.stop_at)]
        self.listeners = Listeners(own, callbacks)
        self.evaluation_steps = [0 for _ in self.seeds]
        self.evaluated = -1  # the step of the latest evaluation: the first is of the untrained policy
        self.logged = 0
        self.logged_updates = dict(loop.updates)
        self.logged_frozen: list[int] = []  # seeds (by index) whose end was said
        self.resumed = False
        self.began = time.monotonic()
        self.read = (loop.steps, self.began)  # (step, time) of the latest reading
        self.sampled = loop.samples  # as of the latest step
        self.saved = (0, self.began)  # (step, time) of the latest checkpoint

    def capture(self) -> dict[str, Any]:
        """What a resumed run needs beside its loop."""
        wish = self.listeners.wish
        return {
            "metrics": self.log.bytes,
            "seconds": time.monotonic() - self.began,
            "recent": self.screen.capture(),
            "points": self.curve.capture(),
            "evaluation_steps": list(self.evaluation_steps),
            "evaluating": [each.capture() for each in self.evaluated_in],
            "evaluated": self.evaluated,
            "logged": self.logged,
            "logged_updates": dict(self.logged_updates),
            "logged_frozen": list(self.logged_frozen),
            "reached": wish.reason if wish is not None and wish.status == "reached" else None,
        }

    def restore(self, saved: dict[str, Any], reached: bool = True) -> None:
        """Go on from what was captured; the loop is restored before.

        reached: whether a return that was reached ends the run, also where it goes on.
        """
        loop, record = self.loop, self.record
        self.resumed = True
        self.began = time.monotonic() - float(saved["seconds"])
        self.evaluation_steps = [whole(count) for _, count in zip(self.seeds, saved["evaluation_steps"], strict=True)]
        for environment, kept in zip(self.evaluated_in, saved["evaluating"], strict=True):
            if kept is not None:
                environment.restore(kept)
        # Before the first evaluation, which is that of step 0, it is -1.
        self.evaluated = whole(saved["evaluated"] + 1, loop.steps + 1) - 1
        self.logged = whole(saved["logged"], loop.steps)
        self.logged_updates = {name: whole(saved["logged_updates"][name]) for name in loop.updates}
        self.logged_frozen = [whole(index, len(self.seeds) - 1) for index in saved["logged_frozen"]]
        self.curve.restore(saved["points"], loop.steps)
        latest = {seed: points[-1][1] for seed, points in self.curve.points.items() if points}
        frozen = {self.seeds[index]: step for index, step in loop.frozen().items() if index in self.logged_frozen}
        self.screen.restore(saved["recent"], latest if record.evaluate_every is not None else {}, frozen, loop.steps)
        if not isinstance(saved["reached"], str | None):
            raise UnfitError("it has a reason that is no text")
        if reached and saved["reached"] is not None:
            self.listeners.wish = Wish("reached", one_line(saved["reached"]))
        self.read = (loop.steps, time.monotonic())
        self.sampled = loop.samples
        if loop.samples:
            self.screen.view.first_updates = None
        self.saved = (loop.steps, time.monotonic())
        if self.best is not None and not self.best.restore() and self.evaluated >= 0:
            self.say("the best policies that were kept are missing: the best of the evaluations to come are kept")

    def say(self, text: str) -> None:
        self.screen.say(text)

    def go(self, stop: Callable[[], None]) -> None:
        """Step until the end, every seed's failure, a listener's wish or until `stop` raises Stop; then save all.

        Raises UserError where a callback failed.
        """
        loop, record, listeners = self.loop, self.record, self.listeners
        self._begin()
        try:
            self._note_frozen()  # those that failed before the first step
            if not loop.steps:
                self.save()
            if not self._over():
                self._read(stop)
            while loop.living and (loop.pending or (loop.steps < record.steps and not self._over())):
                stop()
                loop.step(self.screen.watching(stop))
                self._time()
                self._read(stop)
                if self.save_every.due(time.monotonic() - self.saved[1], self.saved[0], loop.steps):
                    self.save()
                self.screen.show(loop.steps)
            # Saved before the last words, which a run of more steps would not say here.
            self.save()
            self._log()
            if loop.living and record.evaluate_every is not None and self.evaluated < loop.steps and not self._over():
                self._evaluate(stop)
            record.status = "finished" if loop.living else "frozen"
        except Stop:
            record.status = "interrupted"
            if self.saved[0] != loop.steps or loop.pending:
                self.save()
            self._log()
        if (wish := listeners.wish) is not None and record.status != "frozen":
            record.status, record.reason = wish.status, wish.reason
        self._finish()

    def save(self) -> None:
        """Write a checkpoint, and what there is to say of the run so far."""
        loop, record = self.loop, self.record
        checkpoint.save(
            self.folder,
            capture(loop, self.captures) | {"run": self.capture()},
            row=record.row,
            seeds=record.seeds,
            steps=loop.steps,
            frozen=self._frozen(),
            replay=[] if self.replay is None else self.replay.append(),
        )
        if self.replay is not None:
            self.replay.sweep()
        self.saved = (loop.steps, time.monotonic())
        self._record()
        self.listeners.emit(Saved(loop.steps))

    def _begin(self) -> None:
        loop, record = self.loop, self.record
        self.listeners.emit(
            Began(
                folder=self.folder.path,
                name=record.name,
                row=record.row,
                environment=str(record.recipe()),
                seeds=tuple(self.seeds),
                steps=record.steps,
                step=loop.steps,
                resumed=self.resumed,
            )
        )
        kept = "" if self.replay is None else f" and {size(self.replay.bytes)} of the disk"
        self.say(f"{loop.source.name}: up to {size(loop.source.bytes)} of {loop.device} memory{kept}")
        if not record.restorable:
            self.say(f"{record.recipe()} cannot be restored: a resumed run begins a new episode in it")

    def _over(self) -> bool:
        """Whether a listener asked for the end."""
        return self.listeners.wish is not None

    def _frozen(self) -> dict[int, int]:
        """The seeds that are frozen, with the step at which they were."""
        return {self.seeds[index]: step for index, step in self.loop.frozen().items()}

    def _time(self) -> None:
        """Take the time where updates have just been made."""
        loop = self.loop
        made, self.sampled = loop.samples != self.sampled, loop.samples
        self.screen.updated(loop.steps, self.record.steps - loop.steps, self._evaluations_left(), made)

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
        """Read the metrics from the device and log what happened since the last time."""
        loop, step, view = self.loop, self.loop.steps, self.screen.view
        if step == self.logged:
            return
        lines: list[Line] = []
        for episode in loop.take_episodes():
            values = {"return": episode.total, "length": episode.length}
            lines.append(line("episode", episode.step, values, self.seeds[episode.seed]))
        lines += self._newly_frozen()
        alive = [index for index in range(len(self.seeds)) if index not in self.logged_frozen]
        for phase, metrics in loop.take_metrics().items():
            for index in alive:
                values = {name: means[index] for name, means in metrics.items()}
                lines.append(line("update", step, {"phase": phase, **values}, self.seeds[index]))
        now = time.monotonic()
        since = step - self.logged
        view.updates_per_step = {
            phase: (count - self.logged_updates[phase]) / since for phase, count in loop.updates.items()
        }
        speed = {
            "seconds": now - self.began,
            "steps_per_second": (step - self.read[0]) / (now - self.read[1]),
            "updates": sum(loop.updates.values()),
            "updates_per_step": sum(view.updates_per_step.values()),
            "samples": loop.samples,
            "environment_steps": sum(loop.environment_steps),
        }
        lines.append(line("speed", step, speed))
        self.logged, self.logged_updates = step, dict(loop.updates)
        self.read = (step, now)
        self.listeners.emit(Logged(step, tuple(lines)))

    def _note_frozen(self) -> None:
        if lines := self._newly_frozen():
            self.listeners.emit(Logged(self.loop.steps, tuple(lines)))

    def _newly_frozen(self) -> list[Line]:
        """A line for every seed that is newly frozen; it is said when and why."""
        loop, lines = self.loop, []
        for index, step in loop.frozen().items():
            if index in self.logged_frozen:
                continue
            self.logged_frozen.append(index)
            seed, cause = self.seeds[index], loop.causes.get(index)
            why = cause or f"it is no longer finite: {loop.diagnose()[index]}"
            lines.append(line("frozen", step, {"cause": why}, seed))
            self.say(f"seed {seed} was frozen at step {step:,}: {why}")
            if cause is not None:
                self.folder.write(failure_file(seed), loop.traces[index].encode("utf-8", "backslashreplace"))
                self.say(f"where it failed: {self.folder.path / failure_file(seed)}")
        return lines

    def _evaluate(self, stop: Callable[[], None]) -> None:
        loop, record = self.loop, self.record
        self._log()
        self.screen.view.doing, self.screen.view.steps, began = "evaluating", loop.steps, time.monotonic()
        numbers = loop.streams.evaluation
        result = evaluate(
            loop.agent,
            loop.state,
            self.evaluating,
            evaluation_starts(numbers, [loop.steps for _ in numbers], record.evaluation_seed),
            record.evaluation_episodes,
            loop.device,
            skip=list(loop.frozen()),
            watch=self.screen.watching(stop),
        )
        lines: list[Line] = []
        for index, returns in enumerate(result.returns):
            if returns:
                lengths = result.lengths[index]
                self.evaluation_steps[index] += sum(lengths)
                values = {"return": fmean(returns), "returns": returns, "lengths": lengths}
                values["environment_steps"] = sum(lengths)
                if result.cut[index]:
                    values["cut"] = result.cut[index]
                lines.append(line("evaluation", loop.steps, values, self.seeds[index]))
        if any(result.cut):
            few = f"{sum(result.cut):,} of the evaluation's episodes did not end"
            self.say(f"at step {loop.steps:,}, {few} and were cut after {MOST_STEPS:,} steps")
        for fault in result.faults:
            loop.fail(*fault)
        lines += self._newly_frozen()
        self.evaluated = loop.steps
        took = time.monotonic() - began
        self.screen.pace.evaluated(took)
        self.read = (loop.steps, self.read[1] + took)  # no part of the speed
        self.listeners.emit(Logged(loop.steps, tuple(lines)))
        done = [(seed, index) for index, seed in enumerate(self.seeds) if result.returns[index]]
        self.listeners.emit(
            Evaluated(
                loop.steps,
                MappingProxyType({seed: tuple(result.returns[index]) for seed, index in done}),
                MappingProxyType({seed: tuple(result.lengths[index]) for seed, index in done}),
            )
        )

    def _record(self) -> None:
        """Write run.json as of now."""
        loop, record = self.loop, self.record
        record.steps_done = loop.steps
        record.environment_steps = {str(s): n for s, n in zip(self.seeds, loop.environment_steps, strict=True)}
        record.evaluation_steps = {str(s): n for s, n in zip(self.seeds, self.evaluation_steps, strict=True)}
        record.updates, record.samples = dict(loop.updates), loop.samples
        record.frozen = {str(seed): step for seed, step in self._frozen().items()}
        causes = {index: f"it is no longer finite: {what}" for index, what in loop.diagnose().items()} | loop.causes
        record.causes = {str(self.seeds[index]): cause for index, cause in sorted(causes.items())}
        record.write(self.folder)

    def _finish(self) -> None:
        """End the run, whose status is settled. Raises UserError where a callback failed."""
        loop, record, frozen = self.loop, self.record, self._frozen()
        self.screen.finish(record.status, loop.steps)
        self.listeners.emit(Ended(loop.steps, record.status, record.reason, MappingProxyType(frozen)))
        record.ended = manifest.now()
        self._record()  # last: a run that is killed before has not ended, and can be resumed to its end
        why = "" if record.reason is None else f", {record.reason}"
        self.say(f"{record.status} after {loop.steps:,} steps{why}: {self.folder.path}")
        for said in summary.counts(self.seeds, frozen, loop.steps, loop.updates, loop.samples, self.evaluation_steps):
            self.say(said)
        wish, command = self.listeners.wish, summary.resume_command(self.folder.path, record.recipe())
        if wish is not None and wish.status == "failed":
            left = f"the run is saved: {command}" if record.status == "failed" else f"the run itself is {record.status}"
            raise UserError(wish.reason, f"mend the callback; {left}")
        if record.status in ("interrupted", "stopped"):
            self.say(f"to go on: {command}")

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
