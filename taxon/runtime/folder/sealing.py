"""Files that say themselves whether they are what was saved: arrays as safetensors, and a JSON index that seals itself
and names the file of the arrays with its digest. Never pickle.

The index is written last, so that what it described before stays whole until then.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import safetensors.torch
from pydantic import BaseModel, ValidationError
from torch import Tensor

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder.fields import first_of
from taxon.runtime.folder.run_folder import RunFolder

LARGEST_INDEX = 256 * 2**20  # bytes
RESTORE = "restore the folder from a copy, or train again"
ANOTHER = "the checkpoint belongs to another spec or another version of taxon: install the version in run.json"
NOT_BACK = "what was written does not read back"

Index = TypeVar("Index", bound=BaseModel)


def names(stem: str) -> str:
    """The pattern of the names of files with arrays."""
    return rf"^{stem}-[0-9]{{1,19}}-[0-9a-f]{{12}}\.safetensors$"


def write_tensors(folder: RunFolder, stem: str, step: int, tensors: Mapping[str, Tensor]) -> tuple[str, str]:
    """Write arrays: the file's name, and its digest. Raises OSError where they do not read back."""
    content = safetensors.torch.save(dict(tensors))
    digest = hashlib.sha256(content).hexdigest()
    name = f"{stem}-{step}-{digest[:12]}.safetensors"
    folder.write(name, content)
    if hashlib.sha256(folder.read(name, len(content))).hexdigest() != digest:
        raise OSError(0, NOT_BACK)
    return name, digest


def write_index(folder: RunFolder, name: str, index: BaseModel, pattern: str, file: str) -> None:
    """Write an index, and remove the arrays of the one before: those whose names fit the pattern, but for `file`."""
    body = index.model_dump(mode="json")
    folder.write(name, json.dumps({"sha256": _digest(body), "body": body}, allow_nan=False).encode())
    if read_index(folder, name, type(index), "a checkpoint") != index:
        raise OSError(0, NOT_BACK)
    for other in folder.files():
        if re.fullmatch(pattern, other) and other != file:
            folder.remove(other)


def read_index(folder: RunFolder, name: str, kind: type[Index], of: str) -> Index:
    """An index. Raises UserError where it is not one, FileNotFoundError where there is none.

    of: what it describes, in words.
    """
    path = folder.path / name
    try:
        whole = json.loads(folder.read(name, LARGEST_INDEX))
        body = whole["body"]
        if whole["sha256"] != _digest(body):
            raise UserError(f"{path} is not the file that was saved: its digest differs", RESTORE)
        return kind.model_validate(body)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", RESTORE) from None
    except ValidationError as error:
        raise UserError(f"{path} is not the index of {of}: {first_of(error)}", ANOTHER) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is not the index of {of}", RESTORE) from error


def read_tensors(folder: RunFolder, index: str, file: str, digest: str) -> dict[str, Tensor]:
    """The arrays that an index names. Raises UserError where they are missing or not the ones described."""
    path = folder.path / file
    try:
        content = folder.read(file, _room())
    except FileNotFoundError:
        raise UserError(f"{folder.path / index} names {file}, which is not there", RESTORE) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", RESTORE) from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise UserError(f"{path} is not the file that was saved: its digest differs", RESTORE)
    try:
        return safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path} is not a safetensors file: {one_line(str(error))}", RESTORE) from error


def _room() -> int:
    """The bytes of the largest arrays that could have been saved: half of the memory, since saving copies them."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, allow_nan=False).encode()).hexdigest()
