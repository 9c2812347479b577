"""An environment's state is captured whole, restored to the bit, and refused where it does not fit."""

import copy
from collections import deque

import gymnasium
import mujoco
import numpy as np
import pytest
from gymnasium import spaces

from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.state.attributes import DEEPEST, MOST_NUMBERS, is_plain
from taxon.runtime.environments.state.environment_state import EnvironmentState, restorable
from taxon.tasks import IDS

MUJOCO = [
    *(
        f"{name}-v{version}"
        for name in (
            "Ant",
            "HalfCheetah",
            "Hopper",
            "Humanoid",
            "HumanoidStandup",
            "InvertedDoublePendulum",
            "InvertedPendulum",
            "Reacher",
            "Swimmer",
            "Walker2d",
        )
        for version in (4, 5)
    ),
    "Pusher-v5",
]
CLASSIC = ["CartPole-v1", "Pendulum-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0"]
# Models that every reset changes: reacher, swimmer, fish, finger, point_mass-hard, manipulator, stacker.
CONTROL = [
    f"dm_control/{task}"
    for task in (
        "ball_in_cup-catch",
        "cartpole-swingup",
        "cheetah-run",
        "finger-turn_hard",
        "fish-swim",
        "hopper-hop",
        "humanoid-run",
        "manipulator-insert_peg",
        "point_mass-hard",
        "quadruped-walk",
        "reacher-hard",
        "stacker-stack_2",
        "swimmer-swimmer6",
        "walker-run",
    )
]


def started(id, steps, resets=1):
    """An environment that has lived a while, and its state's checkpoint."""
    raw = make(Recipe(id), 3).raw
    state = EnvironmentState(raw)
    raw.action_space.seed(0)
    raw.reset(seed=3)
    for _ in range(resets):
        follow(raw, [raw.action_space.sample() for _ in range(steps)])
    return raw, state


def follow(raw, actions):
    """What an environment answers to actions, reset wherever an episode is over."""
    answers = []
    for action in actions:
        observation, reward, terminated, truncated, _ = raw.step(action)
        flat = np.asarray(spaces.flatten(raw.observation_space, observation))
        answers.append((flat.tobytes(), float(reward).hex(), bool(terminated), bool(truncated)))
        if terminated or truncated:
            answers.append(np.asarray(spaces.flatten(raw.observation_space, raw.reset()[0])).tobytes())
    return answers


