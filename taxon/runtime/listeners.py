"""Who listens to a run: its own listeners first, in their order, then the user's callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from taxon.runtime.environments.faults import described, is_the_users, where
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
                if not isinstance(halt, Halt | None):
                    raise TypeError(f"it returned {halt!r:.50}, which is neither a Halt nor None")
            except BaseException as error:  # whatever a user's code raises, sys.exit included
                if is_the_users(error):
                    raise
                self._callbacks.remove(callback)
                self._fail(f"{_name(callback)}.{_method(event)} failed: {described(error)} ({where(error)})")
            else:
                if halt is not None:
                    self.wish = self.wish or Wish("stopped", f"{_name(callback)}: {one_line(str(halt.reason))}")

    def _fail(self, reason: str) -> None:
        if self.wish is None or self.wish.status != "failed":
            self.wish = Wish("failed", one_line(reason, 1_000))


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


def _method(event: Event) -> str:
    return type(event).__name__.lower()
