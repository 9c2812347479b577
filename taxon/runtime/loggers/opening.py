"""Loggers by their names: which there are, what they need, and those of a run."""

from collections.abc import Callable, Sequence

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.events import Callback
from taxon.runtime.folder import csv_file
from taxon.runtime.folder.csv_file import Csv
from taxon.runtime.folder.logging import Log
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.tensorboard import TensorBoard

NAMES = ("tensorboard", "csv")
FILES = (csv_file.FILE,)  # what they write into a run's folder, beside their own folders


def check_loggers(names: Sequence[str]) -> None:
    """Raise UserError for a logger that there is none of, before a run begins."""
    for name in names:
        if name not in NAMES:
            raise UserError(f"there is no logger {one_line(name, 40)}", f"choose of {', '.join(NAMES)}")


def open_loggers(folder: RunFolder, record: Manifest, log: Log, say: Callable[[str], None]) -> list[Callback]:
    """A run's loggers, which are given the lines that stay first."""
    made: list[Callback] = []
    for name in record.log:
        match name:
            case "tensorboard":
                made.append(TensorBoard(folder, record.seeds, record.started))
            case "csv":
                made.append(Csv(folder, record.seeds))
    for event in log.history():
        for logger in made:
            logger.logged(event)
    return made
