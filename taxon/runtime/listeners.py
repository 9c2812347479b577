"""Who listens to a run: its own listeners first, in their order, then the user's callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from taxon.runtime.environments.faults import described, is_the_users, place_in
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.events import Callback, Event, Halt, deliver


@dataclass(frozen=True)
class Wish:
    """That the run end: why, and what its status is to be."""

    status: Literal["reached", "stopped", "failed"]
    reason: str


class Listeners:
    """Delivers events, and keeps what was asked for.

    own: part of the run; what they raise ends it at once, and a Halt of theirs means that it has reached its aim.
    callbacks: the user's. `wish` is the first Halt; a callback that raises is left out from then on, and its failure
    comes before any Halt.
    """

    def __init__(self, own: Sequence[Callback], callbacks: Sequence[Callback] = ()) -> None:
        self._own = own
        self._callbacks = list(callbacks)
        self.wish: Wish | None = None

    def emit(self, event: Event) -> None:
        for listener in self._own:
            if (halt := deliver(event, listener)) is not None:
                self.wish = self.wish or Wish("reached", halt.reason)
        for callback in list(self._callbacks):
            try:
                halt = deliver(event, callback)
            except BaseException as error:  # whatever a user's code raises, sys.exit included
                if is_the_users(error):
                    raise
                place = place_in(error)
                self._fail(callback, event, described(error) + (f" ({place})" if place else ""))
                continue
            if isinstance(halt, Halt):
                self.wish = self.wish or Wish("stopped", one_line(f"{_name(callback)}: {halt.reason}"))
            elif halt is not None:
                self._fail(callback, event, f"it returned {type(halt).__name__}, which is neither a Halt nor None")

    def _fail(self, callback: Callback, event: Event, why: str) -> None:
        self._callbacks = [other for other in self._callbacks if other is not callback]
        if self.wish is None or self.wish.status != "failed":
            self.wish = Wish(
                "failed", one_line(f"{_name(callback)}.{type(event).__name__.lower()} failed: {why}", 1_000)
            )


def check_callbacks(callbacks: Sequence[Callback]) -> None:
    """Raise UserError for what is no callback, before a run begins."""
    for number, callback in enumerate(callbacks):
        if isinstance(callback, type):
            message = f"callbacks[{number}] is the class {callback.__name__} and not an instance of it"
            raise UserError(message, f"call it, as in {callback.__name__}()")
        if not isinstance(callback, Callback):
            message = f"callbacks[{number}] is of the kind {type(callback).__name__}, which is no callback"
            raise UserError(message, "subclass taxon.runtime.events.Callback")


def _name(callback: Callback) -> str:
    kind = type(callback)
    return f"the callback {kind.__module__}.{kind.__qualname__}"
