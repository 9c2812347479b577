"""What a user sees while a run goes on: a live table on a terminal, plain lines elsewhere."""

import contextlib
import time
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


@dataclass
class SeedView:
    """One seed's latest figures; returns are undiscounted."""

    seed: int
    training: float | None = None  # mean of the latest training episodes
    evaluation: float | None = None  # mean of the latest evaluation
    frozen: int | None = None  # the step at which it stopped being finite


@dataclass
class View:
    """A run as it stands."""

    title: str
    total: int
    seeds: list[SeedView]
    steps: int = 0
    steps_per_second: float = 0.0
    expected: float = 0.0  # steps per second to expect from here on; 0 while unknown
    updates_per_step: dict[str, float] = field(default_factory=dict)  # per phase, as observed
    losses: dict[str, float] = field(default_factory=dict)
    doing: str = "training"


class Display(Protocol):
    """Something that shows a view; `show` may be called at every step."""

    def __enter__(self) -> "Display": ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, view: View, *, now: bool = False) -> None: ...

    def say(self, text: str) -> None: ...


class RunConsole(Console):
    """A console whose reader may leave: the run goes on without being watched."""

    def on_broken_pipe(self) -> None:
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()


def display(console: Console) -> Display:
    """The display that suits where the console writes to."""
    return LiveTable(console) if console.is_terminal else PlainLines(console)


class PlainLines:
    """A line every `seconds`, and one whenever there is something new to say."""

    def __init__(self, console: Console, seconds: float = 10.0) -> None:
        self.console = console
        self.seconds = seconds
        self.due = time.monotonic() + seconds
        self.said = ""

    def __enter__(self) -> "PlainLines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, view: View, *, now: bool = False) -> None:
        if now or time.monotonic() >= self.due:
            self.due = time.monotonic() + self.seconds
            if (text := line(view)) != self.said:
                self.said = text
                self.say(text)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveTable:
    """A table that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self.live = Live(console=console, refresh_per_second=4, transient=False)
        self.due = 0.0

    def __enter__(self) -> "LiveTable":
        self.live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.__exit__(None, None, None)

    def show(self, view: View, *, now: bool = False) -> None:
        if now or time.monotonic() >= self.due:
            self.due = time.monotonic() + 0.25
            self.live.update(table(view))

    def say(self, text: str) -> None:
        self.live.console.print(text, markup=False, highlight=False)


def line(view: View) -> str:
    """A view in one line."""
    parts = [f"{view.steps:,}/{view.total:,} steps", *_pace(view)]
    for name, values in (
        ("training", [seed.training for seed in view.seeds]),
        ("evaluation", [seed.evaluation for seed in view.seeds]),
    ):
        if any(value is not None for value in values):
            parts.append(f"{name} return {' '.join(_number(value) for value in values)}")
    parts += [f"{name} {value:.4g}" for name, value in view.losses.items()]
    parts += [f"seed {seed.seed} frozen at {seed.frozen:,}" for seed in view.seeds if seed.frozen is not None]
    return " | ".join(parts)


def table(view: View) -> Group:
    """A view for a terminal."""
    seeds = Table("seed", box=None, pad_edge=False)
    for heading in ("training return", "evaluation return"):
        seeds.add_column(heading, justify="right")
    seeds.add_column()
    for seed in view.seeds:
        note = "" if seed.frozen is None else f"† frozen at step {seed.frozen:,}"
        seeds.add_row(str(seed.seed), _number(seed.training), _number(seed.evaluation), Text(note, style="red"))
    head = Text.assemble((view.title, "bold"), f"  {view.doing}")
    pace = Text(f"{view.steps:,} of {view.total:,} steps   " + "   ".join(_pace(view)))
    losses = Text("   ".join(f"{name} {value:.4g}" for name, value in view.losses.items()), style="dim")
    return Group(head, ProgressBar(view.total, view.steps, width=60), pace, seeds, losses)


def _pace(view: View) -> list[str]:
    parts = [f"{view.steps_per_second:,.0f} steps/s"] if view.steps_per_second else []
    for phase, ratio in view.updates_per_step.items():
        name = "" if len(view.updates_per_step) == 1 else f"{phase} "
        parts.append(f"{ratio:.4g} {name}updates/step")
    if view.expected:
        minutes, seconds = divmod(round((view.total - view.steps) / view.expected), 60)
        hours, minutes = divmod(minutes, 60)
        parts.append(f"{hours}:{minutes:02}:{seconds:02} left")
    return parts


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
