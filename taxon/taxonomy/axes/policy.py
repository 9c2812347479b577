"""pi_theta: the distribution of the policy (Furuta et al. 2021, last column of Table 1)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.ranges import NON_NEGATIVE, POSITIVE, Range
from taxon.taxonomy.schema import Choice, Row, Slot

_SIGMA = {"cov(s)": "Sigma_theta(s)", "cov": "Sigma_theta"}


def _needs_learned_covariance(row: Row) -> str | None:
    return None if facts.learned_covariance(row) else "a constant Sigma has one variance for every dimension"


def _needs_one_action(row: Row) -> str | None:
    return "the policy's own distribution explores" if facts.can(row, "sample") else None


def _below(row: Row, path: str) -> str:
    """The cell of the distribution at `base`."""
    base = row.chosen(f"{path}.base")
    if base is None:
        return ""
    return base.term if isinstance(base.term, str) else base.term(row, f"{path}.base")


def _normal_term(row: Row, path: str) -> str:
    return f"N(mu_theta(s), {_SIGMA.get(row.base(f'{path}.cov'), 'Sigma')})"


def _mixture_term(row: Row, path: str) -> str:
    return f"Mix({row.number(f'{path}.components'):g} {_below(row, path)})"


def _tanh_term(row: Row, path: str) -> str:
    return f"Tanh({_below(row, path)})"


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
    capabilities=frozenset(
        {"sample", "log_prob", "pathwise", "mean", "entropy", "kl", "parts", "held", "fit", "closed_form"}
    ),
)

MIXTURE = Choice(
    "mixture",
    "a mixture of Gaussians, with weights and means from one network; one trained `cov` is that of every component",
    (
        Slot("components", "how many Gaussians", None, Range(2, 1000, integer=True)),
        Slot("base", "each of them", None, choices=(NORMAL,)),
    ),
    term=_mixture_term,
    equation="pi(a|s) = sum_k w_k(s) N(a; mu_k(s), Sigma_k(s))",
    source="Bishop 1994",
    operator="taxon.operators.mixture",
    keeps=frozenset({"sample", "log_prob"}),
)

TANH = Choice(
    "tanh",
    "the squashed distribution, whose actions lie in [-1, 1]",
    (Slot("base", "the distribution before squashing", None, choices=(NORMAL, MIXTURE)),),
    term=_tanh_term,
    equation="a = tanh(u), log pi(a) = log pi(u) - sum_d log(1 - tanh(u_d)^2)",
    source="Haarnoja et al. 2018a; Furuta et al. 2021, Section 4.2.3",
    operator="taxon.operators.distributions.tanh_normal_log_prob",
    properties=frozenset({"squashed"}),
    capabilities=frozenset({"box"}),
    keeps=frozenset({"sample", "log_prob", "pathwise", "kl", "parts", "held", "fit", "closed_form"}),
)

BETA = Choice(
    "beta",
    "independent Beta distributions on the box, each of one peak",
    (
        Slot(
            "alpha",
            "the weight of the box's upper end, above 1",
            "alpha(s)",
            choices=(Choice("alpha(s)", "a network, 1 + softplus"),),
        ),
        Slot(
            "beta",
            "the weight of its lower end, above 1",
            "beta(s)",
            choices=(Choice("beta(s)", "a second head of the network, 1 + softplus"),),
        ),
    ),
    term="Beta(alpha_theta(s), beta_theta(s))",
    equation="a = 2 x - 1, x_d ~ Beta(alpha_d(s), beta_d(s))",
    source="Chou et al. 2017",
    operator="taxon.operators.beta",
    capabilities=frozenset({"sample", "log_prob", "box", "entropy", "kl"}),
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
    capabilities=frozenset({"sample", "log_prob", "finite", "box", "entropy", "kl", "fit"}),
)

DETERMINISTIC = Choice(
    "mean(s)",
    "a deterministic policy: the action is a function of the state",
    term="mu_theta(s)",
    equation="a = mu_theta(s)",
    source="Lillicrap et al. 2016; Furuta et al. 2021, Table 1",
    operator="taxon.networks.heads.Deterministic",
    capabilities=frozenset({"pathwise", "mean"}),
)

PI_THETA = Slot(
    "pi_theta",
    "the policy's distribution",
    choices=(NORMAL, TANH, MIXTURE, BETA, SOFTMAX, DETERMINISTIC),
    level="implementation",
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
    applies=_needs_one_action,
)
