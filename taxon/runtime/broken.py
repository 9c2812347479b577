"""What breaks a run: it is recorded, and said in the user's terms where the user can mend it."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from taxon.runtime.device.memory import is_exhausted
from taxon.runtime.edited.blame import blamed
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint, manifest, module
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.program import Program
from taxon.runtime.summary import resume_command


@contextmanager
def explained(folder: RunFolder, record: manifest.Manifest) -> Iterator[None]:
    """Whatever breaks a run is recorded, and said in the user's terms where the user can mend it."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        _failed(folder, record)
        if not is_exhausted(error):
            raise
        fewer = "data.capacity=100k or --set data.batch=64"
        raise UserError(
            f"the device has too little memory for {len(record.seeds)} seeds",
            f"train fewer seeds at once, or keep fewer steps, with --set {fewer}" + left_of(folder, record),
        ) from error
    except OSError as error:
        _failed(folder, record)
        where = error.filename or folder.path
        raise UserError(
            f"{where} cannot be written: {error.strerror or error}",
            "make room or mend the folder's permissions" + left_of(folder, record),
        ) from error
    except BaseException:
        _failed(folder, record)
        raise


def blame(program: Program, folder: RunFolder) -> contextlib.AbstractContextManager[None]:
    """What an edited module raises while it is trained is its author's."""
    return blamed(program.edited, folder.path / module.FILE, folder)


def left_of(folder: RunFolder, record: manifest.Manifest) -> str:
    """What is left of a run that broke off, if anything."""
    try:
        steps = checkpoint.read(folder).steps
    except UserError:
        return ""
    return f"; the checkpoint of step {steps:,} is whole: {_go_on(folder, record)}"


def _failed(folder: RunFolder, record: manifest.Manifest) -> None:
    if record.status == "running":
        record.status = "failed"
    with contextlib.suppress(OSError):  # the disk may be what failed
        record.write(folder)


def _go_on(folder: RunFolder, record: manifest.Manifest) -> str:
    return resume_command(folder.path, record.recipe(), None if record.edited is None else record.edited.file)
