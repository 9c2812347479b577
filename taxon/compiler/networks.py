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
_BOUNDS = {"xavier_uniform": ("xavier_uniform", "gain"), "uniform": ("uniform_init", "bound")}


@dataclass(frozen=True)
class Network:
    """How a network is built, as Python expressions."""

    sizes: str
    activation: str
    layer_norm: str
    weight_init: str
    bias_init: str
    head_init: str
    head_bias: str


def critic(row: Row) -> Network:
    """Q(s, a) or V(s)."""
    return _network(row, "value", "observation + action" if facts.uses_q(row) else "observation", "1")


def policy_trunk(row: Row) -> Network:
    """The network under the policy's distribution."""
    return _network(row, "policy", "observation", "2 * action" if _covariance(row) == "cov(s)" else "action")


def policy(row: Row) -> str:
    """The Gaussian around the policy's trunk, as the call that builds it."""
    mean = ", mean=torch.tanh" if row.base("network.policy.mean") == "tanh" else ""
    covariance = _covariance(row)
    if not covariance:
        std = number(math.sqrt(row.number(f"{facts.normal_path(row)}.cov")))
        return f"FixedNormal(trunk, std={std}{mean})"
    path = "network.policy.std"
    function, parameters = _DEVIATIONS[row.base(path)]
    deviation = f"{function}({', '.join(number(row.number(f'{path}.{parameter}')) for parameter in parameters)})"
    if covariance == "cov":
        return f"StateIndependentNormal(trunk, {deviation}, initial=0.0{mean})"
    return f"StateDependentNormal(trunk, {deviation}{mean})"


def _covariance(row: Row) -> str:
    return row.base(f"{facts.normal_path(row)}.cov")


def _network(row: Row, kind: str, inputs: str, outputs: str) -> Network:
    prefix = f"network.{kind}"
    hidden = ", ".join(str(width) for width in cast(tuple[int, ...], row[f"{prefix}.hidden"]))
    return Network(
        f"[{inputs}, {hidden}, {outputs}]",
        _ACTIVATIONS[row.base(f"{prefix}.activation")],
        row.base(f"{prefix}.layer_norm"),
        _initialiser(row, f"{prefix}.init"),
        row.base(f"{prefix}.bias"),
        _initialiser(row, f"{prefix}.head"),
        row.base(f"{prefix}.head_bias"),
    )


def _initialiser(row: Row, path: str) -> str:
    kind = row.base(path)
    if kind == "variance_scaling":
        mode, distribution = row.base(f"{path}.mode"), row.base(f"{path}.distribution")
        return f'variance_scaling({number(row.number(f"{path}.scale"))}, "{mode}", "{distribution}")'
    function, parameter = _BOUNDS[kind]
    return f"{function}({number(row.number(f'{path}.{parameter}'))})"
