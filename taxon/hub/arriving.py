"""`taxon pull`: a published run as a folder.

It is a stranger's: data alone is taken, by known names and of bounded sizes.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from taxon.hub import service
from taxon.hub.card import CARD, DERIVATION
from taxon.runtime.amounts import size
from taxon.runtime.errors import UserError
from taxon.runtime.folder import best, checkpoint, manifest
from taxon.runtime.folder.logging import METRICS
from taxon.runtime.folder.policies import policies
from taxon.runtime.folder.run_folder import CURVE, SPEC, RunFolder

# The most bytes of each file that is taken. Scripts and programs are none of these.
NEEDED = {manifest.FILE: manifest.LARGEST, SPEC: 2**20, checkpoint.INDEX: 2**26}
BESIDE = {best.INDEX: 2**26, METRICS: 2**30, CURVE: 2**26, CARD: 2**22, DERIVATION: 2**22}
TENSORS = 2 * 2**30


def pull(name: str, revision: str | None, target: Path) -> list[str]:
    """Download a run into a new folder at `target`; the names that were left where they are.

    It is written when all of it has come and reads as a run. Raises UserError where it does not, or is too large.
    """
    service.check_name(name)
    if target.exists():
        _check_empty(RunFolder(target))
    remote = service.look(name, revision)
    if missing := [file for file in NEEDED if file not in remote.sizes]:
        raise UserError(f"{name} is no run: it has no {missing[0]}", "name a repository that `taxon push` wrote")
    taken = {**NEEDED, **{file: most for file, most in BESIDE.items() if file in remote.sizes}}
    patterns = [checkpoint.TENSORS, *([best.TENSORS] if best.INDEX in taken else [])]
    for pattern in patterns:
        tensors = [file for file in remote.sizes if re.fullmatch(pattern, file)]
        if len(tensors) != 1:
            message = f"{name} is no run: it has {len(tensors)} files of tensors where there is one"
            raise UserError(message, "name a repository that `taxon push` wrote")
        taken[tensors[0]] = TENSORS
    for file, limit in taken.items():
        if remote.sizes[file] > limit:
            raise UserError(f"{name} has {size(remote.sizes[file])} of {file}, more than {size(limit)}", _TRUST)
    with tempfile.TemporaryDirectory() as temporary:
        for file in taken:
            service.download(name, remote.commit, file, Path(temporary))
        try:
            contents = _read(RunFolder(Path(temporary)), taken)
        except UserError as error:
            raise UserError(f"{name} is no run: {error.message.replace(temporary, name)}", _WHOLE) from error
    try:
        target.mkdir(parents=True, exist_ok=True)
        _check_empty(folder := RunFolder(target))
        for file, content in contents.items():
            folder.write(file, content)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror}", "name another folder with --to") from None
    return sorted(file for file in remote.sizes if file not in taken)


def _check_empty(folder: RunFolder) -> None:
    if folder.files() or folder.folders():
        raise UserError(f"{folder.path} is not an empty folder", "name another with --to, or remove it first")


def _read(folder: RunFolder, taken: dict[str, int]) -> dict[str, bytes]:
    """The contents of what has come. Raises UserError where it is none of a run."""
    contents = {file: folder.read(file, limit) for file, limit in taken.items()}
    record = manifest.read(folder)
    for kept in (False, True) if best.INDEX in taken else (False,):
        policies(folder, record, kept).tensors()
    return contents


_WHOLE = "ask its author for a whole one"
_TRUST = "if you trust its author, download it with the hub's own client"
