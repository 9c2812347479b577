"""pi_theta: the distribution of the policy (Furuta et al. 2021, last column of Table 1)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import NON_NEGATIVE, POSITIVE, Choice, Range, Slot

_SIGMA = {"cov(s)": "Sigma_theta(s)", "cov": "Sigma_theta"}


def _needs_learned_covariance(row: Row) -> str | None:
    return None if facts.learned_covariance(row) else "a constant Sigma has one variance for every dimension"


def _needs_deterministic(row: Row) -> str | None:
    return None if facts.deterministic(row) else "the policy's own distribution explores"


def _normal_term(row: Row, path: str) -> str:
    return f"N(mu_theta(s), {_SIGMA.get(row.base(f'{path}.cov'), 'Sigma')})"


def _tanh_term(row: Row, path: str) -> str:
    return f"Tanh({_normal_term(row, f'{path}.base')})"


NORMAL = Choice(
    "normal",
    "a Gaussian",
    (
        Slot("mean", "mu", "mean(s)", choices=(Choice("mean(s)", "mu_theta(s), a network"),)),
        Slot(
            "cov",
            "Sigma: the variance of each action dimension",
            None,
            POSITIVE,
            choices=(
                Choice("cov(s)", "Sigma_theta(s), a second head of the network", properties=frozenset({"learned"})),
                Choice("cov", "Sigma_theta, one trained vector", properties=frozenset({"learned"})),
            ),
        ),
        Slot(
            "structure",
            "which entries of Sigma are trained",
            "diagonal",
            choices=(
                Choice("diagonal", "the variances"),
                Choice("full", "all of them, by a Cholesky factor", operator="taxon.operators.full_covariance"),
            ),
            applies=_needs_learned_covariance,
        ),
    ),
    term=_normal_term,
    equation="a ~ N(mu, Sigma)",
    source="Furuta et al. 2021, Section 4.2",
    operator="taxon.operators.distributions.normal_log_prob",
    properties=frozenset({"gaussian"}),
)

TANH = Choice(
    "tanh",
    "the squashed distribution, whose actions lie in [-1, 1]",
    (Slot("base", "the distribution before squashing", None, choices=(NORMAL,)),),
    term=_tanh_term,
    equation="a = tanh(u), log pi(a) = log N(u) - sum_d log(1 - tanh(u_d)^2)",
    source="Haarnoja et al. 2018a; Furuta et al. 2021, Section 4.2.3",
    operator="taxon.operators.distributions.tanh_normal_log_prob",
    properties=frozenset({"gaussian", "squashed"}),
)

SOFTMAX = Choice(
    "softmax",
    "a choice among finitely many actions",
    (
        Slot(
            "logits", "the log-probabilities up to a constant", "logits(s)", choices=(Choice("logits(s)", "a network"),)
        ),
    ),
    term="Softmax",
    equation="pi(a|s) = exp(l_a(s)) / sum_b exp(l_b(s))",
    source="Furuta et al. 2021, Table 1",
    operator="taxon.operators.categorical",
    properties=frozenset({"finite"}),
)

DETERMINISTIC = Choice(
    "mean(s)",
    "a deterministic policy: the action is a function of the state",
    term="mu_theta(s)",
    equation="a = mu_theta(s)",
    source="Lillicrap et al. 2016; Furuta et al. 2021, Table 1",
    operator="taxon.networks.heads.Deterministic",
    properties=frozenset({"one_action"}),
)

PI_THETA = Slot(
    "pi_theta", "the policy's distribution", choices=(NORMAL, TANH, SOFTMAX, DETERMINISTIC), level="implementation"
)

EXPLORATION = Slot(
    "exploration",
    "the noise that is added to a deterministic policy's actions while it collects data",
    "gaussian",
    choices=(
        Choice("none", "none: the policy acts as it is"),
        Choice(
            "gaussian",
            "independent at every step",
            (Slot("std", "its deviation, where actions lie in [-1, 1]", "0.1", POSITIVE),),
            equation="a = clip(mu(s) + N(0, std^2), -1, 1)",
            source="Fujimoto et al. 2018",
            operator="taxon.operators.exploration.perturbed",
        ),
        Choice(
            "ornstein_uhlenbeck",
            "correlated in time, from 0 at the start of every episode",
            (
                Slot("theta", "the pull towards 0 at each step", "0.15", Range(0, 1, low_open=True)),
                Slot("sigma", "the deviation of each step's noise", "0.2", NON_NEGATIVE),
            ),
            equation="x <- x - theta x + sigma N(0, 1), a = clip(mu(s) + x, -1, 1)",
            source="Uhlenbeck and Ornstein 1930; Lillicrap et al. 2016",
            operator="taxon.operators.exploration.ornstein_uhlenbeck",
        ),
    ),
    applies=_needs_deterministic,
)
