"""TX3xx on the distribution of actions and what bounds it."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX319",
    "a penalty that is always zero",
    "A squashed action, or a mean behind tanh, lies inside [-1, 1] for every parameter: the penalty and its gradient "
    "are 0.",
    "Furuta et al. 2021, Section 4.2.3",
)
def _penalty_inside(row: Row) -> Conflict | None:
    kind = row.base("bounds")
    if kind in ("penalty", "quadratic") and facts.squashed(row):
        return Conflict(
            "a squashed policy cannot leave [-1, 1], so the penalty is always 0",
            (("bounds", "penalises actions outside [-1, 1]"), ("pi_theta", "has none")),
            "write `bounds = none`",
        )
    if kind == "quadratic" and row.base("network.policy.mean") == "tanh":
        return Conflict(
            "a mean behind tanh cannot leave [-1, 1], so the penalty is always 0",
            (("bounds", "penalises means outside [-1, 1]"), ("network.policy.mean", "keeps them inside")),
            "write `bounds = none`, or `network.policy.mean = linear`",
        )
    return None


@rule(
    "TX321",
    "an empty interval",
    "The log-deviation is clamped to [low, high]; with low not below high the policy's deviation is one constant.",
)
def _empty_interval(row: Row) -> Conflict | None:
    path = "network.policy.std"
    if row.base(path) == "exp" and row.number(f"{path}.low") >= row.number(f"{path}.high"):
        return Conflict(
            "`low` is not below `high`, so no deviation can be learned",
            ((f"{path}.low", "the smallest log-deviation"), (f"{path}.high", "the largest")),
            "write for example `network.policy.std = exp(low = -20, high = 2)`",
        )
    return None


@rule(
    "TX330",
    "a likelihood that a deterministic policy does not have",
    "The E-step weighs several actions of pi_p at a state and the M-step maximises their log-likelihood. A function of "
    "the state has one action and no density.",
    "Furuta et al. 2021, Eq. 3",
    after=CONTROL,
)
def _deterministic_em(row: Row) -> Conflict | None:
    if facts.em_control(row) and facts.deterministic(row):
        return Conflict(
            "EM control weighs the log-likelihood of actions, and a deterministic policy has none",
            (("pi_theta", "is a function of the state"), ("pi_q", "weighs the actions of pi_p")),
            "write `pi_theta = normal(mean(s), cov(s))`, or `pi_q = pi_theta` with `pi_p = fixed` and `G = Q[pi_q]`",
        )
    return None


@rule(
    "TX331",
    "an entropy or a divergence of a deterministic policy",
    "The entropy of a distribution on one action is minus infinity, and its divergence from any other is infinite.",
    "Furuta et al. 2021, Appendix C",
    after=(*CONTROL, "TX314"),
)
def _deterministic_entropy(row: Row) -> Conflict | None:
    # Where G is no Q(s, a), the likelihood ratio is to blame (TX348): no temperature would help.
    if not (facts.kl_control(row) and facts.deterministic(row) and facts.uses_q(row)):
        return None
    policy = ("pi_theta", "is a function of the state")
    if facts.trailing(row):
        return Conflict(
            "the divergence of one deterministic policy from another is infinite",
            (("pi_p", "is the pi_q of the update before"), policy),
            "write `pi_p = fixed` with `pi_p.update = fixed` and `eta = 0`",
        )
    if row.base("G") == "Q_soft[pi_q]":
        return Conflict(
            "`Q_soft[pi_q]` counts the entropy of `pi_q`, and a deterministic policy has none",
            (("G", "holds log pi_q(a|s)"), policy),
            "write `G = Q[pi_q]` with `eta = 0`",
        )
    if "eta" in row and row["eta"] != 0:
        return Conflict(
            "eta weighs the entropy of `pi_q`, and a deterministic policy has none",
            (("eta", "is not 0"), policy),
            "write `eta = 0`",
        )
    return None


@rule(
    "TX344",
    "exploration in parameters that are not there",
    "Independent noise on the parameters of a mean that is linear in its features makes the action Gaussian with "
    "sigma(s)^2 = sum_j sigma_j^2 phi_j(s)^2, independently for each action dimension. Behind a hidden layer or a tanh "
    "the action is no Gaussian, and a covariance that is one for all states cannot follow the features.",
    "Kober and Peters 2008",
    after=("TX328",),
)
def _exploration(row: Row) -> Conflict | None:
    if row.base("network.policy.std") != "exploration":
        return None
    noise = ("network.policy.std", "perturbs the parameters of a linear mean")
    path = facts.normal_path(row)
    if not facts.linear(row, "policy"):
        return Conflict(
            "`exploration` perturbs the parameters of a linear mean, and this policy has hidden layers",
            (noise, ("network.policy.hidden", "is not linear")),
            "write `network.policy.hidden = []`, or `network.policy.std = exp`",
        )
    if row.base("network.policy.mean") != "linear":
        return Conflict(
            "`exploration` perturbs the parameters of a linear mean, and this one stands behind tanh",
            (noise, ("network.policy.mean", "is not linear")),
            "write `network.policy.mean = linear`, or `network.policy.std = exp`",
        )
    if facts.covariance(row) != "cov(s)":
        return Conflict(
            "`exploration` has a deviation that grows with the features, and `cov` is one for all states",
            (noise, (f"{path}.cov", "does not depend on the state")),
            "write `cov(s)` for the covariance, or `network.policy.std = exp`",
        )
    if facts.full_covariance(row):
        return Conflict(
            "`exploration` perturbs every action dimension by itself, and a full covariance ties them together",
            (noise, (f"{path}.structure", "is full")),
            "write `structure = diagonal`, or `network.policy.std = exp`",
        )
    return None


@rule(
    "TX348",
    "a density that a deterministic policy does not have",
    "The ratio pi(a|s) / b(a|s) of an action taken, which Retrace truncates and the gradient of a taken action weighs, "
    "needs a density, and so does the penalty that raises the likelihood of actions in the box. A function of the "
    "state has none.",
    "Munos et al. 2016; Schulman et al. 2015",
    after=(*CONTROL, "TX308", "TX309", "TX311", "TX330"),
)
def _density(row: Row) -> Conflict | None:
    if not facts.deterministic(row):
        return None
    policy = ("pi_theta", "is a function of the state")
    if facts.likelihood_ratio(row):
        return Conflict(
            "the gradient is that of the likelihood of the actions taken, and a deterministic policy has none",
            (policy, ("G", "is a number for each action taken")),
            "write `G = Q[pi_q]` with `pi_p = fixed` and `eta = 0`, or `pi_theta = normal(mean(s), cov)`",
        )
    if row.base("G.estimate") == "retrace":
        return Conflict(
            "Retrace weighs by ratios of densities, and a deterministic policy has none",
            (("G.estimate", "truncates pi(a|s) / b(a|s)"), policy),
            "write `G.estimate = td(...)` or `G.estimate = n_step(...)`",
        )
    if row.base("bounds") == "penalty":
        return Conflict(
            "`bounds = penalty` raises the likelihood of actions in the box, and a deterministic policy has none",
            (("bounds", "weighs the likelihood of drawn actions"), policy),
            "write `bounds = quadratic(weight = 10)`, or `network.policy.mean = tanh`",
        )
    return None
