"""How a run's environment is made: by an id with arguments and wrappers, or by a function of a Python program.

A recipe is data. What it names is imported or executed only where it is made, and a file only where the user has said
so: see `importing`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Value: TypeAlias = "bool | int | float | str | Reference | list[Value] | tuple[Value, ...] | dict[str, Value] | None"


@dataclass(frozen=True)
class Reference:
    """Something that a module defines, by its dotted name: `numpy.tanh`."""

    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Wrapper:
    """A wrapper and its arguments beside the environment. A name without a dot is one of gymnasium.wrappers."""

    name: str
    positional: tuple[Value, ...] = ()
    arguments: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        """As `--wrap` takes it."""
        named = (f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}({', '.join([*map(repr, self.positional), *named])})"


@dataclass(frozen=True, eq=False)
class Recipe:
    """How an environment is made.

    id: of gymnasium, `dm_control/<domain>-<task>`, `taxon/<task>`, or `module:name` and `path/to/file.py:name`, where
    the name is one that the module registers, or of a class or a function in it that makes the environment. Of a
    `factory`, its name with `()`. arguments: of gymnasium.make, the task, the class or the function. wrappers: from
    the innermost. folder: the working folder of the user who has named all this; without it no file is executed and no
    module is looked for in that folder, as becomes what stands in a study or in the folder of a run.
    """

    id: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    wrappers: tuple[Wrapper, ...] = ()
    factory: Callable[[], Any] | None = None
    folder: Path | None = None

    @classmethod
    def of(cls, factory: Callable[[], Any]) -> Recipe:
        """What a function makes: a new environment at every call."""
        made = factory.func if isinstance(factory, functools.partial) else factory
        name = getattr(made, "__name__", type(made).__name__)
        return cls(f"{name.strip('<>')}()", factory=factory)

    @property
    def module(self) -> str:
        """What stands before the colon: a module, or a file; empty where there is none."""
        return self.id.rpartition(":")[0]

    @property
    def name(self) -> str:
        """What stands behind the colon, or the id."""
        return self.id.rpartition(":")[2]

    @property
    def file(self) -> str | None:
        """The file that is executed, if one is, as the user names it."""
        return self.module if self.module.endswith(".py") else None

    @property
    def path(self) -> Path | None:
        """Where that file is; None where the user has not named it."""
        return self.folder / self.file if self.file is not None and self.folder is not None else None

    @property
    def called(self) -> bool:
        """Whether only a Python program can make it, which has the function."""
        return self.id.endswith("()")

    @property
    def plain(self) -> bool:
        """Whether it is an id alone, for which nothing is imported but what gymnasium, dm_control or taxon brings."""
        return not (self.module or self.arguments or self.wrappers or self.called)

    @property
    def written(self) -> dict[str, str]:
        """The arguments, each as `--env-set` takes its value."""
        return {name: repr(value) for name, value in self.arguments.items()}

    @property
    def words(self) -> list[str]:
        """As a command line says it."""
        settings = [word for name, text in self.written.items() for word in ("--env-set", f"{name}={text}")]
        return ["--env", self.id, *settings, *(word for each in self.wrappers for word in ("--wrap", str(each)))]

    def __str__(self) -> str:
        """In a title: `Pendulum-v1(g=9.0) + TimeLimit(100)`."""
        settings = ", ".join(f"{name}={text}" for name, text in self.written.items())
        return " + ".join([f"{self.id}({settings})" if settings else self.id, *map(str, self.wrappers)])

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, as it is written: 1 is not 1.0. From where a user says it does not matter."""
        return isinstance(other, Recipe) and (self.words, self.factory) == (other.words, other.factory)

    def __hash__(self) -> int:
        return hash((*self.words, self.factory))
