"""What a module must have before any of it is tried: its names, how its functions are called, and its data."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from taxon.operators.data import Phase, Replay, Rollouts
from taxon.operators.observations import Observation
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.options import MOST_ENVIRONMENTS

# How the runtime calls an agent: a method, and what it is given.
METHODS = {
    "init": ("generators",),
    "memory": ("seeds", "environments", "device"),
    "observe": ("state", "observation"),
    "act_noise": ("generators", "environments", "device"),
    "act": ("state", "memory", "observation", "noise"),
    "act_mean": ("state", "memory", "observation"),
    "act_random": ("uniform",),
}
# And a phase.
FUNCTIONS = {
    "noise": ("generators", "device"),
    "update": ("state", "batch", "noise"),
    "between": ("state", "batch", "noise"),
    "refresh": ("state", "episodes", "generators"),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAY_BE_ZERO = ("warmup",)
_HELP = "compare it with what `taxon emit` prints, which holds to all that is asked of a module"


@dataclass(frozen=True)
class Module:
    """An edited module that was executed.

    file: as the user names it. path: under which it was executed.
    """

    file: str
    path: Path
    namespace: ModuleType

    def wrong(self, message: str, about: object = None, help: str = _HELP) -> NoReturn:
        """Raise UserError; about: the function of the module that the message is of, whose line is named."""
        code = getattr(about, "__code__", None)
        here = code is not None and code.co_filename == str(self.path)
        place = f"{self.file}:{code.co_firstlineno}" if here and code is not None else self.file
        raise UserError(f"{place}: {one_line(message)}", help)


def check_names(module: Module) -> None:
    """Raise UserError where the module lacks its data or its agent, or where its data cannot be kept."""
    for name in ("DATA", "Agent"):
        if not hasattr(module.namespace, name):
            module.wrong(f"the module has no {name}")
    data = module.namespace.DATA
    if isinstance(data, Replay | Rollouts):
        for name, value in data._asdict().items():
            _check_number(module, name, value, type(data).__annotations__[name])
    elif not callable(getattr(data, "buffer", None)):  # as a source of data from another package has it
        kinds = "a Replay or a Rollouts of taxon.operators.data"
        help = _HELP
        if type(data).__name__ in ("Replay", "Rollouts"):
            help = "what `taxon emit --standalone` prints trains by itself: emit it without --standalone"
        module.wrong(f"DATA is {_kind(data)}, and must be {kinds}", help=help)
    agent = module.namespace.Agent
    if not isinstance(agent, type):
        module.wrong(f"Agent is {_kind(agent)}, and must be a class")
    for name, given in METHODS.items():
        method = getattr(agent, name, None)
        if not callable(method):
            module.wrong(f"Agent has no method {name}({', '.join(given)})")
        _check_call(module, f"Agent.{name}", method, ("self", *given))
    if not isinstance(getattr(agent, "discrete", None), bool):
        module.wrong("Agent.discrete must be True, for actions that are chosen from several, or False")


def check_agent(module: Module, agent: Any) -> None:
    """Raise UserError where an agent's phases or columns cannot be used."""
    columns = getattr(agent, "columns", None)
    if not isinstance(columns, Mapping) or not all(
        isinstance(name, str) and isinstance(shape, tuple) and all(type(size) is int and size > 0 for size in shape)
        for name, shape in columns.items()
    ):
        module.wrong('Agent.columns must map names to shapes, as in {"log_prob": ()}')
    phases = getattr(agent, "phases", None)
    if not isinstance(phases, tuple | list) or not phases or not all(isinstance(each, Phase) for each in phases):
        module.wrong("Agent.phases must be a tuple of one Phase of taxon.operators.data or more")
    names = [phase.name for phase in phases]
    for phase in phases:
        if not isinstance(phase.name, str) or not _NAME.fullmatch(phase.name) or names.count(phase.name) > 1:
            module.wrong(f"a phase is called {phase.name!r}, which must be a name of its own, of letters, digits and _")
        _check_phase(module, phase)


def _check_phase(module: Module, phase: Phase) -> None:
    for name in ("updates", "every"):
        value = getattr(phase, name)
        if type(value) is not int or value < 1:
            module.wrong(f"{name} of the phase {phase.name} is {value!r}, and must be a whole number from 1 on")
    if not isinstance(phase.batch, type) or not getattr(phase.batch, "_fields", ()):
        module.wrong(f"batch of the phase {phase.name} must be a NamedTuple whose fields are columns of the data")
    for name, given in FUNCTIONS.items():
        function = getattr(phase, name)
        if function is None and name in ("between", "refresh"):
            continue
        if not callable(function):
            module.wrong(f"{name} of the phase {phase.name} must be a function of {', '.join(given)}")
        _check_call(module, f"{name} of the phase {phase.name}", function, given)


def _check_number(module: Module, name: str, value: object, kind: object) -> None:
    """A field of DATA."""
    if kind is bool:
        if not isinstance(value, bool):
            module.wrong(f"DATA.{name} is {value!r}, and must be True or False")
        return
    least = 0 if name in _MAY_BE_ZERO else 1
    if type(value) is not int or value < least:
        module.wrong(f"DATA.{name} is {value!r}, and must be a whole number from {least} on")
    if name == "environments" and value > MOST_ENVIRONMENTS:
        module.wrong(f"DATA.environments is {value:,}, more than {MOST_ENVIRONMENTS:,}")


def _check_call(module: Module, name: str, function: Callable[..., Any], given: tuple[str, ...]) -> None:
    """Whether a function takes what it will be given, by place."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of what is written in C
        return
    try:
        signature.bind(*given)
    except TypeError:
        asked = ", ".join(each for each in given if each != "self")
        module.wrong(f"{name}{signature} must take ({asked})", function)


def _kind(value: object) -> str:
    return f"of the type {type(value).__name__}"


def built(module: Module, observation: Observation, action: int) -> Any:
    """An agent for observations of one layout and so many numbers or choices of action, its phases checked."""
    _check_call(module, "Agent", module.namespace.Agent, ("observation", "action"))
    agent = module.namespace.Agent(observation, action)
    check_agent(module, agent)
    return agent
