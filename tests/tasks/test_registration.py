import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from taxon import tasks

# id: size of the flattened observation, actions (negative: numbers of a box)
SIZES = {
    "taxon/Copy-v0": (6 + 20, 20),
    "taxon/DuplicatedInput-v0": (6 + 20, 20),
    "taxon/RepeatCopy-v0": (6 + 20, 20),
    "taxon/Reverse-v0": (3 + 8, 8),
    "taxon/ReversedAddition-v0": (4 + 24, 24),
    "taxon/LinearQuadratic-v0": (2, -1),
    "taxon/LQR-v0": (1, -1),
    "taxon/Reach-v0": (4, -2),
    "taxon/SwingUp-v0": (3, -1),
    "taxon/Chain-v0": (2, 2),
    "taxon/Grid-v0": (25, 4),
    "taxon/GoalGrid-v0": (25 + 3, 4),
}


def run(id: str, seed: int, steps: int = 120) -> list[np.ndarray]:
    """Every observation and reward of `steps` random steps, over as many episodes as it takes."""
    environment = gymnasium.make(id)
    environment.action_space.seed(0)
    seen = [np.asarray(environment.reset(seed=seed)[0])]
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = environment.step(environment.action_space.sample())
        seen += [np.asarray(observation), np.asarray(reward)]
        if terminated or truncated:
            seen.append(np.asarray(environment.reset()[0]))
    return seen


def same(left: list[np.ndarray], right: list[np.ndarray]) -> bool:
    return len(left) == len(right) and all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def test_the_ids_are_registered():
    assert set(tasks.IDS) == set(SIZES) <= set(gymnasium.registry)


@pytest.mark.parametrize("id", tasks.IDS)
@pytest.mark.filterwarnings("error")
def test_gymnasium_accepts_it(id):
    check_env(gymnasium.make(id).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("id", tasks.IDS)
def test_spaces(id):
    environment = gymnasium.make(id)
    size, actions = SIZES[id]
    assert gymnasium.spaces.flatdim(environment.observation_space) == size
    space = environment.action_space
    assert (space.n if actions > 0 else -space.shape[0]) == actions


@pytest.mark.parametrize("id", tasks.IDS)
def test_a_seed_decides_everything(id):
    assert same(run(id, 3), run(id, 3))


@pytest.mark.parametrize("id", sorted(set(tasks.IDS) - {"taxon/Grid-v0"}))
def test_another_seed_gives_another_run(id):
    assert not same(run(id, 3), run(id, 4))


@pytest.mark.parametrize("id", tasks.IDS)
def test_reseeding_starts_over(id):
    environment = gymnasium.make(id)
    first = environment.reset(seed=5)
    for _ in range(3):
        environment.reset()
    again = environment.reset(seed=5)
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]


def test_importing_needs_no_learner():
    command = "import sys, taxon.tasks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
