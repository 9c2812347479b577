"""Trackio, which keeps runs in a database on this machine.

TRACKIO_PROJECT names the project; TRACKIO_DIR and the others of its variables mean what they always do.
"""

import contextlib
import io
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taxon.runtime.events import Status
from taxon.runtime.loggers.tool import PROJECT, About


class Trackio:
    """A run of Trackio, whose name is its id."""

    def begin(self, about: About, id: str | None) -> str:
        import trackio

        name = id or f"{re.sub(r'[^A-Za-z0-9_.-]', '-', about.title)[:100]}-{secrets.token_hex(3)}".lstrip("-_.")
        with _quiet():
            self._run: Any = trackio.init(
                project=os.environ.get("TRACKIO_PROJECT", PROJECT),
                name=name,
                config=dict(about.config) if id is None else None,
                resume="never" if id is None else "must",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
        return name

    def where(self) -> str:
        return f"run {self._run.name}, for trackio show --project {self._run.project}"

    def last(self, figure: str, written: int) -> int:
        return int(self._run._next_step) - 1

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def keep(self, files: Sequence[Path]) -> None:
        import trackio

        artifact = trackio.Artifact(name=self._run.name, type="taxon")
        for file in files:
            artifact.add_file(str(file), name=file.name)
        self._run.log_artifact(artifact)

    def end(self, status: Status) -> None:
        import trackio

        with _quiet():
            trackio.finish()


def _quiet() -> contextlib.AbstractContextManager[Any]:
    """Without the lines that it prints, in the middle of a screen that is redrawn."""
    return contextlib.redirect_stdout(io.StringIO())
