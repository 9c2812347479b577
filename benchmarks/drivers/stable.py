"""Train with Stable-Baselines3 or SBX, which have one interface. Run by the peers' interpreter.

stable.py LIBRARY ALGORITHM ENVIRONMENT DEVICE FIRST STEPS [SEED FILE]

Without a seed it trains until the environment's clock ends it; with one it makes so many steps, evaluates before and
after them as `taxon run` does, and leaves the model in the file.
"""

import sys
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np


def make(library: str, algorithm: str, environment: str, device: str, first: int, seed: int) -> Any:
    """Both libraries' defaults, but for what benchmarks/README.md lists."""
    options: dict[str, Any] = {"seed": seed, "device": device}
    if algorithm == "ppo":
        options |= {"n_steps": first, "batch_size": 64, "n_epochs": 10}
        options |= {"policy_kwargs": {"net_arch": {"pi": [64, 64], "vf": [64, 64]}}}
    else:
        options |= {"learning_starts": first, "batch_size": 256, "buffer_size": 100_000}
        options |= {"train_freq": 1, "gradient_steps": 1, "policy_kwargs": {"net_arch": [256, 256]}}
    if algorithm == "td3":
        noise = import_module("stable_baselines3.common.noise")
        size = gymnasium.make(environment).action_space.shape or ()
        options |= {"action_noise": noise.NormalActionNoise(np.zeros(size), np.full(size, 0.1))}
    return getattr(import_module(library), algorithm.upper())("MlpPolicy", environment, **options)


def run(model: Any, environment: str, steps: int, file: str) -> None:
    """A whole run, with an episode of the mean action at its start and at its end."""
    evaluation = import_module("stable_baselines3.common.evaluation")
    monitor = import_module("stable_baselines3.common.monitor")
    evaluating = monitor.Monitor(gymnasium.make(environment))
    evaluation.evaluate_policy(model, evaluating, n_eval_episodes=1)
    model.learn(steps)
    evaluation.evaluate_policy(model, evaluating, n_eval_episodes=1)
    model.save(file)


def main() -> None:
    library, algorithm, environment, device, first, steps, *whole = sys.argv[1:]
    model = make(library, algorithm, environment, device, int(first), int(whole[0]) if whole else 1)
    if whole:
        run(model, environment, int(steps), whole[1])
    else:
        model.learn(2 * int(steps))


if __name__ == "__main__":
    main()
