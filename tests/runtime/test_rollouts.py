"""Rounds over several environments of a seed: what is stored, what waits, and what is counted."""

from typing import NamedTuple

import pytest
import torch
from recorder import CPU, Recorder, leaves, loop_of, run
from torch import Tensor

from taxon.compiler.standalone import standalone
from taxon.operators.data import Phase, Rollouts
from taxon.operators.noise import standard_normal
from taxon.operators.observations import Array
from taxon.runtime.experience.rollouts import RolloutBuffer
from taxon.runtime.folder import module
from taxon.runtime.loop.loop import map_state, streams


class Whole(NamedTuple):
    reward: Tensor
    valid: Tensor
    target: Tensor


class Part(NamedTuple):
    observation: Tensor
    target: Tensor


def test_a_segment_is_read_environment_by_environment():
    data = Rollouts(environments=2, steps=3, batch=4)
    segment = RolloutBuffer(data, 2, 100, 1, {"action": (1,)}, CPU)
    zero = torch.zeros(2, 2)
    for t in range(3):
        place = torch.tensor([[0.0, 10.0], [100.0, 110.0]]) + t
        over = torch.tensor([[1.0, 0.0], [0.0, 0.0]]) * (t == 1)
        valid = torch.tensor([[1.0, 1.0], [1.0, float(t < 2)]])
        begins = torch.ones(2, 2) * (t in (0, 2))
        known = torch.stack([place, -place, valid, begins], -1)
        segment.add(known, torch.stack([place + 1, place, over, zero], -1), over.numpy() > 0)
    assert segment.due(6) == 1
    assert segment.bytes == 2 * 2 * 3 * 8 * 4
    episodes = segment.episodes()
    assert episodes.reward.tolist() == [[0, 1, 2, 10, 11, 12], [100, 101, 102, 110, 111, 0]]
    assert episodes.observation.shape == (2, 6, 1)
    assert episodes.next_observation[..., 0].tolist() == [[1, 2, 3, 11, 12, 13], [101, 102, 103, 111, 112, 0]]
    assert episodes.terminated.tolist() == [[0, 1, 0, 0, 0, 0], [0] * 6]
    assert episodes.ended.tolist() == [[0, 1, 1, 0, 0, 1], [0, 0, 1, 0, 0, 1]]
    assert episodes.valid.tolist() == [[1] * 6, [1] * 5 + [0]]
    assert episodes.begins.tolist() == [[1, 0, 1, 1, 0, 1], [1, 0, 1, 1, 0, 0]]
    assert episodes.log_prob is None


def whole_rounds(**changes):
    """An agent with one whole phase, and its data."""
    agent = Recorder()
    agent.phases = (Phase("all", 1, Whole, agent.refresh, agent.noise, agent.update, whole=True),)
    return agent, Rollouts(**({"environments": 2, "steps": 5, "batch": 4} | changes))


@pytest.mark.parametrize(
    ("id", "terminated", "truncated"), [("known/Terminates-v0", 1, 0), ("known/TimeLimit-v0", 0, 1)]
)
def test_episodes_continue_across_rounds(id, terminated, truncated):
    agent, data = whole_rounds()
    loop = run(loop_of(agent, data, id, [0, 1], 20), 10)
    first, second = agent.refreshed
    for seed in range(2):
        assert first.observation[seed, :, 0].tolist() == 2 * [0, 1, 2, 0, 1]
        assert first.next_observation[seed, :, 0].tolist() == 2 * [1, 2, 3, 1, 2]
        assert first.reward[seed].tolist() == 2 * [1, 2, 3, 1, 2]
        assert first.terminated[seed].tolist() == 2 * [0, 0, terminated, 0, 0]
        assert first.truncated[seed].tolist() == 2 * [0, 0, truncated, 0, 0]
        assert first.ended[seed].tolist() == 2 * [0, 0, 1, 0, 1]
        assert first.valid[seed].tolist() == [1] * 10
        assert first.log_prob[seed].tolist() == 2 * [0.25, 1.25, 2.25, 0.25, 1.25]
        assert first.begins[seed].tolist() == 2 * [1, 0, 0, 1, 0]
        assert second.begins[seed].tolist() == 2 * [0, 1, 0, 0, 1]
        assert second.observation[seed, :, 0].tolist() == 2 * [2, 0, 1, 2, 0]
        assert second.ended[seed].tolist() == 2 * [1, 0, 0, 1, 1]
    assert [begins[0].tolist() for begins in agent.begins] == [2 * [float(t % 3 == 0)] for t in range(10)]
    assert (loop.steps, loop.environment_steps, loop.updates, loop.samples) == (20, [20, 20], {"all": 2}, 20)
    episodes = loop.take_episodes()
    assert [episode.step for episode in episodes if episode.seed == 0] == [6, 6, 12, 12, 18, 18]
    assert {(episode.total, episode.length) for episode in episodes} == {(6.0, 3)}
    batch = agent.batches[0]
    assert batch.reward.shape == (2, 10)
    torch.testing.assert_close(batch.target, 10 * batch.reward, rtol=0, atol=0)


