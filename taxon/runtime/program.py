"""What is trained: a compiled spec, or a module that the user has edited."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from taxon.runtime.edited.edit import Edit, digest


@dataclass(frozen=True)
class Program:
    """A compiled spec, or a module that the user has edited."""

    name: str
    row: str | None  # the hash of the resolved row; None of an edited module whose spec is not named
    resolved: str | None  # the canonical text, kept as resolved.tx
    source: str  # the module, kept and run as agent.py
    extensions: Mapping[str, str] = field(default_factory=dict)  # packages that the spec has choices of: versions
    edited: Edit | None = None
    leaves: Mapping[str, str] = field(default_factory=dict)  # path -> value, for tools that show a run's settings
    # What sets the row apart from its parent, in words, or an edited module from what is emitted; empty for nothing.
    difference: str = ""

    @property
    def identity(self) -> str:
        """As a run's record has it."""
        return digest(self.source) if self.edited is not None else self.row or ""
