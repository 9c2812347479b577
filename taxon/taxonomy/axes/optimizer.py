"""optimizer: how parameters and multipliers follow their gradients (Furuta et al. 2021, Table 4)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import COUNT, NON_NEGATIVE, POSITIVE, Choice, Range, Slot

_MOMENTUM = Range(0, 1, high_open=True)


def _needs_dual(row: Row) -> str | None:
    return None if facts.has_dual(row) else "the row trains neither eta nor a multiplier"


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
    Slot("optimizer.policy", "the policy's optimiser", "adam", choices=_CHOICES),
    Slot("optimizer.value", "the critic's optimiser", "adam", choices=_CHOICES),
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
    ),
)