def starts_of(episodes, steps):
    return episodes.observation[..., 1].unflatten(1, (-1, steps))[:, :, 0]


def test_restarts_run_one_episode_an_environment_and_pad_the_rest():
    agent, data = whole_rounds(environments=6, steps=9, restarts=True, group=2)
    loop = run(loop_of(agent, data, "known/Drawn-v0", [0, 1], 1000), 18)
    assert loop.steps == 2 * 9 * 6
    lengths = []
    for episodes in agent.refreshed:
        marks = starts_of(episodes, 9)
        assert torch.equal(marks[:, 0::2], marks[:, 1::2])
        assert len(marks.unique()) == 2 * 3
        lengths.append((1 + (5 * marks).int()).flatten(0, 1))
        rows = {name: column.unflatten(1, (6, 9)).flatten(0, 1) for name, column in episodes._asdict().items()}
        for index, length in enumerate(lengths[-1].tolist()):
            tail = 9 - length
            assert rows["valid"][index].tolist() == [1] * length + [0] * tail
            assert rows["reward"][index].tolist() == [*range(1, length + 1)] + [0] * tail
            assert rows["ended"][index].tolist() == [0] * (length - 1) + [1] * (tail + 1)
            assert rows["begins"][index].tolist() == [1] + [0] * 8
            odd = length % 2
            assert rows["terminated"][index].tolist() == [0] * (length - 1) + [odd] + [0] * tail
            assert rows["truncated"][index].tolist() == [0] * (length - 1) + [1 - odd] + [0] * tail
            for name in ("observation", "action", "next_observation", "log_prob"):
                assert not rows[name][index, length:].any()
                assert rows[name][index, :length].any()
    assert not torch.equal(*lengths)
    made = torch.stack(lengths).view(2, 2, 6).sum((0, 2)).tolist()
    assert loop.environment_steps == made
    assert len(loop.take_episodes()) == 2 * 2 * 6
    # Nobody acts while all wait, but the streams go on as if.
    longest = [int(of_round.max()) for of_round in lengths]
    assert len(agent.begins) == sum(longest) < 18
    assert [int(begins[0, 0]) for begins in agent.begins] == [int(t in (0, longest[0])) for t in range(sum(longest))]
    drawn = streams([0, 1], CPU).acting
    for _ in range(18):
        standard_normal(drawn, 6, 2, device=CPU)
    for mine, other in zip(loop.streams.acting, drawn, strict=True):
        assert torch.equal(mine.get_state(), other.get_state())


def test_an_episode_longer_than_the_segment_is_cut_where_restarts_follow():
    agent, data = whole_rounds(steps=2, restarts=True)
    loop = run(loop_of(agent, data, "known/Terminates-v0", [0], 8), 4)
    for episodes in agent.refreshed:
        assert episodes.observation[0, :, 0].tolist() == [0, 1, 0, 1]
        assert episodes.truncated[0].tolist() == [0, 1, 0, 1]
        assert not episodes.terminated.any()
    assert [(e.step, e.total, e.length) for e in loop.take_episodes()] == 2 * [(4, 3.0, 2)] + 2 * [(8, 3.0, 2)]


