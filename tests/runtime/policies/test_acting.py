"""A loaded policy acts as its evaluation does, bit for bit, on the environment's own spaces."""

import json

import gymnasium
import numpy as np
import pytest
import seen  # noqa: F401 registers an environment
import torch
import worlds  # noqa: F401 registers environments

from taxon.runtime.errors import UserError
from taxon.runtime.loop.streams import evaluation_start, streams
from taxon.runtime.policies.policy import Policy, load_policy
from taxon.runtime.saved import evaluate_run
from tests.runtime.policies.small_runs import SmallRun, small_run


def played(policy: Policy, environment: gymnasium.Env, start: int) -> float:
    """The return of an episode that `start` begins, in gymnasium's own hands."""
    observation, _ = environment.reset(seed=start)
    policy.reset()
    total, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, _ = environment.step(policy.act(observation))
        total, over = total + float(reward), terminated or truncated
    return total


@pytest.mark.parametrize(
    ("spec", "environment"),
    [
        ("sac", "Pendulum-v1"),
        ("ppo", "Pendulum-v1"),
        ("ppo", "CartPole-v1"),
        ("power", "taxon/LinearQuadratic-v0"),
        ("ppo", "known/Discrete-v0"),
        ("sac", "known/Bytes-v0"),
        ("sac", "policies/Seen-v0"),
    ],
)
def test_a_policy_acts_as_its_evaluation(runs, spec, environment):
    run = runs(spec, environment)
    result = evaluate_run(run.path, run.program.source, run.program.row, 1, "cpu")
    for seed, number in zip(result.seeds, streams([3, 5], torch.device("cpu")).evaluation, strict=True):
        own = gymnasium.make(environment, disable_env_checker=True)
        assert seed.returns == [played(run.policy(seed.seed), own, evaluation_start(number, seed.steps))]


@pytest.fixture(scope="module")
def pendulum(runs) -> SmallRun:
    return runs("sac", "Pendulum-v1")


OBSERVED = np.random.default_rng(7).normal(size=(6, 3)).astype(np.float32)


def test_a_batch_is_each_of_its_observations(pendulum):
    policy = pendulum.policy()
    assert (policy.seed, policy.steps) == (3, 40)
    batch = policy.act(OBSERVED)
    assert (batch.shape, batch.dtype) == ((6, 1), np.float32)
    for observation, action in zip(OBSERVED, batch, strict=True):
        alone = policy.act(observation)
        assert alone.shape == (1,)
        np.testing.assert_allclose(alone, action, rtol=0, atol=1e-6)
    assert policy.act(OBSERVED[:1]).shape == (1, 1)
    assert policy.act(OBSERVED[:0]).shape == (0, 1)
    assert not np.allclose(batch, pendulum.policy(5).act(OBSERVED))


def test_a_draw_is_the_agents_own_rescaled(pendulum):
    policy, other = pendulum.policy(), pendulum.policy()
    drawn = policy.act(OBSERVED, draw=True)
    state = int(np.random.SeedSequence(3).generate_state(1, np.uint64)[0])
    noise = policy.agent.act_noise([torch.Generator().manual_seed(state)], 6, torch.device("cpu"))
    _, columns = policy.agent.act(policy.state, policy.agent.memory(1, 6, "cpu"), torch.tensor(OBSERVED)[None], noise)
    np.testing.assert_array_equal(drawn, 2 * columns["action"][0].numpy())  # Pendulum's torque is in [-2, 2]
    assert not np.array_equal(drawn, policy.act(OBSERVED, draw=True))
    policy.reset(seed=3)
    np.testing.assert_array_equal(drawn, policy.act(OBSERVED, draw=True))
    np.testing.assert_array_equal(drawn, other.act(OBSERVED, draw=True))
    np.testing.assert_array_equal(policy.act(OBSERVED), other.act(OBSERVED))  # what was drawn leaves the mean alone


def test_noise_with_memory_goes_on_until_a_reset(tmp_path):
    policy = small_run(tmp_path / "run", "ddpg", "Pendulum-v1", "exploration=ornstein_uhlenbeck").policy()
    mean = policy.act_rows(torch.tensor(OBSERVED))
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence(9).generate_state(1, np.uint64)[0]))
    policy.reset(seed=9)
    process = torch.zeros(6, 1)
    for step in range(4):
        if step == 2:
            policy.reset(begins=[0, 1, 0, 0, 1, 0])
            process[[1, 4]] = 0
        process = 0.85 * process + 0.2 * policy.agent.act_noise([generator], 6, policy.device)[0]
        expected = (mean + process).clamp(-1, 1)
        torch.testing.assert_close(policy.act_rows(torch.tensor(OBSERVED), draw=True), expected)
    with pytest.raises(UserError, match="keeps something of 6 environments, and this batch has 1"):
        policy.act(OBSERVED[0], draw=True)
    with pytest.raises(UserError, match="and this batch has 2"):
        policy.reset(begins=[0, 1])
    policy.reset()
    assert policy.act(OBSERVED[0], draw=True).shape == (1,)


def test_a_choice_is_a_number_of_the_space(runs):
    policy = runs("ppo", "known/Discrete-v0").policy(5)
    space = gymnasium.make("known/Discrete-v0", disable_env_checker=True).action_space
    single, batch = policy.act(2), policy.act(np.array([0, 1, 2, 3]))
    assert space.contains(single)
    assert (batch.shape, batch.dtype) == ((4,), np.int64)
    assert batch[2] == single
    policy.reset(seed=1)
    drawn = {int(action) for action in policy.act(np.zeros(200, int), draw=True)}
    assert drawn == {5, 6, 7}


def test_no_environment_is_made(pendulum, monkeypatch):
    def refused(*arguments, **settings):
        raise AssertionError("an environment was made")

    monkeypatch.setattr(gymnasium, "make", refused)
    assert "SAC" not in repr(pendulum.policy())
    assert repr(pendulum.policy()) == "<policy of sac on Pendulum-v1, seed 3, 40 steps>"


def test_a_seed_that_is_none_or_was_frozen_is_refused(pendulum, tmp_path):
    with pytest.raises(UserError, match="has no seed 4") as raised:
        pendulum.policy(4)
    assert raised.value.help == "choose one of 3, 5"
    run = small_run(tmp_path / "run", "sac", "worlds:known/Walk-raises-v0", seeds=(5, 6), steps=60)
    with pytest.raises(UserError, match=r"seed 5 of .* was frozen at step \d+") as raised:
        run.policy(5)
    assert raised.value.help == "choose one of 6"
    assert run.policy().seed == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"action": {"kind": "choice", "n": 2, "start": 0, "dtype": "int64"}},
            "actions that the spec.s policy does",
        ),
        ({"observation": {"kind": "box", "shape": [4], "dtype": "float32"}}, "does not fit"),
        ({"observation": {"kind": "box", "shape": [0], "dtype": "float32"}}, "an observation of 0 numbers"),
        ({"observation": "float32[3]"}, "observation"),
        ({"row": "00"}, "its hash differs"),
        ({"seeds": [1, 2]}, "belongs to another run"),
    ],
)
def test_a_record_that_is_not_the_runs_is_refused(pendulum, tmp_path, change, said):
    copied = tmp_path / "copied"
    copied.mkdir()
    for file in pendulum.path.iterdir():
        if file.is_file():
            (copied / file.name).write_bytes(file.read_bytes())
    record = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps(record | change))
    with pytest.raises(UserError, match=said):
        load_policy(copied, pendulum.program.source, pendulum.program.row, None, "cpu")
