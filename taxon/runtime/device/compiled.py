"""Compiled updates and acting: one graph each, where it pays and a compiler works; else they run eagerly.

What is compiled is settled before a run begins and never by the clock, so a run can be repeated and resumed.
What only shows when a phase first runs (no compiler, an operator that does not compile) leaves that phase eager.
"""

import signal
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from taxon.operators.data import Phase, Replay, Rollouts
from taxon.runtime.device.garbage import put_off
from taxon.runtime.device.graph import compiled, failures, reason
from taxon.runtime.device.packs import Compiler, Function, Packs
from taxon.runtime.device.units import ACTING
from taxon.runtime.errors import UserError
from taxon.runtime.options import Mode

# Updates of a phase from which `auto` compiles it: the seconds that a compilation takes are made up for by then, with
# an update of a millisecond as with one of ten.
WORTH = 20_000
# Times that a run acts from which `auto` compiles that: it saves a tenth of a millisecond each.
WORTH_ACTING = 100_000


class Compiling:
    """What of a run is compiled.

    `compiled` names the phases, and ACTING, for the run's record; a name leaves it when its first call finds that it
    cannot be. A resumed run passes what was recorded as `recorded`, and the same is compiled whatever the mode.
    make: compiles an update of a run by what compiles any function. eager: what becomes of an update that is not
    compiled. packs: what was compiled before, and where to keep it.
    """

    def __init__(
        self,
        phases: Sequence[Phase],
        data: Replay | Rollouts,
        steps: int,
        mode: Mode,
        say: Callable[[str], None],
        recorded: Collection[str] | None = None,
        make: Callable[..., tuple[Function, Any]] | None = None,
        eager: Callable[[Function], Function] = lambda function: function,
        packs: Packs | None = None,
    ) -> None:
        self.say = say
        self.make = make or _as_it_is
        self.packs = packs
        self.eager = eager
        chosen = {phase.name for phase in phases if worthwhile(updates_of(phase, data, steps), WORTH, mode)}
        if worthwhile(steps // data.environments, WORTH_ACTING, mode):
            chosen.add(ACTING)
        named = chosen if recorded is None else recorded
        self.compiled = [name for name in (*(phase.name for phase in phases), ACTING) if name in named]
        self.mode = "as before" if recorded is not None else f"--compile {mode}"
        for phase in phases:
            if phase.name in self.compiled and phase.whole and not data.fixed:
                self.fall_back(phase.name, "what it reads, all that is stored, grows from round to round")

    def prepare(self, name: str, function: Function, due: bool = True) -> Function:
        """The function of a phase, or of ACTING, compiled where that was chosen.

        due: False for a phase's update between two of a delayed policy.
        """
        if name in self.compiled:
            return _Compiled(function, name, due, self)
        return function if name == ACTING else self.eager(function)

    def compiler(self, name: str, due: bool) -> Compiler:
        """What compiles a function, or finds it packed."""

        def anew(function: Function, *arguments: Any) -> tuple[Function, Any]:
            self.say(f"compiling {_described(name)}: some seconds, fewer where it was compiled before")
            return compiled(function, *arguments)

        return anew if self.packs is None else self.packs.compiler(f"{name}, {due}", anew)

    def chosen(self) -> str:
        """What is compiled and why, in a few words."""
        if self.compiled:
            return f"{', '.join(_described(name) for name in self.compiled)} compiled ({self.mode})"
        few = f": from {WORTH:,} updates of a phase on" if self.mode == "--compile auto" else ""
        return f"nothing compiled ({self.mode}{few})"

    def fall_back(self, name: str, reason: str) -> None:
        """Note that something runs eagerly, and say so."""
        if name in self.compiled:
            self.compiled.remove(name)
        self.say(f"{_described(name)} runs eagerly: {reason}")


class _Compiled:
    """A function that is compiled when it is first called."""

    def __init__(self, function: Function, name: str, due: bool, owner: Compiling) -> None:
        self.function, self.name, self.due, self.owner = function, name, due, owner
        self.eager = function if name == ACTING else owner.eager(function)
        self.graph: Function | None = None

    def __call__(self, *arguments: Any) -> Any:
        # Asked every time: a phase has two updates where the policy's is delayed, and both run the same way.
        if self.name not in self.owner.compiled:
            return self.eager(*arguments)
        if self.graph is not None:
            return self.graph(*arguments)
        try:
            with _unsignalled(), put_off():
                make = _as_it_is if self.name == ACTING else self.owner.make
                self.graph, given = make(self.owner.compiler(self.name, self.due), self.function, *arguments)
        except failures() as error:
            self.owner.fall_back(self.name, reason(error))
            return self.eager(*arguments)
        return given


def _as_it_is(compiler: Compiler, function: Function, *arguments: Any) -> tuple[Function, Any]:
    return compiler(function, *arguments)


def _described(name: str) -> str:
    return "acting" if name == ACTING else f"the phase {name}"


def mode_on(mode: Mode, device: torch.device) -> Mode:
    """What becomes of a mode on a device. Raises UserError where nothing can be compiled and that is asked for."""
    if device.type in ("cpu", "cuda"):
        return mode
    if mode == "on":
        message = f"--compile on: nothing is compiled on the device {device.type}"
        raise UserError(message, "leave --compile out, or use another --device")
    return "off"


def worthwhile(calls: int, worth: int, mode: Mode) -> bool:
    """Whether what is called so often is compiled: always with `on`, never with `off`."""
    return mode == "on" or (mode == "auto" and calls >= worth)


def updates_of(phase: Phase, data: Replay | Rollouts, steps: int) -> int:
    """How many updates of the phase a run of so many environment steps makes."""
    return phase.updates * data.rounds(steps)


@contextmanager
def _unsignalled() -> Iterator[None]:
    """Hold Ctrl-C and termination back until the end, from the compiler's own processes too.

    A compilation that was cut would leave the phase eager, and a resumed run would differ from one that never stopped.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
