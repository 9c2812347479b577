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
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder import module
from taxon.runtime.loop.loop import Loop, streams
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
ROLLOUTS = "rollouts(environments = 2, steps = 10, policy_epochs = 1, value_epochs = 20, batch = 20)"
FRESH = "pi_p.update = sg"
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
    "3 steps, Q, windows": ("awac", "G.estimate = n_step(3)", WINDOWS),
    "2 steps, V, windows": ("awr", "G.estimate = n_step(2)", WINDOWS),
    "5 steps, V, rollouts": ("awr", f"{FRESH}\n  G.estimate = n_step(5)", ROLLOUTS),
    "td(1), V, rollouts": ("awr", f"{FRESH}\n  G.estimate = td(1)", ROLLOUTS),
    "td(0.9), Q, rollouts": ("ddpg", "G.estimate = td(0.9)", ROLLOUTS),
    "gae(0.9), V, episodes": ("awr", "G.estimate = gae(0.9)", EPISODES),
    "gae(0.9), V, windows": ("awr", "G.estimate = gae(0.9)", WINDOWS),
    "gae(0.9), V, rollouts": ("awr", f"{FRESH}\n  G.estimate = gae(0.9)", ROLLOUTS),
    "gae(1), V, restarts": ("awr", f"{FRESH}\n  G.estimate = gae(1)", f"{ROLLOUTS} + restarts"),
}
# Without a critic the return is the sum of the episode's rewards, whatever ended it; the rest of a row is padding.
RETURNS = {
    "rollouts": ("pi_p.update = analytic", "rollouts(environments = 2, steps = 5) + restarts", [1.75, 1.5, 1.0, 0, 0]),
    "replay": (
        "pi_p.update = analytic + mixture",
        "replay(capacity = 6, warmup = 6, steps_per_update = 6) + episodes",
        [1.75, 1.5, 1.0],
    ),
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


def load(text: str, tmp_path):
    """The module of a spec's text."""
    path = tmp_path / "spec.tx"
    path.write_text(text)
    resolution = load_spec(path)
    assert resolution.row is not None, resolution.diagnostics
    return module.load(emit(resolution.row), tmp_path / "agent.py")


def loop_in(environment: str, built, steps: int, wrap=lambda agent: agent) -> Loop:
    """A loop of one seed."""
    device = torch.device("cpu")
    numbers = streams([0], device, built.DATA.environments)
    worlds = [make(Recipe(environment), number) for number in numbers.environment]
    agent = wrap(built.Agent(worlds[0].layout, worlds[0].action))
    return Loop(agent, built.DATA, worlds, numbers, steps, device)


def critic_after(spec: str, entries: str, data: str, environment: str, tmp_path):
    """The agent and its state after 300 steps."""
    normalised = "network.input = raw\n  network.value.scale = 1" if spec == "awr" else ""
    body = SMALL.format(entries="\n  ".join([entries, f"data = {data}", normalised, "target = polyak(tau = 0.2)"]))
    built = load(f"taxon 1\nalgorithm known extends std.{spec} {{{body}}}\n", tmp_path)
    loop = loop_in(environment, built, 300)
    while loop.steps < 300:
        loop.step()
    return loop.agent, loop.state


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
        learned = agent.v(state.critic.params, observation)
    else:
        _, action = agent.act_mean(state, agent.memory(1, 1, torch.device("cpu")), observation)
        learned = agent.q(state.critic.params, observation, action)
    torch.testing.assert_close(learned[0], torch.tensor(list(values.values())), atol=0.05, rtol=0)


@pytest.mark.parametrize("name", RETURNS)
@pytest.mark.parametrize("environment", ["paying/Ends-v0", "paying/Stops-v0"])
def test_a_return_without_a_critic_ends_with_its_episode(name, environment, tmp_path):
    update, data, expected = RETURNS[name]
    entries = f"gamma = 0.5\n  {update}\n  data = {data}"
    built = load(f"taxon 1\nalgorithm known extends std.power {{\n  {entries}\n}}\n", tmp_path)
    seen = []

    def watched(agent):
        (phase,) = agent.phases

        def refresh(state, episodes, generators):
            columns = phase.refresh(state, episodes, generators)
            seen.append(columns["weight"] * episodes.valid)
            return columns

        agent.phases = (phase._replace(refresh=refresh),)
        return agent

    loop = loop_in(environment, built, 20, watched)
    while not seen:
        loop.step()
    torch.testing.assert_close(seen[0], torch.tensor([expected * 2]))
