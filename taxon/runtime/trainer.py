"""A training run from emitted text to a folder: the loop with evaluation, logs, checkpoints and a clean stop."""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch
from rich.console import Console

from taxon.runtime import checkpoint, curve, manifest, module
from taxon.runtime.device import choose_device
from taxon.runtime.environments import Environment, UnusableEnvironmentError, make
from taxon.runtime.errors import UserError
from taxon.runtime.evaluation import evaluate
from taxon.runtime.logging import Log
from taxon.runtime.loop import Agent, Loop, streams
from taxon.runtime.options import Options, make_folder
from taxon.runtime.progress import Display, RunConsole, SeedView, View, display

LOG_EVERY = 1_000  # environment steps between two readings of the metrics, which wait for the device
RECENT = 10  # training episodes in the displayed mean


@dataclass(frozen=True)
class Program:
    """A compiled spec."""

    name: str
    row: str  # the hash of the resolved row
    resolved: str  # the canonical text, kept as resolved.tx
    source: str  # the emitted module, kept and run as agent.py


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    folder: Path
    manifest: manifest.Manifest

    @property
    def exit_code(self) -> int:
        """0 finished, 1 every seed became non-finite, 130 interrupted."""
        return {"finished": 0, "frozen": 1}.get(self.manifest.status, 130)


def train(program: Program, options: Options, console: Console | None = None) -> Outcome:
    """Train every seed and leave a folder that describes the run whole.

    Raises UserError for what the user can mend. SIGINT and SIGTERM end the run after the
    present step, with a checkpoint; a second SIGINT ends it at once, still with one.
    """
    device = choose_device(options.device)
    with _environments(options, device) as (training, evaluating):
        folder = make_folder(options.out, program.name, options.environment)
        record = manifest.begin(
            name=program.name,
            row=program.row,
            environment=options.environment,
            seeds=list(options.seeds),
            steps=options.steps,
            evaluate_every=min(options.evaluate_every, options.steps),
            evaluation_episodes=options.evaluation_episodes,
            device=device,
        )
        record.write(folder)
        (folder / "resolved.tx").write_text(program.resolved, encoding="utf-8")
        emitted = module.load(program.source, folder / "agent.py")
        agent: Agent = emitted.Agent(training[0].observation, training[0].action)
        console = console or RunConsole()
        try:
            loop = Loop(agent, emitted.DATA, training, streams(options.seeds, device), options.steps, device)
            with Log(folder) as log, display(console) as shown, _stop_on_signals() as stop:
                run = _Run(folder, record, loop, evaluating, log, shown)
                run.go(stop)
        except torch.OutOfMemoryError as error:
            record.status = "failed"
            record.write(folder)
            raise UserError(
                f"the device has too little memory for {len(options.seeds)} seeds",
                "train fewer seeds at once, or keep fewer steps with --set data.capacity=100k",
            ) from error
        except BaseException:
            record.status = "failed"
            record.write(folder)
            raise
    return Outcome(folder, record)


class _Run:
    """One run's bookkeeping around its loop."""

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
        self.shown.say(f"the replay takes up to {loop.replay.bytes / 1e6:,.1f} MB of {loop.device} memory")
        try:
            while loop.steps < record.steps and loop.living:
                stop()
                loop.step()
                if loop.steps % LOG_EVERY == 0:
                    self._log()
                if loop.steps % record.evaluate_every == 0:
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
                self.log.write("evaluation", loop.steps, values, self.seeds[index])
                self.points[self.seeds[index]].append((loop.steps, mean))
                self.view.seeds[index].evaluation = mean
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


@contextmanager
def _environments(options: Options, device: torch.device) -> Iterator[tuple[list[Environment], list[Environment]]]:
    """One environment per seed to train on and one to evaluate on, closed at the end."""
    numbers = streams(options.seeds, device)
    made: list[Environment] = []
    try:
        try:
            for number in [*numbers.environment, *numbers.evaluation]:
                made.append(make(options.environment, number))
        except UnusableEnvironmentError as error:
            raise UserError(error.message, error.help) from error
        yield made[: len(options.seeds)], made[len(options.seeds) :]
    finally:
        for environment in made:
            environment.close()


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], None]]:
    """A function that raises KeyboardInterrupt once SIGINT or SIGTERM has arrived.

    The first signal only leaves a note, so that a step is never cut in two; a second SIGINT does not wait.
    """
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if noted and number == signal.SIGINT:
            raise KeyboardInterrupt
        noted.append(number)

    def stop() -> None:
        if noted:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