@pytest.mark.parametrize(
    ("id", "observation", "action", "changes"),
    [
        ("Pendulum-v1", 3, 1, {}),
        ("known/Drawn-v0", 2, 2, {}),
        ("known/Drawn-v0", 2, 2, {"restarts": True, "group": 2, "steps": 7}),
    ],
)
def test_a_seed_rolls_out_the_same_alone_and_among_others(toy, id, observation, action, changes):
    data = Rollouts(environments=3, steps=8, batch=8)._replace(**changes)

    class Rolling(toy.Agent):
        def __init__(self):
            super().__init__(Array((observation,)), action)
            self.phases = (self.phases[0]._replace(updates=5),)

    def trained(seeds):
        torch.manual_seed(len(seeds))  # the global stream must not matter
        return run(loop_of(Rolling(), data, id, seeds, 1000), 5 * data.steps + 2)

    together, alone = trained([2, 7, 4]), trained([7])
    picked = map_state(lambda leaf: leaf[1:2], together.state)
    for mine, other in zip(*map(leaves, (picked, alone.state)), strict=True):
        assert torch.equal(mine, other)
    stored = (together.source.episodes(), alone.source.episodes())
    for mine, other in zip(*(list(leaves(episodes[:-1])) for episodes in stored), strict=True):
        assert torch.equal(mine[1], other[0])
    assert [e._replace(seed=0) for e in together.take_episodes() if e.seed == 1] == alone.take_episodes()
    assert together.environment_steps[1] == alone.environment_steps[0]
    assert together.updates == {"update": 25}
    assert not torch.equal(*together.state.policy.params[:2])


def test_the_agent_observes_the_valid_steps_once_after_the_phases():
    class Observing(Recorder):
        def observe(self, state, observation):
            self.order.append(observation[..., 0].tolist())
            return state._replace(value=state.value + 100)

    agent = Observing()
    agent.phases = (Phase("all", 1, Whole, agent.refresh, agent.noise, agent.update, whole=True),)
    data = Rollouts(environments=1, steps=5, batch=4, restarts=True)
    loop = run(loop_of(agent, data, "known/Terminates-v0", [0, 1], 5), 5)
    assert agent.order == ["refresh", "update", [[0, 1, 2]], [[0, 1, 2]]]
    assert loop.state.value.tolist() == [101, 101]


def test_columns_stay_for_later_phases_until_they_are_overridden():
    agent = Recorder()
    part = Phase("minibatches", 2, Part, None, agent.noise, agent.update)

    def halve(state, episodes, generators):
        return {"target": episodes.reward / 2}

    agent.phases = (
        Phase("all", 1, Whole, agent.refresh, agent.noise, agent.update, whole=True),
        part,
        part._replace(name="halved", updates=1, refresh=halve),
        part._replace(name="after", updates=1),
    )
    data = Rollouts(environments=2, steps=5, batch=4)
    loop = run(loop_of(agent, data, "known/Terminates-v0", [0], 10), 5)
    for batch, factor in zip(agent.batches[1:], (10, 10, 0.5, 0.5), strict=True):
        torch.testing.assert_close(batch.target, factor * (batch.observation[..., 0] + 1), rtol=0, atol=0)
    assert loop.updates == {"all": 1, "minibatches": 2, "halved": 1, "after": 1}
    assert loop.samples == 10 + 4 * 4


def test_a_delayed_update_runs_at_every_so_many():
    agent = Recorder()

    def between(state, batch, noise):
        agent.order.append("between")
        return state, {"loss": state.value + 10}

    def update(state, batch, noise):
        state, metrics = agent.update(state, batch, noise)
        return state, metrics | {"actor": state.value}

    agent.phases = (Phase("delayed", 2, Part, agent.refresh, agent.noise, update, every=3, between=between),)
    data = Rollouts(environments=2, steps=2, batch=4)
    loop = run(loop_of(agent, data, "known/Terminates-v0", [0], 100), 8)
    made = [name for name in agent.order if name != "refresh"]
    assert made == ["between", "between", "update", "between", "between", "update", "between", "between"]
    assert loop.updates == {"delayed": 8}
    # loss: 10, 10, 0, 11, 11, 1, 12, 12; actor: 1, 2
    assert loop.take_metrics() == {"delayed": {"loss": [67 / 8], "actor": [1.5]}}
    assert loop.take_metrics() == {}


