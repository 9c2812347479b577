"""divergence: what of pi_q and pi_p the objective weighs by eta, and how it is estimated."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.ranges import POSITIVE, SEVERAL
from taxon.taxonomy.schema import Choice, Row, Slot


def _needs_weight(row: Row) -> str | None:
    if facts.em_control(row):
        return "the weights of a nonparametric pi_q are those of the KL"
    if facts.forward(row):
        return "forward KL is the divergence from pi_p exp(G/eta) / Z, and that is a KL"
    if "eta" not in row:
        return "nothing weighs the divergence: it has no eta"
    return "`eta = 0` leaves the divergence out" if row["eta"] == 0 else None


def _needs_own_actions(row: Row) -> str | None:
    if facts.likelihood_ratio(row):
        return "at the actions taken it is in closed form wherever the policy has one"
    return "a sum over all actions needs no estimate" if facts.discrete(row) else None


def _needs_squashing(row: Row) -> str | None:
    return None if facts.squashed(row) else "the policy squashes no action"


MMD = Choice(
    "mmd",
    "the maximum mean discrepancy of actions of both policies, which needs no density of either",
    (
        Slot(
            "kernel",
            "k of two actions",
            "laplacian",
            choices=(
                Choice(
                    "laplacian",
                    "exp(-|a - b|_1 / (2 width))",
                    operator="taxon.operators.discrepancies.laplacian_mmd",
                ),
                Choice(
                    "gaussian",
                    "exp(-|a - b|^2 / (2 width))",
                    operator="taxon.operators.discrepancies.gaussian_mmd",
                ),
            ),
        ),
        Slot("width", "how far apart two actions still count as alike", "20", POSITIVE),
        Slot("samples", "actions drawn of the policy, and as many of the other", "10", SEVERAL),
        Slot("root", "the discrepancy itself; else its square", "true", boolean=True),
        Slot(
            "on",
            "which actions are compared",
            "unsquashed",
            choices=(
                Choice("unsquashed", "before tanh (Kumar et al. 2019)", properties=frozenset({"unsquashed"})),
                Choice("action", "as the environment takes them (Wu et al. 2019)"),
            ),
            applies=_needs_squashing,
        ),
    ),
    equation="MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y), x of the one, y of the other",
    source="Gretton et al. 2012; Kumar et al. 2019; Wu et al. 2019",
    properties=frozenset({"by_samples"}),
)

DIVERGENCE = Slot(
    "divergence",
    "what the objective weighs by eta",
    "kl",
    choices=(
        Choice(
            "kl",
            "KL(pi_q || pi_p)",
            (
                Slot(
                    "estimate",
                    "how it is found at a state",
                    "sampled",
                    choices=(
                        Choice("sampled", "log pi_q - log pi_p at the actions that G is averaged over"),
                        Choice(
                            "closed",
                            "the expectation in closed form, without the actions' noise (Kingma and Welling 2014)",
                            properties=frozenset({"closed"}),
                        ),
                    ),
                    applies=_needs_own_actions,
                ),
            ),
            equation="KL(pi_q || pi_p) = E_{pi_q}[ log pi_q(a|s) - log pi_p(a|s) ]",
            source="Furuta et al. 2021, Eq. 1",
        ),
        MMD,
    ),
    applies=_needs_weight,
    level="implementation",
)
