"""Checkpoints: all that a run needs to go on, as one safetensors file and a JSON index. Never pickle.

The index is written last, seals itself and names every other file with its digest. Files that it names are never
written again but for rows added behind those it counts, so that the checkpoint before stays whole until the new one
has been read back.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder.fields import Count, Hash, OfSeed, Seeds
from taxon.runtime.folder.plain import NotPlainError, pack, unpack
from taxon.runtime.folder.replay_file import Rows
from taxon.runtime.folder.run_folder import CHECKPOINT, RunFolder
from taxon.runtime.folder.sealing import (
    ANOTHER,
    RESTORE,
    names,
    read_index,
    read_tensors,
    write_index,
    write_tensors,
)
from taxon.runtime.folder.snapshot import UnfitError, restore_agent

INDEX = CHECKPOINT
STEM = "checkpoint"
TENSORS = names(STEM)  # of the files with the arrays


class Checkpoint(BaseModel):
    """The index of a checkpoint."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[7] = 7
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
    file, digest = write_tensors(folder, STEM, steps, tensors)
    checkpoint = Checkpoint(
        row=row,
        seeds=seeds,
        steps=steps,
        frozen={str(seed): step for seed, step in frozen.items()},
        file=file,
        sha256=digest,
        replay=replay,
        state=said,
    )
    write_index(folder, INDEX, checkpoint, TENSORS, file)
    return checkpoint


def read(folder: RunFolder) -> Checkpoint:
    """The index of the checkpoint in `folder`. Raises UserError where it is missing or not one."""
    try:
        return read_index(folder, INDEX, Checkpoint, "a checkpoint")
    except FileNotFoundError:
        help = "name the folder of a run that `taxon run` has saved"
        raise UserError(f"there is no checkpoint in {folder.path}", help) from None


def load(folder: RunFolder, checkpoint: Checkpoint) -> dict[str, Any]:
    """What was saved. Raises UserError where a file is missing or its bytes are not the ones described."""
    index = folder.path / INDEX
    tensors = read_tensors(folder, INDEX, checkpoint.file, checkpoint.sha256)
    try:
        saved = unpack(checkpoint.state, tensors)
    except NotPlainError as error:
        raise UserError(f"{index}: {one_line(str(error))}", RESTORE) from error
    if not isinstance(saved, dict) or not isinstance(saved.get("agent"), dict):
        raise UserError(f"{index} holds no agent", RESTORE)
    return dict(saved)


def agent_state(folder: RunFolder, tensors: dict[str, Any], template: Any, index: str = INDEX) -> Any:
    """The agent's state alone, built like `template`. Raises UserError where it is another agent's.

    index: what names the tensors.
    """
    try:
        return restore_agent(template, tensors)
    except UnfitError as error:
        raise misfit(folder, error, index) from error


def misfit(folder: RunFolder, error: UnfitError, index: str = INDEX) -> UserError:
    """What to say of a checkpoint that is sound but not this program's."""
    return UserError(f"{folder.path / index} does not fit: {one_line(str(error))}", ANOTHER)