def test_a_frozen_seeds_environments_rest_and_a_waiting_one_freezes_nothing():
    class Silent(Recorder):
        def act(self, state, memory, observation, noise):
            memory, taken = super().act(state, memory, observation, noise)
            action = taken["action"].clone()
            action[1, 0] = torch.nan if state.value[0] == 1 else action[1, 0]
            action[:, 1][observation[:, 1, 0] == 3] = torch.nan  # where the second walk is over
            return memory, taken | {"action": action}

    agent = Silent()
    agent.phases = (Phase("all", 1, Whole, agent.refresh, agent.noise, agent.update, whole=True),)
    data = Rollouts(environments=2, steps=5, batch=4, restarts=True)
    loop = loop_of(agent, data, "known/Terminates-v0", [0, 1, 2], 100)
    loop.collector.vector.environments[0].raw.unwrapped.length = 5  # one goes on while the other of its seed waits
    run(loop, 15)
    assert loop.frozen() == {1: 12}
    assert loop.living == 2
    assert loop.environment_steps == [3 * 8, 6, 18]
    assert loop.state.value.tolist() == [3, 1, 3]


def test_the_first_environment_has_the_same_number_however_many_there_are():
    several = streams([4, 9], CPU, 5).environment
    assert several[::5] == streams([4, 9], CPU).environment
    assert len(set(several)) == 10


@pytest.mark.parametrize("data", [None, Rollouts(environments=2, steps=16, batch=8)])
def test_discrete_actions_are_stored_one_hot(toy, data):
    class Choosing(toy.Agent):
        discrete = True

        def act(self, state, memory, observation, noise):
            memory, action = self.act_mean(state, memory, observation, noise)
            return memory, {"action": action}

        def act_mean(self, state, memory, observation, noise=0.0):
            scores = self.policy.apply(state.policy.params, observation) + noise
            return memory, torch.nn.functional.one_hot(scores.argmax(-1), self.action).float()

        def act_random(self, uniform):
            return {"action": torch.nn.functional.one_hot(uniform.argmax(-1), self.action).float()}

    loop = run(loop_of(Choosing(Array((6,)), 3), data or toy.DATA, "Acrobot-v1", [0, 1], 60), 30)
    actions = loop.source.episodes().action
    assert set(actions.flatten().tolist()) == {0.0, 1.0}
    assert (actions.sum(-1) == 1).all()
    assert loop.updates["update"] == (11 if data is None else 1)


@pytest.fixture
def script(toy_source, tmp_path):
    """The toy with rollouts, as one file that stands alone."""
    replay = next(line for line in toy_source.splitlines() if line.startswith("DATA"))
    source = toy_source.replace(replay, "DATA = Rollouts(environments=3, steps=10, batch=8)")
    return module.load(standalone(source.replace("Phase, Replay", "Phase, Rollouts")), tmp_path / "alone.py")


def test_a_script_rolls_out_the_same_numbers(toy, script):
    data = Rollouts(environments=3, steps=10, batch=8)
    ours = run(loop_of(toy.Agent(Array((3,)), 1), data, "Pendulum-v1", [3, 4], 100), 25)
    numbers = script.streams([3, 4], CPU, script.DATA.environments)
    places = [script.make("Pendulum-v1", number) for number in numbers.environment]
    theirs = run(script.Loop(script.Agent(script.Array((3,)), 1), script.DATA, places, numbers, 100, CPU), 25)
    assert ours.updates == theirs.updates == {"update": 2}
    for mine, other in zip(leaves(ours.state), leaves(theirs.state), strict=True):
        assert torch.equal(mine, other)


def test_a_script_evaluates_once_a_multiple_is_passed(script, capsys, monkeypatch):
    options = "--env Pendulum-v1 --steps 70 --device cpu --eval-every 40 --eval-episodes 1"
    monkeypatch.setattr("sys.argv", ["alone.py", *options.split()])
    script.main()
    shown = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert shown == [["step", "42", "evaluation"], ["step", "72", "evaluation"]]


@pytest.mark.parametrize(
    ("id", "message"), [("CartPole-v1", "CartPole-v1 has discrete actions"), ("taxon/LQR-v0", "taxon run")]
)
def test_a_script_says_what_it_cannot_train_on(script, capsys, monkeypatch, id, message):
    monkeypatch.setattr("sys.argv", ["alone.py", "--env", id])
    with pytest.raises(SystemExit):
        script.main()
    assert message in capsys.readouterr().err