def alike(one, other):
    """Whether two captured states are the same to the bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, list | tuple | deque):
        return type(one) is type(other) and len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@pytest.mark.parametrize("id", [*MUJOCO, *CLASSIC, *CONTROL, *IDS])
def test_a_restored_environment_goes_on_to_the_bit(id):
    original, kept = started(id, 70)
    restored = make(Recipe(id), 3).raw
    checkpoint = EnvironmentState(restored)
    for length in (60, 30):  # then once more, into the same copy
        captured = kept.capture()
        checkpoint.restore(copy.deepcopy(captured))
        assert alike(checkpoint.capture(), captured)
        for _ in range(2):
            actions = [original.action_space.sample() for _ in range(length)]
            assert follow(restored, actions) == follow(original, actions)
            assert alike(checkpoint.capture(), kept.capture())
            assert restored.reset()[0] is not None
            assert original.reset()[0] is not None
        assert alike(checkpoint.capture(), kept.capture())
        follow(original, actions)


@pytest.mark.parametrize("id", [*MUJOCO, *CLASSIC, *CONTROL, *IDS])
def test_these_are_restorable(id):
    assert restorable(Recipe(id), 0)


@pytest.mark.parametrize("id", ["LunarLander-v3", "BipedalWalker-v3", "CarRacing-v3", "no such environment"])
def test_these_are_not(id):
    """Box2D keeps its world to itself."""
    assert not restorable(Recipe(id), 0)


def test_a_model_changed_by_the_episode_is_restored_and_an_unchanged_one_is_not_kept():
    _, state = started("dm_control/reacher-hard", 3)
    (simulation,) = (part for path, part in state.capture().items() if path.endswith("_data._data"))
    assert set(simulation["model"]) == {"geom_pos", "geom_size"}
    _, state = started("HalfCheetah-v4", 3)
    assert state.capture()["env.env.data"]["model"] == {}


@pytest.mark.parametrize("id", ["dm_control/dog-run", "Humanoid-v4", "dm_control/humanoid-walk"])
def test_a_state_is_small(id):
    """The model of a dog is 70 MB."""
    _, state = started(id, 1)

    def size(value):
        if isinstance(value, dict | list | tuple):
            return sum(map(size, value.values() if isinstance(value, dict) else value))
        return np.asarray(value).nbytes

    assert size(state.capture()) < 400_000


class Ball(gymnasium.Env):
    """A ball on the floor, larger or smaller in each episode, whose steps begin from contacts that are known.

    anew: the simulation is made at every reset.
    """

    def __init__(self, anew=False):
        self.observation_space = spaces.Box(-np.inf, np.inf, (6,), np.float64)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float64)
        self.anew = anew
        self.simulate()

    def simulate(self):
        floor, ball = "<geom type='plane' size='9 9 1'/>", "<body><freejoint/><geom name='ball' size='.2'/></body>"
        self.model = mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{floor}{ball}</worldbody></mujoco>")
        self.data = mujoco.MjData(self.model)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if self.anew:
            self.simulate()
        self.model.geom("ball").size[0] = 0.2 + self.np_random.random() / 5
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[2] = 0.2
        mujoco.mj_step1(self.model, self.data)
        return self.data.qvel.copy(), {}

    def step(self, action):
        self.data.qfrc_applied[0] = action[0]
        mujoco.mj_step2(self.model, self.data)
        mujoco.mj_step1(self.model, self.data)
        return self.data.qvel.copy(), 0.0, False, False, {}


gymnasium.register("known/Ball-v0", Ball)
gymnasium.register("known/BallAnew-v0", lambda: Ball(anew=True))


def test_contacts_are_those_of_the_restored_model():
    assert restorable(Recipe("known/Ball-v0"), 0)
    _, state = started("known/Ball-v0", 5)
    assert state.capture()["env.data"]["model"].keys() == {"geom_size"}


def test_a_simulation_made_anew_is_not_captured():
    assert not restorable(Recipe("known/BallAnew-v0"), 0)
    _, state = started("known/BallAnew-v0", 1)
    with pytest.raises(ValueError, match=r"env\.data: this simulation was made after the environment"):
        state.capture()


class Strange(gymnasium.Env):
    """Holds what gymnasium's own environments do not: an alias, a window of fixed length, objects, a cycle, a cache."""

    def __init__(self, hidden=None):
        self.observation_space = spaces.Box(-np.inf, np.inf, (4,), np.float64)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float64)
        self.name = "strange"
        self.memory = {"window": deque(maxlen=3), "last": None}
        self.partner = type("Partner", (), {})()
        self.partner.owner = self
        self.hidden = hidden

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.grid = self.np_random.random(4)
        self.partner.grid = self.before = self.grid  # one array, seen from three places
        self.memory["last"] = np.float32(0.1)
        return self.grid.copy(), {}

    def step(self, action):
        self.before = self.grid.copy()
        self.partner.grid[1] += action[0]
        self.memory["window"].append(float(action[0]))
        self.memory["last"] = np.float32(self.memory["last"] * 1.1)
        drift = next(self.hidden) if self.hidden else 0.0
        reward = self.memory["last"] * sum(self.memory["window"]) + drift
        return self.grid + self.before, float(reward), len(self.memory["window"]) > 5, False, {}


gymnasium.register("known/Strange-v0", Strange, max_episode_steps=30)
gymnasium.register("known/Hidden-v0", lambda: Strange(iter(np.arange(10_000.0))))
gymnasium.register("known/Philox-v0", lambda: Philox())
gymnasium.register("known/Fails-v0", lambda: Fails())


class Philox(Strange):
    def reset(self, *, seed=None, options=None):
        self.own = np.random.Generator(np.random.Philox(seed))
        return super().reset(seed=seed)


class Fails(Strange):
    def step(self, action):
        raise OSError("the simulator is gone")


def test_shared_arrays_windows_and_numbers_of_numpy_are_restored():
    assert restorable(Recipe("known/Strange-v0"), 0)
    _, state = started("known/Strange-v0", 7)
    captured = state.capture()
    other = make(Recipe("known/Strange-v0"), 3).raw
    EnvironmentState(other).restore(captured)
    inner = other.unwrapped
    assert inner.partner.grid is inner.grid
    assert inner.before is not inner.grid
    assert inner.memory["window"].maxlen == 3
    assert type(inner.memory["last"]) is np.float32
    assert (inner.name, inner.partner.owner) == ("strange", inner)
    assert not any("name" in path for path in captured)


@pytest.mark.parametrize("id", ["known/Hidden-v0", "known/Philox-v0", "known/Fails-v0"])
def test_a_state_that_cannot_be_seen_is_found_out(id):
    assert not restorable(Recipe(id), 0)


def changed(state, path, value):
    """A copy of a state with another value at a path of keys."""
    state = copy.deepcopy(state)
    inner = state
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return state


NESTED: list = []
for _ in range(DEEPEST + 1):
    NESTED = [NESTED]

