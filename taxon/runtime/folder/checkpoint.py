"""Checkpoints: all that a run needs to go on, as one safetensors file and a JSON index. Never pickle.

The index is written last, seals itself and names every other file with its digest. Files that it names are never
written again but for rows added behind those it counts, so that the checkpoint before stays whole until the new one
has been read back.
"""

import hashlib
import json
import os
import re
from typing import Any, Literal

import safetensors.torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder.fields import Count, Hash, OfSeed, Seeds, first_of
from taxon.runtime.folder.plain import NotPlainError, pack, unpack
from taxon.runtime.folder.replay_file import Rows
from taxon.runtime.folder.run_folder import CHECKPOINT, RunFolder
from taxon.runtime.folder.snapshot import UnfitError, restore_agent

INDEX = CHECKPOINT
LARGEST_INDEX = 256 * 2**20  # bytes
TENSORS = r"^checkpoint-[0-9]{1,19}-[0-9a-f]{12}\.safetensors$"  # the names of the files with the arrays


class Checkpoint(BaseModel):
    """The index of a checkpoint."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[6] = 6
    row: Hash  # the identity of what was trained: of the resolved row, or of an edited module
    seeds: Seeds
    steps: Count  # environment steps of every seed
    frozen: dict[OfSeed, Count]  # seed -> the environment step at which it was frozen
    file: str = Field(pattern=TENSORS)
    sha256: Hash
    replay: list[Rows]  # the files of a replay's rows
    state: dict[str, Any]  # what was saved, packed: its arrays are in the file


def save(
    folder: RunFolder,
    saved: dict[str, Any],
    *,
    row: str,
    seeds: list[int],
    steps: int,
    frozen: dict[int, int],
    replay: list[Rows],
) -> Checkpoint:
    """Write plain data, which holds the agent's tensors under `agent`, and remove the checkpoint before it.

    Raises OSError where it cannot be written or does not read back; the one before is whole then.
    """
    said, tensors = pack(saved)
    content = safetensors.torch.save(tensors)
    digest = hashlib.sha256(content).hexdigest()
    checkpoint = Checkpoint(
        row=row,
        seeds=seeds,
        steps=steps,
        frozen={str(seed): step for seed, step in frozen.items()},
        file=f"checkpoint-{steps}-{digest[:12]}.safetensors",
        sha256=digest,
        replay=replay,
        state=said,
    )
    folder.write(checkpoint.file, content)
    if hashlib.sha256(folder.read(checkpoint.file, len(content))).hexdigest() != digest:
        raise OSError(0, "what was written does not read back")
    folder.write(INDEX, _sealed(checkpoint.model_dump(mode="json")))
    if read(folder) != checkpoint:
        raise OSError(0, "what was written does not read back")
    for name in folder.files():
        if re.fullmatch(TENSORS, name) and name != checkpoint.file:
            folder.remove(name)
    return checkpoint


def read(folder: RunFolder) -> Checkpoint:
    """The index of the checkpoint in `folder`. Raises UserError where it is missing or not one."""
    path = folder.path / INDEX
    try:
        whole = json.loads(folder.read(INDEX, LARGEST_INDEX))
        body = whole["body"]
        if whole["sha256"] != _digest(body):
            raise UserError(f"{path} is not the file that was saved: its digest differs", _RESTORE)
        return Checkpoint.model_validate(body)
    except FileNotFoundError:
        help = "name the folder of a run that `taxon run` has saved"
        raise UserError(f"there is no checkpoint in {folder.path}", help) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", _RESTORE) from None
    except ValidationError as error:
        raise UserError(f"{path} is not the index of a checkpoint: {first_of(error)}", _ANOTHER) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is not the index of a checkpoint", _RESTORE) from error


def load(folder: RunFolder, checkpoint: Checkpoint) -> dict[str, Any]:
    """What was saved. Raises UserError where a file is missing or its bytes are not the ones described."""
    path, index = folder.path / checkpoint.file, folder.path / INDEX
    try:
        content = folder.read(checkpoint.file, _room())
    except FileNotFoundError:
        raise UserError(f"{index} names {checkpoint.file}, which is not there", _RESTORE) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", _RESTORE) from None
    if hashlib.sha256(content).hexdigest() != checkpoint.sha256:
        raise UserError(f"{path} is not the file that was saved: its digest differs", _RESTORE)
    try:
        tensors = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path} is not a safetensors file: {one_line(str(error))}", _RESTORE) from error
    try:
        saved = unpack(checkpoint.state, tensors)
    except NotPlainError as error:
        raise UserError(f"{index}: {one_line(str(error))}", _RESTORE) from error
    if not isinstance(saved, dict) or not isinstance(saved.get("agent"), dict):
        raise UserError(f"{index} holds no agent", _RESTORE)
    return dict(saved)


def agent_state(folder: RunFolder, saved: dict[str, Any], template: Any) -> Any:
    """The agent's state alone, built like `template`. Raises UserError where it is another agent's."""
    try:
        return restore_agent(template, saved["agent"])
    except UnfitError as error:
        raise misfit(folder, error) from error


def misfit(folder: RunFolder, error: UnfitError) -> UserError:
    """What to say of a checkpoint that is sound but not this program's."""
    return UserError(f"{folder.path / INDEX} does not fit: {one_line(str(error))}", _ANOTHER)


_RESTORE = "restore the folder from a copy, or train again"
_ANOTHER = "the checkpoint belongs to another spec or another version of taxon: install the version in run.json"


def _room() -> int:
    """The bytes of the largest arrays that could have been saved: half of the memory, since saving copies them."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _sealed(body: dict[str, Any]) -> bytes:
    return json.dumps({"sha256": _digest(body), "body": body}, allow_nan=False).encode()


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, allow_nan=False).encode()).hexdigest()
