import math

import gymnasium
import numpy as np
import pytest
from tasks.episodes import play

import taxon.tasks  # noqa: F401
from taxon.tasks.bandit import LinearQuadratic, optimal_action
from taxon.tasks.regulator import Regulator, optimal_return, riccati


def made(id: str, **settings: float) -> gymnasium.Env:
    return gymnasium.make(id, **settings)


def test_the_bandit_pays_its_offset_for_the_best_action():
    environment = made("taxon/LinearQuadratic-v0")
    for seed in range(50):
        rewards, terminated, truncated = play(environment, optimal_action, seed)
        assert rewards == [pytest.approx(1.0, abs=1e-12)]
        assert (terminated, truncated) == (True, False)


def test_contexts_are_normal_and_keep_the_best_action_inside():
    environment = LinearQuadratic()
    contexts = np.array([environment.reset(seed=seed)[0] for seed in range(2000)])
    assert np.abs(contexts).max() == 2.0
    np.testing.assert_allclose(contexts.mean(0), 0.0, atol=0.1)
    np.testing.assert_allclose(contexts.std(0), 0.96, atol=0.05)  # of a normal clipped at two deviations
    assert np.abs(optimal_action(contexts)).max() <= 1.0


@pytest.mark.parametrize(("offset", "scale", "reward"), [(1.0, 1.0, -3.0), (4.0, 1.0, 0.0), (0.0, 2.0, -8.0)])
def test_the_bandit_reward_is_scaled(offset, scale, reward):
    environment = LinearQuadratic(offset, scale)
    environment.reset()
    environment.context = np.array([2.0, -2.0])  # the best action is 1
    np.testing.assert_allclose(optimal_action(environment.context), [1.0])
    assert environment.step(np.array([-7.0]))[1] == pytest.approx(reward)  # clipped to -1
    assert environment.step(np.array([0.5]))[1] == pytest.approx(offset - 0.25 * scale)


def test_riccati_by_hand():
    cost, gain = riccati(2)
    # one step: no control, cost 1; two steps: K = 0.5 / 0.35, P = 1 + 0.1 / 0.35
    np.testing.assert_allclose(cost, [9.0 / 7.0, 1.0, 0.0])
    np.testing.assert_allclose(gain, [10.0 / 7.0, 0.0])


def test_the_cost_converges_to_the_stationary_solution():
    """1 = P^2 / (4 (0.1 + P / 4)), so P = (1 + sqrt(2.6)) / 2."""
    assert riccati(20)[0][0] == pytest.approx((1 + math.sqrt(2.6)) / 2, abs=1e-9)
    assert optimal_return() == pytest.approx(-0.435409, abs=1e-6)
    assert optimal_return(0.5) == pytest.approx(optimal_return(-1.0) / 4)


def test_the_optimal_controller_earns_the_optimal_return():
    environment = made("taxon/LQR-v0")
    _, gain = riccati()
    returns = []
    for seed in range(300):
        start = float(environment.reset(seed=seed)[0][0])
        step = iter(range(20))
        rewards, terminated, truncated = play(environment, lambda x, step=step: -gain[next(step)] * x / 2.0, seed)
        assert sum(rewards) == pytest.approx(optimal_return(start), abs=1e-6)
        assert (len(rewards), terminated, truncated) == (20, False, True)
        returns.append(sum(rewards))
    assert np.mean(returns) == pytest.approx(optimal_return(), abs=0.05)
    assert np.abs(gain).max() <= 2.0


def test_other_controllers_earn_less():
    environment = made("taxon/LQR-v0")
    for share in (0.0, 0.7, 1.3):
        for seed in range(20):
            start = float(environment.reset(seed=seed)[0][0])
            rewards, *_ = play(environment, lambda x, share=share: -share * riccati()[1][0] * x / 2.0, seed)
            assert sum(rewards) < optimal_return(start)


def test_the_regulator_moves_by_half_the_control():
    environment = Regulator()
    environment.reset()
    environment.x = 0.25
    observation, reward, *flags, _ = environment.step(np.array([-5.0], np.float32))  # clipped: u = -2
    assert (observation.tolist(), flags) == ([-0.75], [False, False])
    assert reward == pytest.approx(-(0.0625 + 0.1 * 4.0))


