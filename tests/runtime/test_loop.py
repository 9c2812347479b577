from typing import NamedTuple

import numpy as np
import pytest
import torch
from recorder import Recorder, leaves, loop_of, run
from torch import Tensor

from taxon.operators.data import Episodes, Phase, Replay
from taxon.operators.observations import Array
from taxon.operators.returns import lambda_returns, td_target
from taxon.runtime.loop.loop import map_state

REPLAY = Replay(capacity=100, batch=4, warmup=0, random_warmup=False, steps_per_update=1, sequence=1, episodes=False)


@pytest.mark.parametrize(
    ("id", "terminated", "truncated"), [("known/Terminates-v0", 1.0, 0.0), ("known/TimeLimit-v0", 0.0, 1.0)]
)
def test_what_is_stored_at_an_episodes_end(id, terminated, truncated):
    """The final observation is the real one, the flags are kept apart, and the next row starts from the reset."""
    loop = run(loop_of(Recorder(), REPLAY._replace(episodes=True), id, [0], 7), 7)
    stored = loop.source.episodes()
    assert stored.observation[0, :, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert stored.next_observation[0, :, 0].tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert stored.reward[0].tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert stored.terminated[0].tolist() == [0, 0, terminated, 0, 0, terminated, 0]
    assert stored.truncated[0].tolist() == [0, 0, truncated, 0, 0, truncated, 0]
    assert stored.log_prob[0].tolist() == [0.25, 1.25, 2.25, 0.25, 1.25, 2.25, 0.25]

    # With v(s) = 100 s: y = r + gamma (1 - terminated) v(s'), the last s' being 3.
    gamma, keep = 0.5, 1.0 - terminated
    next_value = 100 * stored.next_observation[..., 0]
    y = td_target(stored.reward, next_value, stored.terminated, gamma)
    assert y[0, :3].tolist() == [51.0, 102.0, 3.0 + keep * 150.0]
    # The lambda-return by hand: G_2 = y_2, G_t = r_t + gamma (0.5 v_{t+1} + 0.5 G_{t+1}).
    last = 3.0 + keep * 150.0
    middle = 2.0 + gamma * (0.5 * 200.0 + 0.5 * last)
    first = 1.0 + gamma * (0.5 * 100.0 + 0.5 * middle)
    returns = lambda_returns(stored.reward, next_value, stored.terminated, stored.ended, gamma, 0.5)
    np.testing.assert_allclose(returns[0, :3], [first, middle, last])


def test_counts_follow_the_spec():
    data = REPLAY._replace(warmup=10, random_warmup=True, steps_per_update=4)
    agent = Recorder()
    agent.phases = (agent.phases[0]._replace(updates=3),)
    loop = run(loop_of(agent, data, "known/Terminates-v0", [0, 1], 50), 50)
    assert loop.steps == 50
    assert loop.updates == {"update": 3 * (1 + (50 - 10) // 4)}
    assert loop.samples == loop.updates["update"] * 4
    assert sum(len(environment.raw.unwrapped.received) for environment in loop.collector.vector.environments) == 100
    episodes = loop.take_episodes()
    assert len(episodes) == 2 * (50 // 3)
    assert {(episode.total, episode.length) for episode in episodes} == {(6.0, 3)}
    assert sorted({episode.step for episode in episodes}) == list(range(3, 51, 3))
    assert loop.take_episodes() == []
    # Random actions exactly while warming up; the metrics' mean over the 33 updates.
    actions = loop.source.episodes().action[0, :, 0]
    assert (actions > 9).tolist() == [True] * 10 + [False] * 40
    assert loop.take_metrics() == {"update": {"loss": [16.0, 16.0]}}
    assert loop.take_metrics() == {}


def test_windows_wait_until_there_are_enough_steps():
    agent = Recorder()
    loop = run(loop_of(agent, REPLAY._replace(sequence=5), "known/Terminates-v0", [0], 8), 8)
    assert loop.updates == {"update": 4}
    assert agent.batches[0].reward.shape == (1, 4, 5)
    assert agent.batches[0].reward[0, 0].tolist() == [1, 2, 3, 1, 2]


def test_phases_over_whole_episodes_refresh_then_pass():
    class Refreshed(NamedTuple):
        observation: Tensor
        target: Tensor

    agent = Recorder()
    value = Phase("value", 3, Refreshed, agent.refresh, agent.noise, agent.update)
    agent.phases = (value, value._replace(name="policy", updates=2))
    data = REPLAY._replace(episodes=True, steps_per_update=8, batch=3)
    loop = run(loop_of(agent, data, "known/Truncates-v0", [0], 16), 16)
    assert agent.order == 2 * (["refresh"] + ["update"] * 3 + ["refresh"] + ["update"] * 2)
    assert loop.updates == {"value": 6, "policy": 4}
    assert isinstance(agent.refreshed[0], Episodes)
    # After 8 steps two episodes of three are complete: each pass of two minibatches is these six steps.
    first = torch.cat([batch.target for batch in agent.batches[:2]], 1)
    assert sorted(first[0].tolist()) == [10, 10, 20, 20, 30, 30]
    assert agent.batches[0].observation.shape == (1, 3, 2)
    torch.testing.assert_close(agent.batches[0].target, 10 * (agent.batches[0].observation[..., 0] + 1))


def test_a_seed_trains_the_same_alone_and_among_others(toy):
    def trained(seeds):
        torch.manual_seed(len(seeds))  # the global stream must not matter
        return run(loop_of(toy.Agent(Array((3,)), 1), toy.DATA, "Pendulum-v1", seeds, 300), 300)

    together, alone = trained([2, 7, 4]), trained([7])
    picked = map_state(lambda leaf: leaf[1:2], together.state)
    for mine, other in zip(*map(leaves, (picked, alone.state)), strict=True):
        assert torch.equal(mine, other)
    assert torch.equal(together.source.rows[1], alone.source.rows[0])
    assert [e.total for e in together.take_episodes() if e.seed == 1] == [e.total for e in alone.take_episodes()]
    first, second = (map_state(lambda leaf, k=k: leaf[k], together.state) for k in (0, 1))
    assert not torch.equal(first.policy.params, second.policy.params)
    assert together.updates == {"update": 281}


def test_a_seed_that_becomes_non_finite_is_frozen_and_the_others_go_on(toy):
    class Failing(toy.Agent):
        def update(self, state, batch, noise):
            new, metrics = super().update(state, batch, noise)
            poison = torch.zeros(len(state.updates))
            if len(poison) > 1:
                poison[1] = torch.where(state.updates[0] == 29, torch.nan, 0.0)
            policy = new.policy._replace(params=new.policy.params + poison.unsqueeze(1))
            return new._replace(policy=policy), metrics | {"policy": new.policy.params.sum(1) + poison}

    def trained(agent, seeds, steps):
        return run(loop_of(agent, toy.DATA, "Pendulum-v1", seeds, 100), steps)

    loop, before = trained(Failing(Array((3,)), 1), [0, 1, 2], 100), trained(toy.Agent(Array((3,)), 1), [1], 48)
    assert loop.frozen() == {1: 49}  # the first update is at step 20, the thirtieth here
    assert loop.living == 2
    assert torch.equal(loop.state.policy.params[1], before.state.policy.params[0])
    assert torch.isfinite(loop.state.policy.params).all()
    assert loop.state.updates.tolist() == [81, 29, 81]
    metrics = loop.take_metrics()["update"]["value_loss"]
    assert np.isnan(metrics[1])
    assert np.isfinite([metrics[0], metrics[2]]).all()
    for index, seed in ((0, 0), (2, 2)):
        assert torch.equal(
            loop.state.critic.params[index], trained(toy.Agent(Array((3,)), 1), [seed], 100).state.critic.params[0]
        )


def test_a_frozen_seeds_environment_rests():
    class Silent(Recorder):
        def act(self, state, memory, observation, noise):
            memory, taken = super().act(state, memory, observation, noise)
            failing = torch.tensor([0.0, torch.nan]) if state.value[0] == 5 else torch.zeros(2)
            return memory, taken | {"action": taken["action"] + failing.view(2, 1, 1)}

    loop = run(loop_of(Silent(), REPLAY, "known/Terminates-v0", [0, 1], 20), 20)
    assert loop.frozen() == {1: 6}
    assert [len(environment.raw.unwrapped.received) for environment in loop.collector.vector.environments] == [20, 5]
    assert loop.state.value.tolist() == [20, 5]
    assert loop.environment_steps == [20, 5]
