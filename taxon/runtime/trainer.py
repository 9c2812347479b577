"""A training run from emitted text to a folder: the loop with evaluation, logs, checkpoints and a clean stop."""

import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType

import torch
from rich.console import Console

from taxon.operators.data import Replay
from taxon.runtime import manifest, module
from taxon.runtime.device import choose_device
from taxon.runtime.environments import Environment, UnusableEnvironmentError, check_actions, make
from taxon.runtime.errors import UserError
from taxon.runtime.logging import Log
from taxon.runtime.loop import Agent, Loop, Streams, streams
from taxon.runtime.options import Options, make_folder
from taxon.runtime.progress import RunConsole, display
from taxon.runtime.run import Run


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
    declared = _declared(program.source)
    width = declared.DATA.environments
    numbers = streams(options.seeds, device, width)
    with _environments(options.environment, numbers, declared.Agent.discrete) as (training, evaluating):
        folder = make_folder(options.out, program.name, options.environment)
        record = manifest.begin(
            name=program.name,
            row=program.row,
            environment=options.environment,
            seeds=list(options.seeds),
            steps=options.steps,
            environments=width,
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
            loop = Loop(agent, emitted.DATA, training, numbers, options.steps, device)
            with Log(folder) as log, display(console) as shown, _stop_on_signals() as stop:
                Run(folder, record, loop, evaluating, log, shown).go(stop)
        except torch.OutOfMemoryError as error:
            record.status = "failed"
            record.write(folder)
            fewer = "data.capacity=100k" if isinstance(emitted.DATA, Replay) else "data.steps=64"
            raise UserError(
                f"the device has too little memory for {len(options.seeds)} seeds",
                f"train fewer seeds at once, or keep fewer steps with --set {fewer}",
            ) from error
        except BaseException:
            record.status = "failed"
            record.write(folder)
            raise
    return Outcome(folder, record)


def _declared(source: str) -> ModuleType:
    """The module before there is a run, for what it says of its data and its actions."""
    with tempfile.TemporaryDirectory() as folder:
        return module.load(source, Path(folder) / "agent.py")


@contextmanager
def _environments(id: str, numbers: Streams, discrete: bool) -> Iterator[tuple[list[Environment], list[Environment]]]:
    """Every seed's environments to train on, and one per seed to evaluate on, closed at the end."""
    made: list[Environment] = []
    try:
        try:
            for number in [*numbers.evaluation, *numbers.environment]:
                made.append(make(id, number))
                check_actions(made[-1], discrete)
        except UnusableEnvironmentError as error:
            raise UserError(error.message, error.help) from error
        seeds = len(numbers.evaluation)
        yield made[seeds:], made[:seeds]
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