def reaching(observation):
    return observation[:2] - 0.5 * observation[2:]


def test_a_linear_policy_reaches():
    environment = made("taxon/Reach-v0")
    returns = []
    for seed in range(200):
        rewards, terminated, truncated = play(environment, lambda o: np.clip(reaching(o), -1, 1), seed)
        assert (len(rewards), terminated, truncated) == (50, False, True)
        assert rewards[-1] > 0.99
        returns.append(sum(rewards))
    assert np.mean(returns) == pytest.approx(46.8, abs=0.3)


def test_one_push_by_hand():
    environment = made("taxon/Reach-v0")
    first, _ = environment.reset(seed=0)
    assert first[2:].tolist() == [0.0, 0.0]
    second, reward, *_ = environment.step(np.array([1.0, -0.5], np.float32))
    np.testing.assert_allclose(second, first + np.array([-0.04, 0.02, 0.4, -0.2]), atol=1e-6)
    assert reward == pytest.approx(math.exp(-2 * float(second[0] ** 2 + second[1] ** 2)), rel=1e-5)


@pytest.mark.parametrize("id", ["taxon/Reach-v0", "taxon/SwingUp-v0"])
def test_rewards_are_strictly_positive_and_observations_stay_inside(id):
    environment = made(id)
    space = environment.action_space
    for seed in range(20):
        rng = np.random.default_rng(seed)
        flips = rng.choice([-1.0, 1.0], (100, *space.shape)).astype(np.float32)
        pushes = iter(np.repeat(flips, seed + 1, axis=0))

        def policy(observation, pushes=pushes):
            assert environment.observation_space.contains(observation)
            return next(pushes)

        rewards, *_ = play(environment, policy, seed)
        assert math.exp(-25) < min(rewards)
        assert max(rewards) <= 1.0


def test_walls_stop_the_mass():
    environment = made("taxon/Reach-v0").unwrapped
    environment.reset(seed=0)
    for _ in range(40):
        observation, *_ = environment.step(np.array([1.0, 0.0], np.float32))
    np.testing.assert_allclose(environment.position, [1.5, 0.0])
    assert observation[2:].tolist() == [0.0, 0.0]


def swinging(observation):
    """Pump energy until the top is near, then balance."""
    cosine, sine, velocity = observation[0], observation[1], 10.0 * observation[2]
    if cosine > 0.9 and abs(velocity) < 3.0:
        torque = -30.0 * sine - 8.0 * velocity
    else:
        missing = 9.81 * (1.0 - cosine) - 0.5 * velocity**2
        torque = 5.0 * np.sign(missing) * (np.sign(velocity) or 1.0)
    return np.clip(np.array([torque / 5.0], np.float32), -1, 1)


def test_pumping_energy_swings_up_and_balances():
    environment = made("taxon/SwingUp-v0")
    for seed in range(30):
        rewards, terminated, truncated = play(environment, swinging, seed)
        assert (len(rewards), terminated, truncated) == (100, False, True)
        assert min(rewards[-20:]) > 0.99
        assert 50.0 < sum(rewards) < 75.0


def test_the_motor_is_too_weak_to_lift_directly():
    for torque in (-1.0, 1.0):
        rewards, *_ = play(made("taxon/SwingUp-v0"), lambda _, torque=torque: np.array([torque], np.float32), 0)
        assert max(rewards) < 0.5


def test_one_swing_by_hand():
    environment = made("taxon/SwingUp-v0").unwrapped
    environment.reset(seed=0)
    environment.angle, environment.velocity = math.pi / 2, 1.0
    observation, reward, *_ = environment.step(np.array([-0.2], np.float32))
    velocity = 1.0 + 0.05 * (9.81 - 1.0)
    angle = math.pi / 2 + 0.05 * velocity
    np.testing.assert_allclose(observation, [math.cos(angle), math.sin(angle), velocity / 10], atol=1e-6)
    assert reward == pytest.approx(math.exp(-(angle**2 + 0.1 * velocity**2) / 2))


def test_angles_wrap_at_the_bottom():
    environment = made("taxon/SwingUp-v0").unwrapped
    environment.reset(seed=0)
    environment.angle, environment.velocity = math.pi - 0.01, 2.0
    environment.step(np.array([0.0], np.float32))
    assert -math.pi <= environment.angle < -3.0
