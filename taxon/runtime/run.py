"""One run around its loop: when it evaluates, logs and saves, and what it shows meanwhile."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from taxon.runtime import checkpoint, curve, manifest
from taxon.runtime.environments import Environment
from taxon.runtime.evaluation import MOST_STEPS, evaluate
from taxon.runtime.logging import Log
from taxon.runtime.loop import Loop
from taxon.runtime.progress import Display, SeedView, View
from taxon.runtime.replay import Ring

LOG_EVERY = 1_000  # environment steps between two readings of the metrics, which wait for the device
RECENT = 10  # training episodes in the displayed mean


class Run:
    """A run's bookkeeping."""

    def __init__(
        self,
        folder: Path,
        record: manifest.Manifest,
        loop: Loop,
        evaluating: list[Environment],
        log: Log,
        shown: Display,
    ) -> None:
        self.folder = folder
        self.record = record
        self.loop = loop
        self.evaluating = evaluating
        self.log = log
        self.shown = shown
        self.seeds = record.seeds
        title = f"{record.name} on {record.environment} ({record.device})"
        self.view = View(title, record.steps, [SeedView(seed) for seed in self.seeds])
        self.recent: list[deque[float]] = [deque(maxlen=RECENT) for _ in self.seeds]
        self.points: dict[int, list[tuple[int, float]]] = {seed: [] for seed in self.seeds}
        self.evaluated = 0
        self.logged = 0
        self.logged_updates = dict(loop.updates)
        self.began = time.monotonic()
        self.marks = deque([(0, self.began)], maxlen=20)  # (step, time) of the latest readings

    def go(self, stop: Callable[[], None]) -> None:
        """Step until the end, every seed's failure or a stop; then save everything."""
        loop, record = self.loop, self.record
        named = ", ".join(map(str, self.seeds))
        self.shown.say(f"{self.view.title}, seeds {named}: {record.steps:,} steps of each, into {self.folder}")
        store = "the replay takes up to" if isinstance(loop.store, Ring) else "the rollouts take"
        self.shown.say(f"{store} {loop.store.bytes / 1e6:,.1f} MB of {loop.device} memory")
        try:
            while loop.steps < record.steps and loop.living:
                stop()
                before = loop.steps
                loop.step()
                # A step counts once for every environment of a seed, and may pass over a multiple.
                if loop.steps // LOG_EVERY > before // LOG_EVERY:
                    self._log()
                if loop.steps // record.evaluate_every > before // record.evaluate_every:
                    self._evaluate(stop)
                self.view.steps = loop.steps
                self.shown.show(self.view)
            if loop.living and self.evaluated < loop.steps:
                self._evaluate(stop)
            record.status = "finished" if loop.living else "frozen"
        except KeyboardInterrupt:
            record.status = "interrupted"
        self._finish()

    def _log(self) -> None:
        """Read the metrics from the device and write what happened since the last time."""
        loop, step = self.loop, self.loop.steps
        if step == self.logged:
            return
        for episode in loop.take_episodes():
            seed = self.seeds[episode.seed]
            self.log.write("episode", episode.step, {"return": episode.total, "length": episode.length}, seed)
            self.recent[episode.seed].append(episode.total)
            self.view.seeds[episode.seed].training = sum(self.recent[episode.seed]) / len(self.recent[episode.seed])
        for index, frozen in loop.frozen().items():
            if self.view.seeds[index].frozen is None:
                self.view.seeds[index].frozen = frozen
                self.log.write("frozen", frozen, {}, self.seeds[index])
                self.shown.say(f"seed {self.seeds[index]} is no longer finite and was frozen at step {frozen:,}")
        alive = [index for index, seed in enumerate(self.view.seeds) if seed.frozen is None]
        for phase, metrics in loop.take_metrics().items():
            for index in alive:
                values = {name: means[index] for name, means in metrics.items()}
                self.log.write("update", step, {"phase": phase, **values}, self.seeds[index], label=phase)
            if alive:
                means = {name: sum(column[i] for i in alive) / len(alive) for name, column in metrics.items()}
                self.view.losses.update({name: mean for name, mean in means.items() if name.endswith("loss")})
        now = time.monotonic()
        self.view.steps_per_second = (step - self.logged) / (now - self.marks[-1][1])
        if self.logged_updates != loop.updates and not any(self.logged_updates.values()):
            # The warm-up was faster than what follows, so it says nothing about the time left.
            self.marks = deque([self.marks[-1]], maxlen=self.marks.maxlen)
        first, then = self.marks[0]
        self.view.expected = (step - first) / (now - then)
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
        self.marks.append((step, now))

    def _evaluate(self, stop: Callable[[], None]) -> None:
        loop = self.loop
        self._log()
        self.view.doing = "evaluating"
        self.shown.show(self.view)
        result = evaluate(
            loop.agent,
            loop.state,
            self.evaluating,
            self.record.evaluation_episodes,
            loop.device,
            skip=list(loop.frozen()),
            watch=stop,
        )
        for index, returns in enumerate(result.returns):
            if returns:
                mean = sum(returns) / len(returns)
                lengths = result.lengths[index]
                values = {"return": mean, "returns": returns, "lengths": lengths, "environment_steps": sum(lengths)}
                if result.cut[index]:
                    values["cut"] = result.cut[index]
                self.log.write("evaluation", loop.steps, values, self.seeds[index])
                self.points[self.seeds[index]].append((loop.steps, mean))
                self.view.seeds[index].evaluation = mean
        if any(result.cut):
            few = f"{sum(result.cut):,} of the evaluation's episodes did not end"
            self.shown.say(f"at step {loop.steps:,}, {few} and were cut after {MOST_STEPS:,} steps")
        self.evaluated = loop.steps
        self.view.doing = "training"
        self.view.steps = loop.steps
        self.log.flush()
        self._save()
        self.shown.show(self.view, now=True)

    def _save(self) -> None:
        loop, record = self.loop, self.record
        frozen = {self.seeds[index]: step for index, step in loop.frozen().items()}
        checkpoint.save(
            self.folder,
            loop.state,
            row=record.row,
            seeds=record.seeds,
            steps=loop.steps,
            updates=loop.updates,
            frozen=frozen,
        )
        record.steps_done = loop.steps
        record.environment_steps = {str(s): n for s, n in zip(self.seeds, loop.environment_steps, strict=True)}
        record.frozen = {str(seed): step for seed, step in frozen.items()}
        record.write(self.folder)

    def _finish(self) -> None:
        self._log()
        self.view.doing = self.record.status
        self.view.steps = self.loop.steps
        self.shown.show(self.view, now=True)
        self._save()
        self.record.ended = manifest.now()
        self.record.write(self.folder)
        label = f"return of the mean action (episodes: {self.record.evaluation_episodes})"
        title = f"{self.record.name} on {self.record.environment}"
        frozen = {int(seed): step for seed, step in self.record.frozen.items()}
        curve.draw(self.folder / curve.FILE, title, label, self.points, frozen)
        self.shown.say(f"{self.record.status} after {self.loop.steps:,} steps: {self.folder}")
