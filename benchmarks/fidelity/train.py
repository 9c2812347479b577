"""One run of Stable-Baselines3, evaluated as taxon evaluates. The peers' interpreter runs it: it imports none of ours.

train.py JOB.json RESULT.json
"""

import importlib.metadata
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import stable_baselines3
import torch
from drawing import biases, weights  # beside this script, which is none of a package's there
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.noise import NormalActionNoise
from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU}


class Evaluating(BaseCallback):
    """The mean return of so many episodes with the mean action, at step 0 and at every multiple of the cadence."""

    def __init__(self, environment: str, seed: int, every: int, episodes: int, steps: int) -> None:
        super().__init__()
        self.environment = gymnasium.make(environment)
        self.environment.reset(seed=2**31 - 1 - seed)  # apart from the training's
        self.every, self.episodes, self.steps = every, episodes, steps
        self.curve: list[tuple[int, float]] = []

    def _on_training_start(self) -> None:
        self._evaluate(0)

    def _on_step(self) -> bool:
        due = self.num_timesteps // self.every * self.every
        if due > self.curve[-1][0]:
            self._evaluate(due)
        return self.num_timesteps < self.steps

    def _evaluate(self, step: int) -> None:
        returns = []
        for _ in range(self.episodes):
            observation, _ = self.environment.reset()
            total, over = 0.0, False
            while not over:
                action, _ = self.model.predict(observation, deterministic=True)
                observation, reward, terminated, truncated, _ = self.environment.step(action)
                total, over = total + float(reward), terminated or truncated
            returns.append(total)
        self.curve.append((step, float(np.mean(returns))))


def build(job: dict[str, Any]) -> Any:
    """The model of a job, with its networks as the row begins them."""
    environments = make_vec_env(job["environment"], n_envs=job["environments"], seed=job["seed"])
    size = environments.action_space.shape[0]
    arguments, policy = dict(job["arguments"]), dict(job["policy"])
    policy["activation_fn"] = ACTIVATIONS[policy.pop("activation")]
    policy["optimizer_kwargs"] = {**policy["optimizer_kwargs"], "betas": tuple(policy["optimizer_kwargs"]["betas"])}
    if "target_entropy_of_each" in arguments:
        arguments["target_entropy"] = arguments.pop("target_entropy_of_each") * size
    if job["noise"] is not None:
        arguments["action_noise"] = NormalActionNoise(np.zeros(size), np.full(size, job["noise"]))
    kind = getattr(stable_baselines3, job["algorithm"])
    model = kind("MlpPolicy", environments, seed=job["seed"], device="cpu", policy_kwargs=policy, **arguments)
    start(model, job["start"])
    return model


def start(model: Any, drawn: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Draw the networks anew as a row says; lagged copies are copies."""
    policy = model.policy
    if hasattr(policy, "mlp_extractor"):
        _network(_linear(policy.mlp_extractor.policy_net), [policy.action_net], drawn["policy"])
        _network(_linear(policy.mlp_extractor.value_net), [policy.value_net], drawn["value"])
        return
    actor = policy.actor
    if hasattr(actor, "latent_pi"):
        _network(_linear(actor.latent_pi), [actor.mu, actor.log_std], drawn["policy"])
    else:
        *hidden, head = _linear(actor.mu)
        _network(hidden, [head], drawn["policy"])
        policy.actor_target.load_state_dict(actor.state_dict())
    for critic in policy.critic.q_networks:
        *hidden, head = _linear(critic)
        _network(hidden, [head], drawn["value"])
    policy.critic_target.load_state_dict(policy.critic.state_dict())


def _linear(module: nn.Module) -> list[nn.Linear]:
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear)]


@torch.no_grad()
def _network(hidden: list[nn.Linear], heads: list[nn.Linear], drawn: dict[str, dict[str, Any]]) -> None:
    """heads: what a row has as one layer, here several with the same inputs."""
    for layer in hidden:
        layer.weight.copy_(weights(layer.weight.shape, drawn["init"]))
        layer.bias.copy_(biases(layer, drawn["bias"]))
    outputs = sum(head.out_features for head in heads)
    together = weights((outputs, heads[0].in_features), drawn["head"])
    for head, part in zip(heads, together.split([head.out_features for head in heads]), strict=True):
        head.weight.copy_(part)
        head.bias.copy_(biases(head, drawn["head_bias"]))


def main(job: dict[str, Any]) -> dict[str, Any]:
    """Train, and say what came of it."""
    torch.set_num_threads(job["threads"])
    began = time.monotonic()
    model = build(job)
    evaluating = Evaluating(job["environment"], job["seed"], job["every"], job["episodes"], job["steps"])
    model.learn(job["steps"], callback=evaluating)
    packages = ("stable-baselines3", "torch", "numpy", "gymnasium", "mujoco")
    return {
        "curve": evaluating.curve,
        "seconds": time.monotonic() - began,
        "device": f"cpu {platform.processor() or platform.machine()}",  # as taxon records its own
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }


if __name__ == "__main__":
    job, result = map(Path, sys.argv[1:])
    content = json.dumps(main(json.loads(job.read_text(encoding="utf-8"))))
    beside = result.with_suffix(".unfinished")
    beside.write_text(content, encoding="utf-8")
    os.replace(beside, result)
