"""A trained policy: observations in, actions out, both of the environment's own spaces."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from taxon.operators.observations import flat_size
from taxon.runtime.agent import begun, map_state, named_tensors
from taxon.runtime.errors import UserError
from taxon.runtime.policies.actions import actions_of
from taxon.runtime.policies.observations import rows
from taxon.runtime.policies.opening import Opened, open_run


class Policy:
    """One seed's policy, as its checkpoint left it. It needs no environment.

    Normalisation of observations and rescaling of actions are inside. What acting keeps from step to step (the state of
    a recurrent network, noise with memory) lives here until `reset`.
    """

    def __init__(self, opened: Opened, seed: int | None = None) -> None:
        """seed: one of the run's; the first that is not frozen where it is None.

        Raises UserError where there is no such seed, or it was frozen.
        """
        place = opened.place(seed)
        self.record = opened.record
        self.steps = opened.steps[place]
        self.seed = opened.record.seeds[place]
        self.device = opened.device
        self.agent = opened.agent
        self.state = map_state(lambda leaf: leaf[place : place + 1].clone(), opened.state)
        self._actions = actions_of(opened.record.action)
        self._memory: Any = None
        self.reset(seed=self.seed)

    def __repr__(self) -> str:
        record = self.record
        return f"<policy of {record.name} on {record.recipe()}, seed {self.seed}, {self.steps:,} steps>"

    @property
    def width(self) -> int:
        """O, the numbers of a flat observation."""
        return flat_size(self.record.observation.layout())

    def act(self, observation: Any, draw: bool = False) -> NDArray[Any] | np.generic:
        """The action for one observation of the environment's own space, or N of them for a batch.

        A batch is what vectorised environments show: each array with an axis of N in front. The action is the mean or
        the most probable one; with `draw` it is drawn as in training, exploration included, from a stream that
        `reset(seed=...)` begins anew. A box's action has its type and bounds; a choice counts from the space's start.
        Raises UserError for an observation of another form or one that is not finite, and for a batch of another size
        while the policy keeps something of each of its environments.
        """
        flat, several = rows(self.record.observation, observation)
        with torch.no_grad():
            taken = self.act_rows(torch.from_numpy(flat).to(self.device), draw)
        actions = self._actions(taken.cpu().numpy())
        return actions if several else actions[0]

    def act_rows(self, observation: torch.Tensor, draw: bool = False) -> torch.Tensor:
        """As `act`, on flat observations [N, O] to rows [N, A] in [-1, 1], or one entry a choice."""
        count = len(observation)
        memory = self.agent.memory(1, count, self.device) if self._memory is None else self._memory
        self._check_width(count)
        if draw:
            noise = self.agent.act_noise([self._draws], count, self.device)
            after, columns = self.agent.act(self.state, memory, observation.unsqueeze(0), noise)
            taken = columns["action"]
        else:
            after, taken = self.agent.act_mean(self.state, memory, observation.unsqueeze(0))
        if after is not memory:
            self._memory = after
        return taken[0]

    def reset(self, begins: ArrayLike | None = None, seed: int | None = None) -> None:
        """An episode begins: what acting keeps is as at its start; begins: in which environments of a batch, [N] 0/1.

        seed: begins the stream of drawn actions anew.
        Raises UserError where `begins` has another size than the batch.
        """
        if seed is not None:
            state = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
            self._draws = torch.Generator(self.device).manual_seed(state)
        if begins is None:
            self._memory = None
        elif self._memory is not None:
            where = torch.as_tensor(np.asarray(begins, dtype=np.float32), device=self.device).reshape(1, -1)
            self._check_width(where.shape[1])
            self._memory = begun(self._memory, where, self.agent.memory(1, where.shape[1], self.device))

    def _check_width(self, count: int) -> None:
        kept = [] if self._memory is None else [len(leaf[0]) for _, leaf in named_tensors(self._memory)]
        if any(width != count for width in kept):
            raise UserError(
                f"the policy keeps something of {kept[0]} environments, and this batch has {count}",
                "call reset() where other episodes begin",
            )


def load_policy(
    path: Path, source: str, row: str, seed: int | None = None, device: str = "auto", kept: bool = False
) -> Policy:
    """The policy of one seed of the run in the folder at `path`; the rest and the errors as `open_run` has them."""
    return Policy(open_run(path, source, row, device, kept), seed)
