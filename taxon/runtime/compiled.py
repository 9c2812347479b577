"""Compiled updates: the whole update of a phase as one graph, where it pays and a compiler works; else eagerly.

Which phases are compiled is settled before a run begins and never by the clock, so a run can be repeated and resumed.
What only shows when a phase first runs (no compiler, an operator that does not compile) leaves that phase eager.
"""

import atexit
import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from taxon.operators.data import Phase, Replay, Rollouts
from taxon.runtime.options import Mode

Update = Callable[[Any, Any, Any], tuple[Any, dict[str, torch.Tensor]]]

# Updates of a phase from which `auto` compiles it: the seconds that a compilation takes are made up for by then, with
# an update of a millisecond as with one of ten.
WORTH = 20_000

OURS = Path("taxon", "compiled")  # below the user's cache folder
MARKER = "compiling-"


class Compiling:
    """A run's phases, compiled or not.

    `phases` takes the place of the agent's. `compiled` names those that run compiled, for the run's record; a phase
    leaves it when its first update finds that it cannot be. A resumed run passes what was recorded as `recorded`, and
    the same phases are compiled whatever the mode.
    """

    def __init__(
        self,
        phases: Sequence[Phase],
        data: Replay | Rollouts,
        steps: int,
        mode: Mode,
        say: Callable[[str], None],
        recorded: Collection[str] | None = None,
    ) -> None:
        self.say = say
        named = recorded if recorded is not None else [p.name for p in phases if worthwhile(p, data, steps, mode)]
        self.compiled = [phase.name for phase in phases if phase.name in named]
        self.phases = tuple(self._prepared(phase, data) if phase.name in named else phase for phase in phases)

    def _prepared(self, phase: Phase, data: Replay | Rollouts) -> Phase:
        if phase.whole and isinstance(data, Replay):
            self.fall_back(phase.name, "what it reads, all that is stored, grows from round to round")
            return phase
        between = None if phase.between is None else _Compiled(phase.between, phase.name, self)
        return phase._replace(update=_Compiled(phase.update, phase.name, self), between=between)

    def fall_back(self, name: str, reason: str) -> None:
        """Note that a phase runs eagerly, and say so."""
        if name in self.compiled:
            self.compiled.remove(name)
        self.say(f"the phase {name} runs eagerly: {reason}")


class _Compiled:
    """An update that is compiled when it is first called."""

    def __init__(self, eager: Update, name: str, owner: Compiling) -> None:
        self.eager, self.name, self.owner = eager, name, owner
        self.graph: Update | None = None

    def __call__(self, state: Any, batch: Any, noise: Any) -> tuple[Any, dict[str, torch.Tensor]]:
        # Asked every time: a phase has two updates where the policy's is delayed, and both run the same way.
        if self.name not in self.owner.compiled:
            return self.eager(state, batch, noise)
        if self.graph is not None:
            return self.graph(state, batch, noise)
        self.owner.say(f"compiling the phase {self.name}: some seconds, fewer where it was compiled before")
        self.graph = compiled(self.eager)
        try:
            with _unsignalled(), _marked():
                return self.graph(state, batch, noise)
        except _failures() as error:
            self.owner.fall_back(self.name, _reason(error))
            return self.eager(state, batch, noise)


def worthwhile(phase: Phase, data: Replay | Rollouts, steps: int, mode: Mode) -> bool:
    """Whether a run of so many steps of every seed compiles the phase: always with `on`, never with `off`."""
    return mode == "on" or (mode == "auto" and updates_of(phase, data, steps) >= WORTH)


def updates_of(phase: Phase, data: Replay | Rollouts, steps: int) -> int:
    """How many updates of the phase a run of so many environment steps makes."""
    if isinstance(data, Rollouts):
        return phase.updates * (steps // (data.environments * data.steps))
    return phase.updates * max(0, 1 + (steps - data.warmup) // data.steps_per_update)


def compiled(update: Update) -> Update:
    """The update as one graph; its first call compiles. Raises what `torch.compile` raises where it cannot be one."""
    use_cache()
    # Kernels are written for a number of threads, so that number belongs to what identifies them in the cache. One
    # compiling process: a pool of them would stay for the whole run and hear its signals.
    options: dict[str, Any] = {"cpp.threads": torch.get_num_threads(), "compile_threads": 1}
    return torch.compile(update, fullgraph=True, dynamic=False, options=options)


def use_cache() -> None:
    """Keep compiled graphs in the user's cache folder, unless TORCHINDUCTOR_CACHE_DIR names another.

    The folder is the user's alone, since what lies in it is run. Where it cannot be written a temporary one serves,
    removed at the end.
    """
    chosen = Path(os.environ.get("TORCHINDUCTOR_CACHE_DIR", ""))
    # Torch itself sets the variable as soon as it differentiates a function: to a folder that a restart removes.
    by_torch = chosen.parent == Path(tempfile.gettempdir()) and chosen.name.startswith("torchinductor_")
    if chosen.name and not by_torch:
        return
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / OURS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear_if_cut(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        folder = Path(tempfile.mkdtemp(prefix="taxon-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)


def _clear_if_cut(folder: Path) -> None:
    """Empty the cache where a compilation in it was killed: a library that is half written fails every later run.

    A marker whose lock is free belongs to a process that has died; while another still compiles nothing is removed.
    """
    markers = []
    with ExitStack() as stack:
        for path in folder.glob(MARKER + "*"):
            markers.append(stack.enter_context(path.open()))
            try:
                fcntl.flock(markers[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        if markers:
            for entry in folder.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@contextmanager
def _marked() -> Iterator[None]:
    """Leave a locked file in the cache while a compilation writes there."""
    folder = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
    if folder.parts[-2:] != OURS.parts:  # the user's own folder is left as it is
        yield
        return
    with tempfile.NamedTemporaryFile(prefix=MARKER, dir=folder) as marker:
        fcntl.flock(marker, fcntl.LOCK_EX)
        yield


def _failures() -> tuple[type[Exception], ...]:
    """What says that an update cannot be compiled here."""
    from torch._dynamo.exc import TorchDynamoException
    from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

    return (TorchDynamoException, CppCompileError, InvalidCxxCompiler, OSError)


def _reason(error: Exception) -> str:
    """One line for the user."""
    from torch._dynamo.exc import Unsupported
    from torch._dynamo.exc import UserError as Branches
    from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

    inner = getattr(error, "inner_exception", error)
    if isinstance(inner, InvalidCxxCompiler):
        return "no C++ compiler was found; install g++ or name one in CXX"
    if isinstance(inner, CppCompileError):
        return "the C++ compiler failed; Python's headers may be missing"
    if isinstance(inner, Unsupported | Branches):
        return "it decides by numbers that it computes, which no one graph can"
    return f"it does not compile: {next(iter(str(inner).splitlines()), type(inner).__name__)[:200]}"


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
