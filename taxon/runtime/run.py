"""One run around its loop: when it evaluates, logs, saves and ends. Its listeners have the rest."""

import time
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

from taxon.runtime import summary
from taxon.runtime.amounts import size
from taxon.runtime.environments.environment import Environment
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.evaluations import Evaluations
from taxon.runtime.events import Began, Callback, Ended, Logged, Saved
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.learning_curve import LearningCurve
from taxon.runtime.folder.logging import Log
from taxon.runtime.folder.replay_file import ReplayFile
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.snapshot import Capture, UnfitError, capture
from taxon.runtime.keep_best import KeepBest
from taxon.runtime.listeners import Listeners, Wish
from taxon.runtime.loop.loop import Loop
from taxon.runtime.options import Cadence
from taxon.runtime.progress import Display
from taxon.runtime.readings import EVERY, Readings
from taxon.runtime.screen import Screen
from taxon.runtime.stop_at import StopAt
from taxon.runtime.stopping import Stop


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
        self.save_every = save_every
        self.log = log
        self.seeds = record.seeds
        kept = loop.source.in_files()
        self.replay = None if kept is None else ReplayFile(folder, kept)
        on = f"{record.title} on {record.recipe()}"
        evaluates = record.evaluate_every is not None
        self.screen = Screen(shown, f"{on} ({record.device})", record.steps, self.seeds, loop.data.first)
        self.curve = LearningCurve(folder, on, self._measured(), self.seeds, evaluates)
        self.best = KeepBest(folder, record.identity, self.seeds, lambda: loop.state) if record.keep_best else None
        own: list[Callback] = [log, self.curve, self.screen, *loggers]
        own += [] if self.best is None else [self.best]
        own += [] if record.stop_at is None else [StopAt(record.stop_at)]
        self.listeners = Listeners(own, callbacks)
        self.readings = Readings(loop, self.seeds, folder, self.say)
        self.evaluations = Evaluations(record, loop, evaluating, self.say)
        self.resumed = False
        self.sampled = loop.samples  # as of the latest step
        self.saved = (0, time.monotonic())  # (step, time) of the latest checkpoint

    def capture(self) -> dict[str, Any]:
        """What a resumed run needs beside its loop."""
        wish = self.listeners.wish
        return {
            "metrics": self.log.bytes,
            "recent": self.screen.capture(),
            "points": self.curve.capture(),
            **self.readings.capture(),
            **self.evaluations.capture(),
            "reached": wish.reason if wish is not None and wish.status == "reached" else None,
        }

    def restore(self, saved: dict[str, Any], reached: bool = True) -> None:
        """Go on from what was captured; the loop is restored before.

        reached: whether a return that was reached ends the run, also where it goes on.
        """
        loop, record = self.loop, self.record
        self.resumed = True
        self.readings.restore(saved)
        self.evaluations.restore(saved)
        self.curve.restore(saved["points"], loop.steps)
        latest = {seed: points[-1][1] for seed, points in self.curve.points.items() if points}
        shown = latest if record.evaluate_every is not None else {}
        self.screen.restore(saved["recent"], shown, self.readings.frozen(), loop.steps)
        if not isinstance(saved["reached"], str | None):
            raise UnfitError("it has a reason that is no text")
        if reached and saved["reached"] is not None:
            self.listeners.wish = Wish("reached", one_line(saved["reached"]))
        self.sampled = loop.samples
        if loop.samples:
            self.screen.view.first_updates = None
        self.saved = (loop.steps, time.monotonic())
        if self.best is not None and not self.best.restore() and self.evaluations.step >= 0:
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
            if loop.living and self.evaluations.last_is_due and not self._over():
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
            row=record.identity,
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
        self.screen.updated(loop.steps, self.record.steps - loop.steps, self.evaluations.left, made)

    def _read(self, stop: Callable[[], None]) -> None:
        """Log and evaluate where it is time."""
        if self.loop.pending:
            return
        if self.readings.due:
            self._log()
        if self.loop.living and self.evaluations.due:
            self._evaluate(stop)

    def _log(self) -> None:
        """Log what happened since the last time."""
        if self.loop.steps != self.readings.step:
            lines = self.readings.read()
            self.screen.view.updates_per_step = self.readings.updates_per_step
            self.listeners.emit(Logged(self.loop.steps, tuple(lines)))

    def _note_frozen(self) -> None:
        if lines := self.readings.ends():
            self.listeners.emit(Logged(self.loop.steps, tuple(lines)))

    def _evaluate(self, stop: Callable[[], None]) -> None:
        self._log()
        self.screen.view.doing, self.screen.view.steps = "evaluating", self.loop.steps
        lines, event = self.evaluations.make(self.screen.watching(stop))
        lines += self.readings.ends()
        self.readings.pause(self.evaluations.seconds)
        self.screen.pace.evaluated(self.evaluations.seconds)
        self.listeners.emit(Logged(event.step, tuple(lines)))
        if event.returns:  # else the environment of every seed failed, which ends the run
            self.listeners.emit(event)

    def _record(self) -> None:
        """Write run.json as of now."""
        loop, record = self.loop, self.record
        record.steps_done = loop.steps
        record.environment_steps = {str(s): n for s, n in zip(self.seeds, loop.environment_steps, strict=True)}
        record.evaluation_steps = {str(s): n for s, n in zip(self.seeds, self.evaluations.steps, strict=True)}
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
        for said in summary.counts(self.seeds, frozen, loop.steps, loop.updates, loop.samples, self.evaluations.steps):
            self.say(said)
        module = None if record.edited is None else record.edited.file
        wish, command = self.listeners.wish, summary.resume_command(self.folder.path, record.recipe(), module)
        if wish is not None and wish.status == "failed":
            left = f"the run is saved: {command}" if record.status == "failed" else f"the run itself is {record.status}"
            raise UserError(wish.reason, f"mend the callback; {left}")
        if record.status in ("interrupted", "stopped"):
            self.say(f"to go on: {command}")

    def _measured(self) -> str:
        """What a point of the learning curve is."""
        if self.record.evaluate_every is None:
            return f"training episodes, mean of those that ended within {EVERY:,} steps"
        action = "most probable" if self.loop.agent.discrete else "mean"
        count = self.record.evaluation_episodes
        episodes = f"mean of {count:,} episodes" if count > 1 else "one episode"
        return f"evaluation with the {action} action, {episodes}"
