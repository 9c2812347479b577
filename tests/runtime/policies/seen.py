"""An environment that shows a dictionary: a picture, a choice, a pair of a number and bits."""

from typing import ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces


class Seen(gymnasium.Env):
    """Four steps whose rewards are what the action is."""

    metadata: ClassVar = {"render_modes": []}
    observation_space = spaces.Dict(
        {
            "eye": spaces.Box(0, 255, (3, 2, 1), np.uint8),
            "gear": spaces.Discrete(3, start=1),
            "rest": spaces.Tuple((spaces.Box(-9.0, 9.0, (), np.float64), spaces.MultiBinary(2))),
            "dials": spaces.MultiDiscrete([2, 3], start=[0, 4]),
        }
    )
    action_space = spaces.Box(np.array([-1.0, 0.0]), np.array([3.0, 1.0]), dtype=np.float64)

    def _look(self):
        draws = self.np_random
        eye = draws.integers(0, 256, (3, 2, 1)).astype(np.uint8)
        rest = np.array(draws.normal()), draws.integers(0, 2, 2).astype(np.int8)
        return {"eye": eye, "gear": draws.integers(1, 4), "rest": rest, "dials": draws.integers([0, 4], [2, 7])}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return self._look(), {}

    def step(self, action):
        self.time += 1
        return self._look(), float(action.sum()), False, self.time == 4, {}


gymnasium.register("policies/Seen-v0", Seen)
