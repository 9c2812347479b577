"""A run's agents as its checkpoint left them. The one place where a run's folder becomes something that acts."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from taxon.runtime.agent import Agent, map_state
from taxon.runtime.device.device import choose_device
from taxon.runtime.edited.blame import blamed
from taxon.runtime.edited.edit import Edit
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint, manifest, module
from taxon.runtime.folder.policies import policies
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.folder.spaces import ChoiceAction


@dataclass(frozen=True)
class Opened:
    """A run that can act: every seed of it, but for those that were frozen."""

    path: Path
    record: manifest.Manifest
    steps: list[int]  # environment steps behind each seed's policy
    agent: Agent
    state: Any  # of all seeds: every tensor leads with S
    frozen: Mapping[int, int]  # index on the seed axis -> the step at which the seed was frozen
    device: torch.device

    @property
    def alive(self) -> list[int]:
        """The seeds that are not frozen, as indices on the seed axis."""
        return [index for index in range(len(self.record.seeds)) if index not in self.frozen]

    def place(self, seed: int | None) -> int:
        """The index on the seed axis of a seed, of the first that is not frozen where it is None.

        Raises UserError where the run has no such seed, or it was frozen.
        """
        seeds = self.record.seeds
        if seed is None:
            if not self.alive:
                raise UserError(f"every seed of {self.path} was frozen: there is no policy to act with", "train again")
            return self.alive[0]
        if seed not in seeds:
            some = ", ".join(map(str, seeds[:10])) + (", ..." if len(seeds) > 10 else "")
            raise UserError(f"{self.path} has no seed {seed}", f"choose one of {some}")
        index = seeds.index(seed)
        if index in self.frozen:
            message = f"seed {seed} of {self.path} was frozen at step {self.frozen[index]:,}: it is no longer finite"
            others = ", ".join(str(seeds[other]) for other in self.alive[:10])
            raise UserError(message, f"choose one of {others}" if others else "train again")
        return index


def open_run(path: Path, source: str, row: str, device: str = "auto", kept: bool = False) -> Opened:
    """Open the checkpoint in the run's folder at `path` with `source`, emitted anew from its resolved spec.

    The folder's own agent.py is never executed: a run may come from a stranger. No environment is made: run.json has
    its spaces. row: the hash of that spec, which must be the one that the run recorded; of an edited module, which
    `source` is then, its own. kept: each seed's best policy, where the run kept them, in the place of its latest.
    Raises UserError for a folder, a checkpoint or a device that cannot be used.
    """
    folder = RunFolder(path)
    record = manifest.read(folder)
    record.check_program(folder, row)
    where = choose_device(device)
    left = policies(folder, record, kept)
    edit = None if record.edited is None else Edit(record.edited.file)
    with tempfile.TemporaryDirectory() as temporary, blamed(edit, Path(temporary) / module.FILE):
        emitted = module.load(source, Path(temporary) / module.FILE)
    if emitted.Agent.discrete != isinstance(record.action, ChoiceAction):
        raise UserError(
            f"{path / manifest.FILE} has actions that the spec's policy does not give: {record.action.text()}",
            "restore the file from a copy",
        )
    agent: Agent = emitted.Agent(record.observation.layout(), record.action.size)
    fresh = agent.init([torch.Generator() for _ in record.seeds])
    template = map_state(lambda leaf: leaf.to(where), fresh)
    state = checkpoint.agent_state(folder, left.tensors(), template, left.index)
    frozen = {index: step for index, step in enumerate(left.frozen) if step is not None}
    return Opened(path, record, left.steps, agent, state, frozen, where)
