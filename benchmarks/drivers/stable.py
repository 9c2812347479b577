"""Train with Stable-Baselines3 or SBX, which have one interface. Run by the peers' interpreter.

stable.py LIBRARY ALGORITHM ENVIRONMENT DEVICE FIRST STEPS
"""

import sys
from importlib import import_module
from typing import Any

import gymnasium
import numpy as np


def main(library: str, algorithm: str, environment: str, device: str, first: int, steps: int) -> None:
    """Both libraries' defaults, but for what benchmarks/README.md lists."""
    options: dict[str, Any] = {"seed": 1, "device": device}
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
    model = getattr(import_module(library), algorithm.upper())
    model("MlpPolicy", environment, **options).learn(2 * steps)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
