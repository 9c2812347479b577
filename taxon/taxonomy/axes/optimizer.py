"""optimizer: how parameters and multipliers follow their gradients (Furuta et al. 2021, Table 4)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.ranges import COUNT, NON_NEGATIVE, POSITIVE, Range
from taxon.taxonomy.schema import Choice, Row, Slot

_MOMENTUM = Range(0, 1, high_open=True)


def _needs_dual(row: Row) -> str | None:
    return None if facts.has_dual(row) else "the row trains neither eta nor a multiplier"


def _policy_descends(row: Row) -> str | None:
    return None if facts.descends(row) else "the policy's update solves for its step"


def _value_descends(row: Row) -> str | None:
    return None if facts.fitted_critic(row) else "no critic follows a gradient"


def _prior_descends(row: Row) -> str | None:
    return None if facts.learned_prior(row) else "pi_p has no network of its own"


def _anything_descends(row: Row) -> str | None:
    some = facts.descends(row) or facts.fitted_critic(row) or facts.learned_prior(row) or facts.has_dual(row)
    return None if some else "nothing in the row follows a gradient"


def _one_batch(row: Row) -> str | None:
    if facts.phased(row):
        return "critic and policy are updated in turn, each by counts of its own"
    return None if facts.critic(row) else "the row trains no critic"


def _needs_penalty(row: Row) -> str | None:
    return None if row.base("bounds") == "penalty" else "no penalty has a temperature to train"


def _lr(default: str) -> Slot:
    return Slot(
        "lr",
        "the learning rate",
        default,
        POSITIVE,
        choices=(
            Choice(
                "linear",
                "from start to end in a straight line, then constant",
                (
                    Slot("start", "the rate at the first step", None, POSITIVE),
                    Slot("end", "the rate at the last", None, NON_NEGATIVE),
                    Slot("over", "environment steps from one to the other", None, COUNT),
                ),
                operator="taxon.operators.optimisers.linear_schedule",
            ),
        ),
    )


_CHOICES = (
    Choice(
        "adam",
        "Adam",
        (
            _lr("3e-4"),
            Slot("beta1", "decay of the first moment", "0.9", _MOMENTUM),
            Slot("beta2", "decay of the second moment", "0.999", _MOMENTUM),
            Slot("eps", "added to the root of the second moment", "1e-8", POSITIVE),
            Slot("weight_decay", "L2 penalty added to the gradient", "0", NON_NEGATIVE),
        ),
        source="Kingma and Ba 2015, Algorithm 1",
        operator="taxon.operators.optimisers.adam",
    ),
    Choice(
        "sgd",
        "stochastic gradient descent with momentum",
        (_lr("1e-2"), Slot("momentum", "decay of the velocity", "0", _MOMENTUM)),
        source="Sutskever et al. 2013",
        operator="taxon.operators.optimisers.sgd",
    ),
)

SLOTS = (
    Slot("optimizer.policy", "the policy's optimiser", "adam", choices=_CHOICES, applies=_policy_descends),
    Slot("optimizer.value", "the critic's optimiser", "adam", choices=_CHOICES, applies=_value_descends),
    Slot(
        "optimizer.prior", "the optimiser of a prior's own network", "adam", choices=_CHOICES, applies=_prior_descends
    ),
    Slot(
        "optimizer.dual",
        "the optimiser of eta and of the trust region's multipliers",
        "adam(lr = 1e-2)",
        choices=_CHOICES,
        applies=_needs_dual,
    ),
    Slot(
        "optimizer.bounds",
        "the optimiser of the temperature of `bounds = penalty`",
        "adam(lr = 1e-2)",
        choices=_CHOICES,
        applies=_needs_penalty,
    ),
    Slot(
        "optimizer.clip",
        "the largest norm of a gradient, of each network and each multiplier apart (Pascanu et al. 2013)",
        "none",
        POSITIVE,
        choices=(Choice("none", "no bound"),),
        applies=_anything_descends,
    ),
    Slot(
        "optimizer.policy_every",
        "updates of the critic for each update of the policy, its prior, its multipliers and the lagged copies "
        "(Fujimoto et al. 2018)",
        "1",
        Range(1, 10_000, integer=True),
        applies=_one_batch,
    ),
)
