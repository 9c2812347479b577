"""What a package adds to the language: the object that its entry point in the group `taxon.extensions` names.

The module with that object is imported whenever a spec is read, so it imports nothing that training needs. What the
compiler and a run need stands in modules of its own, which are named here and imported when they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taxon.errors import Error
from taxon.taxonomy.rule import Rule
from taxon.taxonomy.schema import Choice


@dataclass(frozen=True)
class Extension:
    """Choices, and the modules that give them a meaning.

    Attributes:
        choices: what is added to the set of each path. A shared path (`network.features`) adds to all that it sets.
        blocks: the module that registers each choice's block (`taxon.compiler.choices`). It does not import torch.
        operators: modules of torch functions and classes, which emitted modules import. Each public name of theirs may
            stand in a block's code. Only the text is read when a module is emitted.
        rules: about rows with one of the choices; others are not held against them. Each code begins with the name of
            the package, written with `_`, and a `_`.
    """

    choices: Mapping[str, tuple[Choice, ...]]
    blocks: str
    operators: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()


class ExtensionError(Error):
    """An extension that cannot be used, in one line."""


@dataclass(frozen=True)
class Package:
    """An installed package with its extension."""

    name: str
    version: str
    extension: Extension = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Fault:
    """An installed package whose extension is left out, and why."""

    name: str
    version: str
    reason: str

    def __str__(self) -> str:
        return f"the extension {self.name} {self.version} is left out: {self.reason}"
