"""The precision of the matrix products of the networks in updates: float32, tf32 on a GPU, or bfloat16.

Acting and evaluation stay float32, and so does all but the products: parameters, optimisers, losses, targets,
log-probabilities and what is stored. A phase that updates once on all that was collected stays float32 whole: it is a
solver's (conjugate gradients with a line search, least squares, Newton's method, a dual), which would read rounding as
curvature or as progress; or it measures a divergence that decides.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import torch

from taxon.networks.mlp import FACTORS
from taxon.operators.data import Phase
from taxon.runtime.agent import Agent
from taxon.runtime.errors import UserError
from taxon.runtime.options import Precision

Prepare = Callable[..., Callable[..., Any]]  # of a phase's name, its function, and whether its policy is due


def check_precision(precision: Precision, device: torch.device) -> None:
    """Raise UserError for tf32 on a device that has none, and for either on one where neither has been tried."""
    if device.type == "mps" and precision != "float32":
        raise UserError(f"--precision {precision} has not been tried on the device mps", "leave --precision out")
    if precision != "tf32" or (device.type == "cuda" and torch.cuda.is_tf32_supported()):
        return
    named = "the CPU" if device.type == "cpu" else torch.cuda.get_device_name(device)
    raise UserError(
        f"--precision tf32 is a format of GPUs, and {named} does not have it",
        "use --precision bf16 or --precision float32, or a GPU that has it (NVIDIA's since Ampere)",
    )


def check_phases(precision: Precision, phases: Sequence[Phase]) -> None:
    """Raise UserError for a precision that no phase would take."""
    if precision != "float32" and all(phase.whole for phase in phases):
        raise UserError(
            f"--precision {precision} changes nothing here: every update is one on all that was collected, in float32",
            "leave --precision out",
        )


def phases_of(agent: Agent, build: Callable[[], Agent], precision: Precision) -> tuple[Phase, ...]:
    """The agent's phases; with bf16 those of another, whose networks round the factors in their hidden layers.

    build: makes that other agent. The agent itself, which acts, keeps its networks as they are.
    """
    if precision == "tf32":
        return tuple(p if p.whole else p._replace(refresh=p.refresh and _in_tf32(p.refresh)) for p in agent.phases)
    if precision != "bf16":
        return agent.phases
    # Otherwise cuBLAS may round partial sums where it splits a long sum. Only bfloat16's products read this.
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    token = FACTORS.set(torch.bfloat16)
    try:
        rounding = build().phases
    finally:
        FACTORS.reset(token)
    return tuple(own if own.whole else rounded for own, rounded in zip(agent.phases, rounding, strict=True))


def lowering(prepare: Prepare, phases: Sequence[Phase], precision: Precision) -> Prepare:
    """What prepares a phase's update (by name), with every float32 product on a GPU in tf32 while it runs.

    The setting is made outside what `prepare` compiles, which cannot change it. Other precisions need none.
    """
    if precision != "tf32":
        return prepare
    lowered = {phase.name for phase in phases if not phase.whole}

    def prepared(name: str, function: Callable[..., Any], due: bool = True) -> Callable[..., Any]:
        own = prepare(name, function, due)
        return _in_tf32(own) if name in lowered else own

    return prepared


def _in_tf32(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def run(*arguments: Any) -> Any:
        # Not `torch.backends.cuda.matmul.fp32_precision`: torch's own compiler reads the older setting, up to 2.10 at
        # least, and torch refuses to tell that one after the newer was written (pytorch issue 166387).
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high")
        try:
            return function(*arguments)
        finally:
            torch.set_float32_matmul_precision(before)

    return run
