"""A run as a notebook shows it while it goes on: a learning curve, and a line below it, in one display."""

from __future__ import annotations

import base64
import time
from statistics import fmean
from typing import Any, Self

from taxon.api import html
from taxon.runtime.events import Began, Callback, Ended, Evaluated, Logged
from taxon.runtime.folder import curve
from taxon.runtime.progress import View, line

EVERY = 1.0  # seconds between two changes of the line
SHARE = 20  # of the time since the last picture, what drawing one may take


class Live(Callback):
    """Shows a view of a run, and the points of its curve, which it has from the run's events.

    Points are the mean returns of evaluations or, where there are none, those of training episodes.
    """

    def __init__(self) -> None:
        self._title = ""
        self._points: dict[int, list[tuple[int, float]]] = {}
        self._evaluated = False
        self._frozen: dict[int, int] = {}
        self._said: list[str] = []
        self._line = ""
        self._picture = b""
        self._drawn = float("-inf")  # when the picture was, and how long it took
        self._took = 0.0
        self._due = 0.0
        self._handle: Any = None

    # What a run shows itself on.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, view: View, *, now: bool = False) -> None:
        if now or time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY
            self._line = line(view)
            self._update()

    def finish(self, view: View) -> None:
        self.show(view, now=True)

    def say(self, text: str) -> None:
        self._said.append(text)
        self._update()

    # What it has from events.

    def began(self, event: Began) -> None:
        self._title = f"{event.name} on {event.environment}"
        self._points = {seed: [] for seed in event.seeds}

    def logged(self, event: Logged) -> None:
        finished: dict[int, list[float]] = {}
        for each in event.lines:
            if each["kind"] == "frozen":
                self._frozen[each["seed"]] = each["step"]
            elif each["kind"] == "episode" and each["return"] is not None:
                finished.setdefault(each["seed"], []).append(each["return"])
        if finished and not self._evaluated:
            self._add(event.step, {seed: fmean(returns) for seed, returns in finished.items()})

    def evaluated(self, event: Evaluated) -> None:
        if not self._evaluated:
            self._evaluated, self._points = True, {seed: [] for seed in self._points}
        self._add(event.step, event.means)

    def ended(self, event: Ended) -> None:
        self._draw()
        self._update()

    def _add(self, step: int, means: dict[int, float]) -> None:
        for seed, mean in means.items():
            self._points[seed].append((step, mean))
        if time.monotonic() - self._drawn >= SHARE * self._took:
            self._draw()
            self._update()

    def _draw(self) -> None:
        if not any(self._points.values()):
            return
        began = time.monotonic()
        measured = "evaluations" if self._evaluated else "training episodes"
        self._picture = curve.draw(self._title, measured, self._points, self._frozen)
        self._drawn = time.monotonic()
        self._took = self._drawn - began

    def _update(self) -> None:
        from IPython import display

        show: Any = display.display  # it says nothing of its types
        shown = {"text/plain": self._plain(), "text/html": self._html()}
        if self._handle is None:
            self._handle = show(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)

    def _plain(self) -> str:
        return "\n".join([*self._said, *([self._line] if self._line else [])])

    def _html(self) -> str:
        picture = ""
        if self._picture:
            data = base64.b64encode(self._picture).decode("ascii")
            style = "width: 640px; max-width: 100%"
            picture = f'<img style="{style}" alt="the learning curve" src="data:image/png;base64,{data}">'
        lines = [*([self._line] if self._line else []), *self._said[-3:]]
        return picture + "".join(f"<div>{html.muted(each)}</div>" for each in lines)
