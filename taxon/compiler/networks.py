"""How the networks of a row are built, as Python expressions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from taxon.compiler.literals import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row

_ACTIVATIONS = {"relu": "F.relu", "elu": "elu", "tanh": "torch.tanh"}
_DEVIATIONS = {
    "exp": ("exp_std", ("low", "high")),
    "softplus": ("softplus_std", ("init", "floor")),
    "softplus_variance": ("softplus_variance", ()),
}
_STD = "network.policy.std"
_BOUNDS = {"xavier_uniform": ("xavier_uniform", "gain"), "uniform": ("uniform_init", "bound")}


@dataclass(frozen=True)
class Network:
    """How a network is built: the arguments of the call, as Python expressions."""

    arguments: tuple[str, ...]


def critic(row: Row) -> Network:
    """Q(s, a), Q(s, .) of a softmax's actions, or V(s)."""
    q, softmax = facts.uses_q(row), facts.discrete(row)
    inputs = "observation + action" if q and not softmax else "observation"
    return _network(row, "value", inputs, "action" if q and softmax else "1")


def policy_trunk(row: Row) -> Network:
    """The network under the policy's distribution."""
    outputs = "action"
    if facts.covariance(row) == "cov(s)" and row.base(_STD) != "exploration":
        outputs = "action + action * (action + 1) // 2" if facts.full_covariance(row) else "2 * action"
    return _network(row, "policy", "observation", outputs)


def policy(row: Row) -> str:
    """The distribution around the policy's trunk, as the call that builds it."""
    if facts.discrete(row):
        return "Categorical(trunk)"
    tanh = row.base("network.policy.mean") == "tanh"
    if facts.deterministic(row):
        return "Deterministic(trunk)" if tanh else "Deterministic(trunk, mean=identity)"
    mean = ", mean=torch.tanh" if tanh else ""
    if not facts.learned_covariance(row):
        std = number(math.sqrt(row.number(f"{facts.normal_path(row)}.cov")))
        return f"FixedNormal(trunk, std={std}{mean})"
    if row.base(_STD) == "exploration":
        return f"ParameterNormal(trunk, initial={number(row.number(f'{_STD}.init'))})"
    function, parameters = _DEVIATIONS[row.base(_STD)]
    deviation = f"{function}({', '.join(number(row.number(f'{_STD}.{parameter}')) for parameter in parameters)})"
    kind = "Full" if facts.full_covariance(row) else "Normal"
    if facts.covariance(row) == "cov":
        return f"StateIndependent{kind}(trunk, {deviation}, initial=0.0{mean})"
    actions = ", actions=action" if kind == "Full" else ""
    return f"StateDependent{kind}(trunk, {deviation}{actions}{mean})"


def deviation_bounds(row: Row) -> tuple[str, ...]:
    """The interval that a trained vector of log-deviations is held in; empty where Sigma is not one."""
    if facts.covariance(row) != "cov" or row.base(_STD) != "exp" or facts.solved(row):
        return ()
    return tuple(number(row.number(f"{_STD}.{bound}")) for bound in ("low", "high"))


def features(row: Row, kind: str) -> str:
    """What a network's first layer reads of its input, as the call that builds it; empty where that is the input."""
    path = f"network.{kind}.features"
    if row.base(path) == "polynomial":
        return f"polynomial({number(row.number(f'{path}.degree'))})"
    if row.base(path) == "fourier":
        return f"fourier({number(row.number(f'{path}.count'))}, {number(row.number(f'{path}.width'))})"
    return ""


def _network(row: Row, kind: str, inputs: str, outputs: str) -> Network:
    prefix = f"network.{kind}"
    hidden = [str(width) for width in cast(tuple[int, ...], row[f"{prefix}.hidden"])]
    sizes = f"[{', '.join([inputs, *hidden, outputs])}]"
    arguments = [sizes, _ACTIVATIONS[row.base(f"{prefix}.activation")] if hidden else "torch.tanh"]
    if hidden:
        arguments += [
            f'layer_norm="{row.base(f"{prefix}.layer_norm")}"',
            f"weight_init={_initialiser(row, f'{prefix}.init')}",
            f"bias_init={row.base(f'{prefix}.bias')}",
        ]
    arguments += [
        f"head_init={_initialiser(row, f'{prefix}.head')}",
        f"head_bias={row.base(f'{prefix}.head_bias')}",
    ]
    if read := features(row, kind):
        arguments.append(f"features={read}")
    return Network(tuple(arguments))


def _initialiser(row: Row, path: str) -> str:
    kind = row.base(path)
    if kind == "variance_scaling":
        mode, distribution = row.base(f"{path}.mode"), row.base(f"{path}.distribution")
        return f'variance_scaling({number(row.number(f"{path}.scale"))}, "{mode}", "{distribution}")'
    function, parameter = _BOUNDS[kind]
    return f"{function}({number(row.number(f'{path}.{parameter}'))})"
