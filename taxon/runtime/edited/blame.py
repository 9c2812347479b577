"""Whose mistake an exception is: what a user's module raises becomes one line with its place."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taxon.runtime.device.memory import is_exhausted
from taxon.runtime.edited.edit import Edit
from taxon.runtime.environments.faults import described
from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.stopping import Stop

FILE = "failure-of-module.txt"  # the traceback, in a run's folder


@contextmanager
def blamed(edit: Edit | None, path: Path, folder: RunFolder | None = None) -> Iterator[None]:
    """Raise UserError for whatever is raised in an edited module, which was executed under this path.

    Nothing is caught where edit is None, since the module is the compiler's own then. folder: of the run, which keeps
    the traceback.
    """
    try:
        yield
    except (UserError, Stop):
        raise
    except (Exception, SystemExit) as error:
        line = line_of(error, path)
        if edit is None or is_exhausted(error) or (line is None and isinstance(error, OSError)):
            raise
        help = "mend the module"
        if folder is not None:
            folder.write(FILE, "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace"))
            help += f"; the whole traceback is in {folder.path / FILE}"
        place = edit.file if line is None else f"{edit.file}:{line}"
        raise UserError(f"{place}: {described(error)}", help) from error


def line_of(error: BaseException, path: Path) -> int | None:
    """The line of a file in which an exception arose, as deep as that file goes; None where it is not involved."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None
