"""Loggers by their names: which there are, what they need, and those of a run."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from taxon.runtime.environments.faults import described
from taxon.runtime.errors import UserError, one_line
from taxon.runtime.events import Callback
from taxon.runtime.folder import csv_file, module
from taxon.runtime.folder.csv_file import Csv
from taxon.runtime.folder.logging import Log
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.run_folder import RECORD, SPEC, RunFolder
from taxon.runtime.folder.tensorboard import TensorBoard
from taxon.runtime.loggers import known
from taxon.runtime.loggers.forwarding import Forwarding
from taxon.runtime.loggers.mlflow_ import Mlflow
from taxon.runtime.loggers.tool import About, Tool
from taxon.runtime.loggers.trackio_ import Trackio
from taxon.runtime.loggers.wandb_ import Wandb
from taxon.runtime.options import LOGGERS

DIFFERENCE = "difference.txt"  # what sets a spec apart from its parent, an edited module from its spec
FILES = (csv_file.FILE, known.FILE, DIFFERENCE)  # what this room writes into a run's folder, beside folders


@dataclass(frozen=True)
class Kind:
    """A tool, which has the name of its package and of taxon's extra."""

    make: Callable[[], Tool]
    help: str  # where it cannot begin


KINDS = {
    "wandb": Kind(Wandb, "log in with `wandb login`, or set WANDB_MODE=offline"),
    "mlflow": Kind(Mlflow, "set MLFLOW_TRACKING_URI to a store that is there"),
    "trackio": Kind(Trackio, "mend what it says"),
}


def check_loggers(names: Sequence[str]) -> None:
    """Raise UserError, before a run begins, for a logger that there is none of or whose package is not installed."""
    for name in names:
        if name not in LOGGERS:
            raise UserError(f"there is no logger {one_line(name, 40)}", f"choose of {', '.join(LOGGERS)}, or none")
        if name in KINDS and importlib.util.find_spec(name) is None:
            help = f"install it, as in pip install 'taxon-rl[{name}]', or leave {name} out of --log"
            raise UserError(f"--log {name} needs the package {name}, which is not installed", help)


@contextmanager
def loggers(
    folder: RunFolder, record: Manifest, log: Log, about: About, say: Callable[[str], None]
) -> Iterator[list[Callback]]:
    """A run's loggers, which are given the lines that stay first; tools that have not been told of the end are closed.

    Raises UserError where a tool cannot begin.
    """
    made: list[Callback] = []
    forwarding: list[Forwarding] = []
    ids = known.read(folder)
    for name in record.log:
        match name:
            case "tensorboard":
                made.append(TensorBoard(folder, record.seeds, record.started))
            case "csv":
                made.append(Csv(folder, record.seeds))
            case _:
                forwarding.append(_begun(name, folder, record, log, about, ids, say))
    made += forwarding
    for event in log.history():
        for logger in made:
            logger.logged(event)
    try:
        yield made
    finally:
        for tool in forwarding:
            tool.close("failed" if record.status == "running" else record.status)


def _begun(
    name: str,
    folder: RunFolder,
    record: Manifest,
    log: Log,
    about: About,
    ids: dict[str, str],
    say: Callable[[str], None],
) -> Forwarding:
    """A tool whose run has begun, or goes on."""
    kind, id = KINDS[name], ids.get(name)
    tool = kind.make()
    try:
        now = tool.begin(about, id)
        say(f"{name}: {one_line(tool.where())}")
    except Exception as error:  # whatever the tool's package raises
        help = f"{kind.help}, or leave {name} out of --log"
        raise UserError(f"{name} cannot begin: {one_line(described(error))}", help) from error
    made = Forwarding(name, tool, record.seeds, None if id is None else log.reached, say)
    if id is None:
        known.write(folder, ids | {name: now})
        ids[name] = now
        there = set(folder.files())
        made.keep([folder.path / file for file in (RECORD, SPEC, DIFFERENCE, module.FILE) if file in there])
    return made
