"""TX4xx: a row against the environment that it is to be trained in."""

from __future__ import annotations

import math
from typing import Literal

from taxon.diagnostics.model import Code, Diagnostic, Label, Severity
from taxon.diagnostics.source import Source, Span
from taxon.syntax.printing import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import Conflict, finding
from taxon.taxonomy.schema import Row

Actions = Literal["continuous", "discrete"]

# What an environment takes, of how many numbers or choices, and how many numbers it shows.
Spaces = tuple[Actions, int, int]

ACTIONS = Code(
    "TX401",
    "the policy's actions are not the environment's",
    "A softmax chooses among finitely many actions; a Gaussian and a function of the state give numbers. An "
    "environment takes the one or the other.",
    Severity.ERROR,
)

ENTROPY = Code(
    "TX402",
    "a target above every entropy",
    "Among A actions the uniform choice has the largest entropy, ln A. Below a larger target the dual's slope in eta "
    "never changes its sign, so eta grows without end and the reward is forgotten.",
    Severity.ERROR,
    "Haarnoja et al. 2018b; Cover and Thomas 2006, Theorem 2.6.4",
)

HIDDEN = Code(
    "TX405",
    "hidden numbers that are not shown",
    "`hide` names the numbers of a flattened observation that the prior does not see, counted from 0. One beyond the "
    "observation hides nothing, so that the information that was to be withheld is not.",
    Severity.ERROR,
    "Galashov et al. 2019",
)

UNUSABLE = Code(
    "TX404",
    "environment that cannot be used",
    "Whether a row can be trained in an environment is known once the environment has been made: its actions decide. "
    "One that is not there, that needs what is not installed, that fails when it is made, or whose spaces no policy "
    "fits, is refused by `run` for the same reason. `check --env` steps it as well: what raises, or answers with "
    "numbers that are not finite, would end every seed.",
    Severity.ERROR,
)

CODES = (ACTIONS, ENTROPY, UNUSABLE, HIDDEN)

# What a choice among finitely many actions has no use for.
_CONTINUOUS_ONLY = (
    "exploration",
    "bounds",
    "network.policy.mean",
    "network.policy.std",
    "pi_p.update.likelihood",
    *(f"pi_p.update.trust_region.{name}" for name in ("kl_mean", "kl_cov", "per_dimension", "init_mean", "init_cov")),
)


def check_environment(row: Row, env: str, actions: Actions, size: int, shown: int) -> list[Diagnostic]:
    """What keeps a row from being trained in an environment.

    Args:
        env: the environment's id, for the message.
        actions: what it takes at every step: numbers, or one of finitely many actions.
        size: how many numbers, or how many actions.
        shown: how many numbers it shows.
    """
    if (actions == "discrete") != facts.discrete(row):
        return [finding(ACTIONS, _conflict(row, env, actions), row)]
    if actions == "discrete" and row.base("eta") == "entropy" and row.number("eta.target") > math.log(size):
        return [finding(ENTROPY, _unreachable(row, env, size), row)]
    leaf = row.leaves.get(_HIDE)
    hidden = leaf.value if leaf is not None and isinstance(leaf.value, tuple) else ()
    if max(hidden, default=-1) >= shown:
        return [finding(HIDDEN, _beyond(env, hidden, shown), row)]
    return []


_HIDE = "pi_p.hide"


def _beyond(env: str, hidden: tuple[int, ...], shown: int) -> Conflict:
    kept = [column for column in hidden if column < shown]
    return Conflict(
        f"an observation of `{env}` has the numbers 0 to {shown - 1}, and number {max(hidden)} is to be hidden",
        ((_HIDE, "names a number that is not shown"),),
        f"write `{_HIDE} = {kept}`, or another number below {shown}",
    )


def unusable(env: str, message: str, help: str, place: Span | None = None) -> Diagnostic:
    """What to say of an environment that cannot be made, or not be trained in, whatever the row.

    place: the line of the environment's own code that is to blame, where one is known.
    """
    named = Span(Source("command line", env), 0, len(env))
    label = Label(named if place is None else place, "cannot be used" if place is None else "here", primary=True)
    return Diagnostic(UNUSABLE, message, (label,), help=help)


def _unreachable(row: Row, env: str, size: int) -> Conflict:
    largest = math.log(size)
    below = f"write `eta.target = {0.9 * largest:.2g}` or another number below it, or give `eta` a number"
    return Conflict(
        f"a choice among the {size} actions of `{env}` has an entropy of at most ln {size} = {largest:.4g} nats, and "
        f"the target is {number(row.number('eta.target'))}",
        (("eta.target", "is above every entropy of the policy"), ("pi_theta", f"chooses among {size} actions")),
        below if size > 1 else "give `eta` a number",
    )


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
