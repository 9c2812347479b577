"""What a user sees while a run goes on: a live panel on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from taxon.runtime.amounts import duration

BAR = 60  # columns of the bar, where there are as many


@dataclass
class SeedView:
    """One seed's latest figures; returns are undiscounted."""

    seed: int
    training: float | None = None  # mean of the latest training episodes
    evaluation: float | None = None  # mean of the latest evaluation
    frozen: int | None = None  # the step at which it was frozen


@dataclass
class View:
    """A run as it stands."""

    title: str
    total: int
    seeds: list[SeedView]
    steps: int = 0
    steps_per_second: float = 0.0
    left: float | None = None  # seconds to the end, with the evaluations to come; None while unknown
    first_updates: int | None = None  # the step after which updates are first made; None once some were
    updates_per_step: dict[str, float] = field(default_factory=dict)  # per phase, as observed
    losses: dict[str, float] = field(default_factory=dict)
    doing: str = "training"


class Display(Protocol):
    """Something that shows a view; `show` may be called at every step."""

    def __enter__(self) -> "Display": ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, view: View, *, now: bool = False) -> None: ...

    def finish(self, view: View) -> None:
        """Show a view for the last time: what is said from now on stands below it."""

    def say(self, text: str) -> None: ...


class RunConsole(Console):
    """A console whose reader may leave, disk be full or terminal be gone: the run goes on without being watched."""

    def on_broken_pipe(self) -> None:
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()

    def _check_buffer(self) -> None:
        try:
            super()._check_buffer()
        except OSError as error:
            self.quiet = True
            why = error.strerror or str(error)
            with contextlib.suppress(OSError):
                print(f"warning: the run goes on, and shows nothing any more: {why}", file=sys.stderr, flush=True)


def display(console: Console | Display) -> Display:
    """The display that suits where a console writes to; another display as it is.

    FORCE_COLOR makes a file no terminal: nothing can be redrawn there.
    """
    if not isinstance(console, Console):
        return console
    return LivePanel(console) if console.is_interactive and console.file.isatty() else PlainLines(console)


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

    def finish(self, view: View) -> None:
        self.show(view, now=True)

    def say(self, text: str) -> None:
        _say(self.console, text)


class LivePanel:
    """A panel that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = self._begun()
        self.width = console.width  # when the panel was last drawn
        self.due = 0.0

    def __enter__(self) -> "LivePanel":
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def show(self, view: View, *, now: bool = False) -> None:
        if now or time.monotonic() >= self.due:
            self.due = time.monotonic() + 0.25
            self._fit()
            self.live.update(panel(view), refresh=True)

    def finish(self, view: View) -> None:
        self.show(view, now=True)
        self.live.stop()

    def say(self, text: str) -> None:
        self._fit()
        _say(self.console, text)

    def _begun(self) -> Live:
        # Drawn by this thread alone: another one would draw in the middle of a change of size.
        return Live(console=self.console, auto_refresh=False)

    def _fit(self) -> None:
        """Begin the screen anew where the terminal has become narrower.

        It has folded or cut the panel's lines then, each kind of terminal in its own way, so it is unknown on
        which lines the panel stands.
        """
        before, self.width = self.width, self.console.width
        if self.width < before and self.live.is_started:
            shown = self.live.renderable
            self.live.stop()
            self.console.clear()
            self.live = self._begun()
            self.live.start()
            self.live.update(shown, refresh=True)


class SideBySide:
    """Short texts in as few lines as they need, none of them broken unless it is wider than a line."""

    def __init__(self, parts: Sequence[str], gap: int = 3) -> None:
        self.parts, self.gap = parts, gap

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines: list[str] = []
        for part in self.parts:
            joined = f"{lines[-1]}{' ' * self.gap}{part}" if lines else part
            if lines and len(joined) <= options.max_width:
                lines[-1] = joined
            else:
                lines.append(part)
        yield Text("\n".join(lines))


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
    parts += [f"seed {seed.seed} frozen at step {seed.frozen:,}" for seed in view.seeds if seed.frozen is not None]
    return " | ".join(parts)


def panel(view: View) -> Group:
    """A view for a terminal, what matters most at the top: a low terminal cuts the rest off."""
    head = Text.assemble((view.title, "bold"), f"  {view.doing}", no_wrap=True, overflow="ellipsis")
    pace = SideBySide([f"{view.steps:,} of {view.total:,} steps", *_pace(view)])
    # A bar by itself ends no line.
    bar = Padding(ProgressBar(max(view.total, 1), min(view.steps, view.total), width=BAR), 0)
    losses = SideBySide([f"{name} {value:.4g}" for name, value in view.losses.items()])
    return Group(head, pace, bar, _seeds(view), losses)


def _seeds(view: View) -> Table:
    seeds = Table("seed", box=None, pad_edge=False)
    columns = [("training return", [seed.training for seed in view.seeds])]
    if any(seed.evaluation is not None for seed in view.seeds):
        columns.append(("evaluation return", [seed.evaluation for seed in view.seeds]))
    for heading, _ in columns:
        seeds.add_column(heading, justify="right")
    seeds.add_column()
    for index, seed in enumerate(view.seeds):
        note = "" if seed.frozen is None else f"frozen at step {seed.frozen:,}"
        seeds.add_row(str(seed.seed), *(_number(values[index]) for _, values in columns), Text(note, style="red"))
    return seeds


def _pace(view: View) -> list[str]:
    parts = [f"{view.steps_per_second:,.0f} steps/s"] if view.steps_per_second else []
    if view.left is not None:
        parts.append(f"{duration(view.left)} left")
    elif view.first_updates is not None:
        parts.append(f"no updates before step {view.first_updates:,}")
    for phase, ratio in view.updates_per_step.items():
        name = "" if len(view.updates_per_step) == 1 else f"{phase} "
        parts.append(f"{ratio:.4g} {name}updates/step")
    return parts


def _say(console: Console, text: str) -> None:
    # A long line is left to the terminal, so that a path in it can be copied; a folder's name may hold anything.
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    console.print(shown, markup=False, highlight=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
