"""Checkpoints: the agent's whole state as safetensors, described and sealed by a JSON file. Never pickle.

The JSON file is written last and names the tensor file with its digest, so that an interrupted save leaves the
checkpoint before it intact.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from taxon.runtime.errors import UserError
from taxon.runtime.files import write_atomically

INDEX = "checkpoint.json"


class TensorEntry(BaseModel):
    """One tensor of a state."""

    model_config = ConfigDict(extra="forbid", strict=True)
    shape: list[int]
    dtype: str


class Checkpoint(BaseModel):
    """The description of a checkpoint, and when it was made."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[1] = 1
    row: str  # the hash of the resolved row
    seeds: list[int]
    steps: int  # environment steps of every seed
    updates: dict[str, int]  # minibatch updates of every phase
    frozen: dict[str, int]  # seed -> the environment step at which it stopped being finite
    file: str
    sha256: str
    tensors: dict[str, TensorEntry]


def named_tensors(state: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor of nested tuples with its dotted name: fields by their names, plain tuples by position."""
    if isinstance(state, Tensor):
        yield prefix, state
        return
    names = getattr(state, "_fields", range(len(state)))
    for name, part in zip(names, state, strict=True):
        yield from named_tensors(part, f"{prefix}.{name}" if prefix else str(name))


def save(
    folder: Path,
    state: Any,
    *,
    row: str,
    seeds: list[int],
    steps: int,
    updates: dict[str, int],
    frozen: dict[int, int],
) -> Checkpoint:
    """Write the state to `folder`, replacing the checkpoint there only once the new one is whole."""
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in named_tensors(state)}
    content = safetensors.torch.save(tensors)
    checkpoint = Checkpoint(
        row=row,
        seeds=seeds,
        steps=steps,
        updates=updates,
        frozen={str(seed): step for seed, step in frozen.items()},
        file=f"checkpoint-{steps}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        tensors={name: TensorEntry(shape=list(tensor.shape), dtype=_dtype(tensor)) for name, tensor in tensors.items()},
    )
    write_atomically(folder / checkpoint.file, content)
    write_atomically(folder / INDEX, checkpoint.model_dump_json(indent=2).encode())
    for older in folder.glob("checkpoint-*.safetensors"):
        if older.name != checkpoint.file:
            older.unlink()
    return checkpoint


def read(folder: Path) -> Checkpoint:
    """The description of the checkpoint in `folder`. Raises UserError where it is missing or not one."""
    path = folder / INDEX
    try:
        return Checkpoint.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        help = "name the folder of a run, as `taxon run` printed it"
        raise UserError(f"there is no checkpoint in {folder}", help) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", _RESTORE) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UserError(f"{path} is not a checkpoint's description: {where}: {first['msg']}", _RESTORE) from error


def load(folder: Path, template: Any) -> tuple[Checkpoint, Any]:
    """The checkpoint in `folder` as a state built like `template`, on the template's devices.

    Raises UserError where a file is missing, its bytes are not the ones described, or names, shapes and types
    are not the template's.
    """
    checkpoint = read(folder)
    path = folder / checkpoint.file
    if path.parent != folder or not path.is_file():
        raise UserError(f"{folder / INDEX} names {checkpoint.file}, which is not there", _RESTORE)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", _RESTORE) from None
    if hashlib.sha256(content).hexdigest() != checkpoint.sha256:
        raise UserError(f"{path} is not the file that was saved: its digest differs", _RESTORE)
    try:
        tensors = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError) as error:
        raise UserError(f"{path} is not a safetensors file: {error}", _RESTORE) from error
    expected = dict(named_tensors(template))
    for name in [*expected, *sorted(tensors)]:
        if name not in tensors or name not in expected:
            where = "lacks" if name not in tensors else "has an unexpected"
            raise UserError(f"{path} {where} tensor {name}", _ANOTHER)
        found, wanted = tensors[name], expected[name]
        if found.shape != wanted.shape or found.dtype != wanted.dtype:
            raise UserError(
                f"{path}: {name} is {_dtype(found)} {list(found.shape)} "
                f"and the agent needs {_dtype(wanted)} {list(wanted.shape)}",
                _ANOTHER,
            )
    loaded = iter([tensors[name].to(wanted.device) for name, wanted in expected.items()])
    return checkpoint, _rebuild(template, loaded)


_RESTORE = "restore the folder from a copy, or train again"
_ANOTHER = "the checkpoint belongs to another spec or another version of taxon: install the version in run.json"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _rebuild(template: Any, tensors: Iterator[torch.Tensor]) -> Any:
    if isinstance(template, Tensor):
        return next(tensors)
    parts = [_rebuild(part, tensors) for part in template]
    return type(template)(*parts) if hasattr(template, "_fields") else type(template)(parts)
