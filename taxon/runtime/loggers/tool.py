"""What taxon needs of a tool that keeps the runs of a laboratory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from taxon.runtime.events import Status

PROJECT = "taxon"  # that a tool files runs under, unless the tool's own variables say another


@dataclass(frozen=True)
class About:
    """A run as a tool shows it."""

    title: str  # the name of its folder
    config: Mapping[str, Any]  # what the run was asked for, and the leaves of its spec by their paths


class Tool(Protocol):
    """One run of a tool. Every method may raise whatever the tool's package raises."""

    def begin(self, about: About, id: str | None) -> str:
        """Begin a run, or go on with the one of this id: its id."""

    def where(self) -> str:
        """Where the user finds it."""

    def last(self, figure: str, written: int) -> int:
        """The last step that it has of a figure; -1 for none.

        written: the last that the run has written at all, for tools that cannot say.
        """

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Figures at a step; steps never fall."""

    def keep(self, files: Sequence[Path]) -> None:
        """Keep files as the run's artefacts."""

    def end(self, status: Status) -> None:
        """Hand in what is still to be, and close the run."""
