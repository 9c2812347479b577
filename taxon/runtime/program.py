"""What is trained: a compiled spec, or a module that the user has edited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taxon.runtime.edited.edit import Edit, digest
from taxon.runtime.edited.reading import read
from taxon.runtime.errors import UserError
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.run_folder import MODULE, RunFolder


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


def edited_program(run: RunFolder, record: Manifest, module: Path | None) -> Program:
    """The edited module of a run, from the user's own file. Raises UserError where none is named, or another text."""
    if record.edited is None:
        message = f"{run.path} trained a spec, whose module is emitted anew, and --module names another"
        raise UserError(message, "leave --module out, or begin another run with it")
    if module is None:
        message = f"{run.path} trained a module that its user had edited, and nothing in a run's folder is executed"
        copy = f"or --module {run.path / MODULE}, if you trust what is there"
        raise UserError(message, f"name that module again, as in --module {record.edited.file}, {copy}")
    source = read(module)
    found = Program(record.name, record.row, None, source, edited=Edit(str(module)))
    record.check_program(run, found.identity)
    return found
