"""From an environment of known values to the critic that is learned: termination ends the sum, a time limit does not.

Every step pays 1 and gamma is 1/2. `Ends` terminates after three steps and shows how many are left, so its values are
1, 1.5 and 1.75. `Stops` is cut after three steps and shows nothing, so its one state is worth 2; an estimator that took
the cut for an end would find about 1.4.
"""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from taxon.compiler import emit
from taxon.runtime import module
from taxon.runtime.environments import make
from taxon.runtime.loop import Loop, streams
from taxon.semantics import load_spec

SMALL = """
  gamma = 0.5
  network {{ hidden = [16], activation = tanh }}
  optimizer.value = adam(lr = 2e-2)
  {entries}
"""
STEPS = "replay(batch = 32, warmup = 40)"
WINDOWS = "replay(batch = 8, warmup = 40) + sequences(length = 5)"
EPISODES = (
    "replay(capacity = 200, batch = 32, warmup = 60, steps_per_update = 60) "
    "+ episodes(value_updates = 60, policy_updates = 1)"
)
ESTIMATORS = {
    "td(0), Q, single steps": ("awac", "G.estimate = td(0)", STEPS),
    "td(0), two Q, single steps": ("awac", "G.estimate = td(0) + clipped_double", STEPS),
    "td(0.9), Q, windows": ("awac", "G.estimate = td(0.9)", WINDOWS),
    "retrace, Q, windows": (
        "awac",
        "G.estimate = retrace(1)",
        WINDOWS,
    ),
    "td(0), V, single steps": ("awr", "G.estimate = td(0)", STEPS),
    "td(0.9), V, windows": ("awr", "G.estimate = td(0.9)", WINDOWS),
    "td(0.9), V, episodes": ("awr", "G.estimate = td(0.9)", EPISODES),
    "td(1), V, episodes": ("awr", "G.estimate = td(1)", EPISODES),
}


class Paying(gymnasium.Env):
    """One unit a step for three steps."""

    observation_space = spaces.Box(-4.0, 4.0, (1,), np.float32)
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, terminates: bool) -> None:
        self.terminates = terminates
        self.left = 3

    def _see(self):
        return np.array([self.left if self.terminates else 0.0], dtype=np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = 3
        return self._see(), {}

    def step(self, action):
        self.left -= 1
        over = self.left == 0
        return self._see(), 1.0, over and self.terminates, over and not self.terminates, {}


gymnasium.register("paying/Ends-v0", Paying, kwargs={"terminates": True})
gymnasium.register("paying/Stops-v0", Paying, kwargs={"terminates": False})


def critic_after(spec: str, entries: str, data: str, environment: str, tmp_path):
    """The agent and its state after 700 steps."""
    normalised = "network.input = raw\n  network.value.scale = 1" if spec == "awr" else ""
    body = SMALL.format(entries="\n  ".join([entries, f"data = {data}", normalised, "target = polyak(tau = 0.1)"]))
    path = tmp_path / "spec.tx"
    path.write_text(f"taxon 1\nalgorithm known extends std.{spec} {{{body}}}\n")
    resolution = load_spec(path)
    assert resolution.row is not None, resolution.diagnostics
    built = module.load(emit(resolution.row), tmp_path / "agent.py")
    device = torch.device("cpu")
    numbers = streams([0], device)
    world = make(environment, numbers.environment[0])
    agent = built.Agent(world.observation, world.action)
    loop = Loop(agent, built.DATA, [world], numbers, 700, device)
    while loop.steps < 700:
        loop.step()
    return agent, loop.state


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("environment", "values"),
    [("paying/Ends-v0", {3.0: 1.75, 2.0: 1.5, 1.0: 1.0}), ("paying/Stops-v0", {0.0: 2.0})],
)
def test_the_critic_learns_the_known_values(name, environment, values, tmp_path):
    spec, entries, data = ESTIMATORS[name]
    agent, state = critic_after(spec, entries, data, environment, tmp_path)
    observation = torch.tensor(list(values)).reshape(1, -1, 1)
    if spec == "awr":
        learned = agent.v(state.critic, observation)
    else:
        learned = agent.q(state.critic, observation, agent.act_mean(state, observation))
    torch.testing.assert_close(learned[0], torch.tensor(list(values.values())), atol=0.1, rtol=0)