STEPS, NUMBERS, DATA = "_elapsed_steps", "env.env._np_random", "env.env.data"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("env.env.step",), 3, "env.env.step: the environment has no"),
        (("env.env.__class__",), 3, "the environment has no"),
        ((STEPS,), "ten", "no plain value"),
        ((STEPS,), ["ten"], "no plain value"),
        ((STEPS,), b"ten", "no plain value"),
        ((STEPS,), print, "no plain value"),
        ((STEPS,), {print: 2}, "no plain value"),
        ((STEPS,), {1: 2}, "it is a dictionary, and the environment has a number"),
        ((STEPS,), np.array(["ten"]), "no plain value"),
        ((STEPS,), np.array([None]), "no plain value"),
        ((STEPS,), [1], "_elapsed_steps: it is a sequence, and the environment has a number"),
        ((STEPS,), {"a": 1}, "a dictionary"),
        (("env.env.init_qpos",), 3.0, "it is a number, and the environment has a sequence"),
        (("env.env.init_qpos",), [0] * (MOST_NUMBERS + 1), "at most"),
        (("env.env.init_qpos",), np.broadcast_to(0.0, MOST_NUMBERS + 1), "at most"),
        (("env.env.init_qpos",), NESTED, "no plain value"),
        ((NUMBERS,), None, "no state of PCG64"),
        ((NUMBERS, "state"), {}, "no state of PCG64"),
        ((NUMBERS, "bit_generator"), "MT19937", "no state of PCG64"),
        ((NUMBERS, "state", "state"), 2**200, "no state of PCG64"),
        ((NUMBERS, "state", "state"), "1", "no state of PCG64"),
        ((NUMBERS, "uinteger"), -1, "no state of PCG64"),
        ((DATA,), None, "no state of a simulation"),
        ((DATA, "arrays"), [], "no dictionary of arrays"),
        ((DATA, "arrays"), {}, "lacks arrays"),
        ((DATA, "arrays", "qpos"), np.zeros(7), "qpos is float64"),
        ((DATA, "arrays", "qpos"), [0.0] * 9, "qpos is no array"),
        ((DATA, "arrays", "qvel"), np.zeros(9, np.float32), "not float64"),
        ((DATA, "arrays", "tree_island"), np.zeros(1), "tree_island is no array"),
        ((DATA, "arrays", "time"), np.zeros(1), "time is no array"),
        ((DATA, "integration"), np.zeros(10**6), "integration is float64"),
        ((DATA, "integration"), None, "integration is no array"),
        ((DATA, "model"), {"geom_bodyid": np.zeros(9, np.int32)}, "geom_bodyid is no array"),
        ((DATA, "model"), {"body_mass": np.zeros(3)}, "body_mass is float64"),
    ],
)
def test_a_hostile_state_is_refused(path, value, message):
    raw, state = started("HalfCheetah-v4", 3)
    captured = state.capture()
    with pytest.raises(ValueError, match=message):
        state.restore(changed(captured, path, value))
    assert callable(raw.unwrapped.step)
    state.restore(captured)


@pytest.mark.parametrize("position", [-1, 625, 2**40])
def test_the_position_of_a_random_state_stays_in_its_key(position):
    """numpy would read beyond it."""
    _, state = started("dm_control/pendulum-swingup", 1)
    with pytest.raises(ValueError, match="no state of MT19937"):
        state.restore(changed(state.capture(), ("environment._task._random", "state", "pos"), position))


def test_a_state_of_another_environment_or_of_none_is_refused():
    _, state = started("HalfCheetah-v4", 1)
    _, other = started("Hopper-v4", 1)
    _, simple = started("CartPole-v1", 1)
    for strange in (other.capture(), simple.capture(), {}, [], {3: 4}):
        with pytest.raises(ValueError, match=r"not float64|no such part|it is missing|is a dictionary"):
            state.restore(strange)


def test_what_is_too_large_is_not_captured():
    raw, state = started("known/Strange-v0", 1)
    raw.unwrapped.grid = np.zeros(MOST_NUMBERS + 1)
    with pytest.raises(ValueError, match=r"env\.env\.grid: it holds more than"):
        state.capture()


def test_plain_values():
    inner: list = []
    inner.append(inner)
    assert all(
        map(
            is_plain,
            [
                None,
                True,
                1,
                0.5,
                np.int64(3),
                np.zeros(2),
                [1, (2.0, None)],
                deque([1]),
                {"a": []},
                {1: 2},
                {(0, "a"): 2},
            ],
        )
    )
    assert not any(
        map(is_plain, ["a", b"a", {1: "b"}, {b"a": 2}, {"a": "b"}, np.array(["a"]), object(), {1}, print, inner, 1j])
    )
