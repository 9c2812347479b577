"""The policies of a run's best evaluations, one for each seed: the agent's state, without what training needs besides.

It has the form of a checkpoint: an index that seals itself and names a safetensors file with its digest.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from taxon.runtime.errors import UserError
from taxon.runtime.folder.fields import Count, Hash, OfSeed, Seeds
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.sealing import names, read_index, read_tensors, write_index, write_tensors

INDEX = "best.json"
STEM = "best"
TENSORS = names(STEM)


class Best(BaseModel):
    """The index."""

    model_config = ConfigDict(extra="forbid", strict=True)
    format: Literal[1] = 1
    row: Hash  # the identity of what was trained: of the resolved row, or of an edited module
    seeds: Seeds
    steps: dict[OfSeed, Count]  # seed -> environment steps at its best evaluation; those never evaluated are missing
    returns: dict[OfSeed, float]  # seed -> the mean return of that evaluation
    file: str = Field(pattern=TENSORS)
    sha256: Hash

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.steps.keys() != self.returns.keys() or not self.steps.keys() <= {*map(str, self.seeds)}:
            raise ValueError("steps and returns are not of the same seeds of the run")
        return self


def save(
    folder: RunFolder,
    tensors: dict[str, Tensor],
    row: str,
    seeds: list[int],
    steps: dict[int, int],
    returns: dict[int, float],
) -> None:
    """Write the tensors of the agent's state, which lead with S, in place of those before.

    Raises OSError where they cannot be written or do not read back; the ones before are whole then.
    """
    file, digest = write_tensors(folder, STEM, max(steps.values()), tensors)
    best = Best(
        row=row,
        seeds=seeds,
        steps={str(seed): step for seed, step in steps.items()},
        returns={str(seed): value for seed, value in returns.items()},
        file=file,
        sha256=digest,
    )
    write_index(folder, INDEX, best, TENSORS, file)


def read(folder: RunFolder) -> Best:
    """The index in `folder`. Raises UserError where it is not one, FileNotFoundError where there is none."""
    return read_index(folder, INDEX, Best, "a run's best policies")


def load(folder: RunFolder, best: Best) -> dict[str, Tensor]:
    """The tensors of the agent's state. Raises UserError where they are not the ones described."""
    return read_tensors(folder, INDEX, best.file, best.sha256)


def wanted(folder: RunFolder) -> Best:
    """The index, where a user asks for it. Raises UserError where there is none."""
    try:
        return read(folder)
    except FileNotFoundError:
        help = "train with --keep best, or leave --best out for the latest checkpoint"
        raise UserError(f"{folder.path} has kept no best policies: there is no {INDEX}", help) from None
