"""Compiled updates and acting: one graph each, where it pays and a compiler works; else they run eagerly.

What is compiled is settled before a run begins and never by the clock, so a run can be repeated and resumed.
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
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from taxon.operators.data import Phase, Replay, Rollouts
from taxon.runtime.device.garbage import put_off
from taxon.runtime.device.units import ACTING
from taxon.runtime.options import Mode

Function = Callable[..., Any]

# Updates of a phase from which `auto` compiles it: the seconds that a compilation takes are made up for by then, with
# an update of a millisecond as with one of ten.
WORTH = 20_000
# Times that a run acts from which `auto` compiles that: it saves a tenth of a millisecond each.
WORTH_ACTING = 100_000

OURS = Path("taxon", "compiled")  # below the user's cache folder
MARKER = "compiling-"


class Compiling:
    """What of a run is compiled.

    `compiled` names the phases, and ACTING, for the run's record; a name leaves it when its first call finds that it
    cannot be. A resumed run passes what was recorded as `recorded`, and the same is compiled whatever the mode.
    make: compiles an update, as `compiled` does. eager: what becomes of an update that is not compiled.
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
    ) -> None:
        self.say = say
        self.make = make or compiled
        self.eager = eager
        chosen = {phase.name for phase in phases if worthwhile(updates_of(phase, data, steps), WORTH, mode)}
        if worthwhile(steps // data.environments, WORTH_ACTING, mode):
            chosen.add(ACTING)
        named = chosen if recorded is None else recorded
        self.compiled = [name for name in (*(phase.name for phase in phases), ACTING) if name in named]
        for phase in phases:
            if phase.name in self.compiled and phase.whole and not data.fixed:
                self.fall_back(phase.name, "what it reads, all that is stored, grows from round to round")

    def prepare(self, name: str, function: Function) -> Function:
        """The function of a phase, or of ACTING, compiled where that was chosen."""
        if name in self.compiled:
            return _Compiled(function, name, self)
        return function if name == ACTING else self.eager(function)

    def fall_back(self, name: str, reason: str) -> None:
        """Note that something runs eagerly, and say so."""
        if name in self.compiled:
            self.compiled.remove(name)
        self.say(f"{_described(name)} runs eagerly: {reason}")


class _Compiled:
    """A function that is compiled when it is first called."""

    def __init__(self, function: Function, name: str, owner: Compiling) -> None:
        self.function, self.name, self.owner = function, name, owner
        self.eager = function if name == ACTING else owner.eager(function)
        self.graph: Function | None = None

    def __call__(self, *arguments: Any) -> Any:
        # Asked every time: a phase has two updates where the policy's is delayed, and both run the same way.
        if self.name not in self.owner.compiled:
            return self.eager(*arguments)
        if self.graph is not None:
            return self.graph(*arguments)
        self.owner.say(f"compiling {_described(self.name)}: some seconds, fewer where it was compiled before")
        try:
            with _unsignalled(), put_off():
                make = compiled if self.name == ACTING else self.owner.make
                self.graph, given = make(self.function, *arguments)
        except _failures() as error:
            self.owner.fall_back(self.name, _reason(error))
            return self.eager(*arguments)
        return given


def _described(name: str) -> str:
    return "acting" if name == ACTING else f"the phase {name}"


def worthwhile(calls: int, worth: int, mode: Mode) -> bool:
    """Whether what is called so often is compiled: always with `on`, never with `off`."""
    return mode == "on" or (mode == "auto" and calls >= worth)


def updates_of(phase: Phase, data: Replay | Rollouts, steps: int) -> int:
    """How many updates of the phase a run of so many environment steps makes."""
    return phase.updates * data.rounds(steps)


def compiled(function: Function, *arguments: Any) -> tuple[Function, Any]:
    """A function as one graph for arguments of these shapes, and what it gives for them.

    Raises what torch raises where it cannot be one.
    """
    use_cache()

    def call(*arguments: Any) -> Any:
        return function(*arguments)

    # Kernels are written for a number of threads, so that number belongs to what identifies them in the cache. One
    # compiling process: a pool of them would stay for the whole run and receive its signals. No guards: what a call
    # depends on stays as it is for a whole run, and looking again takes longer than all that surrounds the arithmetic.
    options: dict[str, Any] = {"cpp.threads": torch.get_num_threads(), "compile_threads": 1}
    options["guard_filter_fn"] = _no_guards
    # On the CPU what calls the kernels is C++ as well: in Python it takes as long as a small update's arithmetic. A GPU
    # is needed by recorded graphs.
    devices = {leaf.device.type for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor)}
    options["cpp_wrapper"] = devices == {"cpu"}
    if devices == {"cpu"}:
        from taxon.runtime.device.inductor.changes import Changes

        options["post_grad_custom_post_pass"] = Changes()
    # The processor says which vector instructions it has; asking once more by a trial takes a second of every start.
    options["cpp.vec_isa_ok"] = True
    # Torch finds a graph by its function's code, so without guards that must be no other's.
    call.__code__ = call.__code__.replace()
    graph = torch.compile(call, fullgraph=True, dynamic=False, options=options)
    with _marked():
        return graph, graph(*_apart(arguments))


def _apart(arguments: Any) -> Any:
    """The same arguments, none of them twice: a graph keeps for good that two were one when it was made."""
    met: set[int] = set()

    def own(tensor: Tensor) -> Tensor:
        known = id(tensor) in met
        met.add(id(tensor))
        return tensor.view_as(tensor) if known else tensor

    return tree_map_only(Tensor, own, arguments)


def _no_guards(guards: Sequence[Any]) -> list[bool]:
    return [False] * len(guards)


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
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
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
