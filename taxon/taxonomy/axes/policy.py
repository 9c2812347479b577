"""pi_theta: the distribution of the policy (Furuta et al. 2021, last column of Table 1)."""

from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import POSITIVE, Choice, Slot

_SIGMA = {"cov(s)": "Sigma_theta(s)", "cov": "Sigma_theta"}


def _normal_term(row: Row, path: str) -> str:
    return f"N(mu_theta(s), {_SIGMA.get(row.base(f'{path}.cov'), 'Sigma')})"


def _tanh_term(row: Row, path: str) -> str:
    return f"Tanh({_normal_term(row, f'{path}.base')})"


NORMAL = Choice(
    "normal",
    "a Gaussian with a diagonal covariance",
    (
        Slot("mean", "mu", "mean(s)", choices=(Choice("mean(s)", "mu_theta(s), a network"),)),
        Slot(
            "cov",
            "Sigma: the variance of each action dimension",
            None,
            POSITIVE,
            choices=(
                Choice("cov(s)", "Sigma_theta(s), a second head of the network"),
                Choice("cov", "Sigma_theta, one trained vector"),
            ),
        ),
    ),
    term=_normal_term,
    equation="a ~ N(mu, Sigma)",
    source="Furuta et al. 2021, Section 4.2",
    operator="taxon.operators.distributions.normal_log_prob",
)

TANH = Choice(
    "tanh",
    "the squashed distribution, whose actions lie in [-1, 1]",
    (Slot("base", "the distribution before squashing", None, choices=(NORMAL,)),),
    term=_tanh_term,
    equation="a = tanh(u), log pi(a) = log N(u) - sum_d log(1 - tanh(u_d)^2)",
    source="Haarnoja et al. 2018a; Furuta et al. 2021, Section 4.2.3",
    operator="taxon.operators.distributions.tanh_normal_log_prob",
)

PI_THETA = Slot("pi_theta", "the policy's distribution", choices=(NORMAL, TANH), level="implementation")
