"""Weights & Biases. WANDB_PROJECT, WANDB_MODE, WANDB_DIR and the others of its variables mean what they always do."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taxon.runtime.events import Status
from taxon.runtime.loggers.tool import PROJECT, About


class Wandb:
    """A run of Weights & Biases.

    Offline it is written to a folder, which `wandb sync` sends; a run that goes on writes another one of the same id.
    """

    def begin(self, about: About, id: str | None) -> str:
        import wandb

        self._title = about.title
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=about.title,
            id=id,
            resume=None if id is None else "allow",
            config=dict(about.config) if id is None else None,
            settings=wandb.Settings(silent=True, console="off"),
        )
        return str(self._run.id)

    def where(self) -> str:
        return f"{self._run.dir}, for wandb sync" if self._offline else str(self._run.url)

    def last(self, figure: str, written: int) -> int:
        # Of a run that is not at hand only the server could say more: it has all that was sent.
        return written if self._offline else int(self._run.step) - 1

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def keep(self, files: Sequence[Path]) -> None:
        import wandb

        artifact = wandb.Artifact(re.sub(r"[^A-Za-z0-9_.-]", "-", f"{self._title}-spec"), type="taxon")
        for file in files:
            artifact.add_file(str(file), name=file.name)
        self._run.log_artifact(artifact)

    def end(self, status: Status) -> None:
        self._run.finish(exit_code=int(status in ("failed", "frozen")))

    @property
    def _offline(self) -> bool:
        return bool(self._run.settings._offline)
