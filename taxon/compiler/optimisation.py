"""The optimisers of a row as the calls they become."""

from __future__ import annotations

import math
from dataclasses import dataclass

from taxon.compiler.constants import Constants
from taxon.compiler.literals import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row

_TRAINED = {"policy": "policy", "value": "critic", "dual": "multipliers", "bounds": "penalty's temperature"}
# Arguments that the operator has by default are not written out.
_ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


@dataclass(frozen=True)
class Optimiser:
    """A choice of `optimizer.*` as the call it becomes."""

    kind: str  # "adam" or "sgd"
    prefix: str  # of its constants: POLICY, VALUE, DUAL
    arguments: tuple[str, ...]  # beyond the learning rate
    schedule: str  # the expression of the learning rate, if it is no constant
    memory: str  # "moments" or "velocity"
    zero: str


def optimiser(row: Row, kind: str, constants: Constants) -> Optimiser:
    """The optimiser of `policy`, `value`, `dual` or `bounds`."""
    path, prefix, name = f"optimizer.{kind}", kind.upper(), _TRAINED[kind]
    schedule = ""
    if row.base(f"{path}.lr") == "linear":
        start, end, over = (number(row.number(f"{path}.lr.{part}")) for part in ("start", "end", "over"))
        schedule = f"linear_schedule({_steps(row, kind)}, {start}, {end}, {over})"
    else:
        constants.name(f"{prefix}_LR", f"{path}.lr", f"learning rate of the {name}")
    if row.base(path) == "sgd":
        arguments = []
        if row.number(f"{path}.momentum"):
            arguments.append(constants.name(f"{prefix}_MOMENTUM", f"{path}.momentum", f"momentum of the {name}"))
        return Optimiser("sgd", prefix, tuple(arguments), schedule, "velocity", "zero_velocity")
    arguments = ["updates"] + [
        f"{parameter}={number(row.number(f'{path}.{parameter}'))}"
        for parameter, usual in _ADAM.items()
        if row.number(f"{path}.{parameter}") != usual
    ]
    if row.number(f"{path}.weight_decay"):
        decay = constants.name(f"{prefix}_DECAY", f"{path}.weight_decay", f"L2 penalty of the {name}")
        arguments.append(f"weight_decay={decay}")
    return Optimiser("adam", prefix, tuple(arguments), schedule, "moments", "zero_moments")


def _steps(row: Row, kind: str) -> str:
    """Environment steps so far, from the count of updates before this one: schedules run in environment steps."""
    if facts.on_policy(row):
        counter = "value_updates" if kind == "value" else "policy_updates"
        a_round = segment(row)
        return f"(state.{counter} // {number(minibatches(row, kind))} + 1) * {number(a_round)}"
    counter, path = "updates", "data.updates"
    delayed = kind != "value" and "optimizer.policy_every" in row and row.number("optimizer.policy_every") > 1
    if delayed:
        counter = "policy_updates"
    if facts.episodic(row):
        counter = "value_updates" if kind == "value" else "policy_updates"
    every, warmup = int(row.number("data.steps_per_update")), int(row.number("data.warmup"))
    updates = minibatches(row, kind) if facts.episodic(row) else int(row.number(path))
    if delayed:
        every *= int(row.number("optimizer.policy_every"))
    rate = number(every) if updates == 1 else f"({number(every)} / {number(updates)})"
    return f"{number(warmup)} + state.{counter} * {rate}"


def segment(row: Row) -> int:
    """Environment steps of a seed in one round of rollouts."""
    return int(row.number("data.environments") * row.number("data.steps"))


def minibatches(row: Row, kind: str) -> int:
    """Updates of the critic (`value`) or of the policy in one round of phased data."""
    if kind != "value" and facts.whole_batch(row):
        return 1
    name = "value" if kind == "value" else "policy"
    if facts.episodic(row):
        return int(row.number(f"data.episodes.{name}_updates"))
    return math.ceil(row.number(f"data.{name}_epochs") * segment(row) / row.number("data.batch"))
