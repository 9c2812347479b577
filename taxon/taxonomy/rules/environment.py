"""TX4xx: a row against the environment that it is to be trained in."""

from __future__ import annotations

from typing import Literal

from taxon.diagnostics.model import Code, Diagnostic, Severity
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules.rule import Conflict, finding

Actions = Literal["continuous", "discrete"]

ACTIONS = Code(
    "TX401",
    "the policy's actions are not the environment's",
    "A softmax chooses among finitely many actions; a Gaussian and a function of the state give numbers. An "
    "environment takes the one or the other.",
    Severity.ERROR,
)

CODES = (ACTIONS,)

# What a choice among finitely many actions has no use for.
_CONTINUOUS_ONLY = (
    "exploration",
    "bounds",
    "network.policy.mean",
    "network.policy.std",
    "pi_p.update.likelihood",
    *(f"pi_p.update.trust_region.{name}" for name in ("kl_mean", "kl_cov", "per_dimension", "init_mean", "init_cov")),
)


def check_environment(row: Row, env: str, actions: Actions) -> list[Diagnostic]:
    """What keeps a row from being trained in an environment.

    Args:
        env: the environment's id, for the message.
        actions: what it takes at every step: numbers, or one of finitely many actions.
    """
    if (actions == "discrete") == facts.discrete(row):
        return []
    return [finding(ACTIONS, _conflict(row, env, actions), row)]


def _conflict(row: Row, env: str, actions: str) -> Conflict:
    if actions == "continuous":
        return Conflict(
            f"`{env}` takes numbers as its action, and a softmax chooses among finitely many",
            (("pi_theta", "has no numbers to give"),),
            "write `pi_theta = normal(mean(s), cov(s))` or `pi_theta = tanh(normal(mean(s), cov(s)))`",
        )
    said = [path for path in _CONTINUOUS_ONLY if path in row and row.leaves[path].origin.layer != "default"]
    return Conflict(
        f"`{env}` has finitely many actions, and `pi_theta` gives numbers",
        (("pi_theta", "does not choose among finitely many actions"),),
        "write `pi_theta = softmax(logits(s))`"
        + (f" and take back {', '.join(f'`{path}`' for path in said)}" if said else ""),
    )
