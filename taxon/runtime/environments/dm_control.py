"""The DeepMind Control Suite as gymnasium environments (Tassa et al. 2018).

The suite is loaded directly, because the models of some tasks are themselves drawn from the seed.
"""

from typing import Any

import gymnasium
import numpy as np
from dm_control import suite
from gymnasium import spaces
from numpy.typing import NDArray

from taxon.runtime.environments.faults import UnusableEnvironmentError

PREFIX = "dm_control/"
UNBOUNDED = 1e10  # what MuJoCo writes for an actuator without limits (mjMAXVAL)


def tasks() -> list[str]:
    """Every id, as `dm_control/walker-walk`."""
    return [f"{PREFIX}{domain}-{task}" for domain, task in suite.ALL_TASKS]


class Task(gymnasium.Env[dict[str, NDArray[Any]], NDArray[Any]]):
    """One task; its observation is a dictionary, flattened by its keys in alphabetical order.

    The suite's last step carries a discount: zero is a termination, anything else a time limit.
    """

    def __init__(self, id: str, seed: int, render_mode: str | None = None, **settings: Any) -> None:
        """settings: of the function that makes the task, such as `time_limit` in seconds and `environment_kwargs`."""
        domain, task = id.removeprefix(PREFIX).split("-")
        if "random" in settings:
            raise UnusableEnvironmentError(f"{id} draws by the seeds of the run", "leave the argument random out")
        self.environment: Any = suite.load(domain, task, task_kwargs={**settings, "random": seed})
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": round(1 / self.environment.control_timestep())}
        specification = self.environment.action_spec()
        low, high = (
            np.broadcast_to(end, specification.shape) for end in (specification.minimum, specification.maximum)
        )
        self.action_space = spaces.Box(
            np.where(low <= -UNBOUNDED, -np.inf, low),
            np.where(high >= UNBOUNDED, np.inf, high),
            dtype=specification.dtype,
        )
        self.observation_space: spaces.Space[Any] = spaces.Dict(
            {
                name: spaces.Box(-np.inf, np.inf, part.shape, np.float64)
                for name, part in self.environment.observation_spec().items()
            }
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Start an episode; a seed restarts the task's stream of random numbers."""
        if seed is not None:
            self.environment.task.random.seed(seed)
        return self.environment.reset().observation, {}

    def step(self, action: NDArray[Any]) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        moment = self.environment.step(action)
        last = moment.last()
        terminated = last and moment.discount == 0.0
        return moment.observation, float(moment.reward), terminated, last and not terminated, {}

    def render(self) -> NDArray[np.uint8]:
        return np.asarray(self.environment.physics.render(height=480, width=640, camera_id=0), dtype=np.uint8)

    def close(self) -> None:
        self.environment.close()
