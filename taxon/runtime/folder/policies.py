"""The policies that a run has left: those of its latest checkpoint, or each seed's best."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from taxon.runtime.errors import UserError
from taxon.runtime.folder import best, checkpoint
from taxon.runtime.folder.manifest import Manifest
from taxon.runtime.folder.run_folder import RunFolder


@dataclass(frozen=True)
class Policies:
    """The agent's state of every seed, in the record's order."""

    index: str  # the file that describes it
    steps: list[int]  # environment steps behind each seed's policy
    frozen: list[int | None]  # the step at which a seed that has no policy was frozen
    tensors: Callable[[], dict[str, Any]]  # by name, leading with S; reads them. Raises UserError


def policies(folder: RunFolder, record: Manifest, kept: bool = False) -> Policies:
    """What a run has left. kept: each seed's best, of runs that keep it.

    Raises UserError where it is missing or another run's.
    """
    seeds = [str(seed) for seed in record.seeds]
    found: best.Best | checkpoint.Checkpoint
    if kept:
        found, index = (chosen := best.wanted(folder)), best.INDEX
        frozen = [None if seed in chosen.steps else record.frozen.get(seed, 0) for seed in seeds]
        steps = [chosen.steps.get(seed, 0) for seed in seeds]

        def tensors() -> dict[str, Any]:
            return dict(best.load(folder, chosen))
    else:
        found, index = (latest := checkpoint.read(folder)), checkpoint.INDEX
        frozen = [latest.frozen.get(seed) for seed in seeds]
        steps = [latest.steps for _ in seeds]

        def tensors() -> dict[str, Any]:
            return dict(checkpoint.load(folder, latest)["agent"])

    if found.row != record.identity or found.seeds != record.seeds:
        raise UserError(f"{folder.path / index} belongs to another run", "restore the folder from a copy")
    return Policies(index, steps, frozen, tensors)
