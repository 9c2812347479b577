"""TX3xx on the distribution of actions and what bounds it."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX319",
    "a penalty that is always zero",
    "An action behind tanh or of a Beta distribution, or a mean behind tanh, lies inside [-1, 1] for every parameter: "
    "the penalty and its gradient are 0.",
    "Furuta et al. 2021, Section 4.2.3",
)
def _penalty_inside(row: Row) -> Conflict | None:
    kind = row.base("bounds")
    if kind in ("penalty", "quadratic") and facts.can(row, "box"):
        return Conflict(
            f"`{facts.distribution(row)}` cannot leave [-1, 1], so the penalty is always 0",
            (("bounds", "penalises actions outside [-1, 1]"), ("pi_theta", "has none")),
            "write `bounds = none`",
        )
    if row.has("bounds", "clip") and facts.can(row, "box"):
        return Conflict(
            f"`{facts.distribution(row)}` cannot leave [-1, 1], so nothing is ever clipped",
            (("bounds", "clips what the critic reads"), ("pi_theta", "stays inside [-1, 1]")),
            "drop `+ clip`",
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
    if facts.em_control(row) and not facts.can(row, "log_prob"):
        return Conflict(
            facts.missing(row, "EM control weighs the log-likelihood of actions: it", "log_prob"),
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
    if not facts.kl_control(row) or facts.can(row, "log_prob") or not facts.uses_q(row):
        return None
    policy = ("pi_theta", "is a function of the state")
    if facts.trailing(row):
        return Conflict(
            facts.missing(row, "the divergence from the last policy", "log_prob"),
            (("pi_p", "is the pi_q of the update before"), policy),
            "write `pi_p = fixed` with `pi_p.update = fixed` and `eta = 0`",
        )
    if facts.separate_prior(row):
        return Conflict(
            facts.missing(row, f"`pi_p = {row.base('pi_p')}` is of the policy's distribution: it", "log_prob"),
            (("pi_p", "is a density beside the policy's"), policy),
            "write `pi_p = fixed` with `pi_p.update = fixed` and `eta = 0`",
        )
    if row.says("G", "regularised"):
        return Conflict(
            facts.missing(row, f"`{row.base('G')}` counts the entropy of `pi_q`: it", "log_prob"),
            (("G", "holds log pi_q(a|s)"), policy),
            "write `G = Q[pi_q]` with `eta = 0`",
        )
    if "eta" in row and row["eta"] != 0:
        return Conflict(
            facts.missing(row, "eta weighs the entropy of `pi_q`: it", "log_prob"),
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
    path = facts.innermost(row)
    if not facts.can(row, "closed_form"):
        return Conflict(
            facts.missing(row, "`exploration` perturbs the parameters of one linear mean: it", "closed_form"),
            (noise, ("pi_theta", "has other parameters")),
            "write `network.policy.std = exp`, or `pi_theta = normal(mean(s), cov(s))`",
        )
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
    if facts.can(row, "log_prob"):
        return None
    policy = ("pi_theta", "is a function of the state")
    if facts.likelihood_ratio(row):
        return Conflict(
            facts.missing(row, "the gradient of the likelihood of the actions taken", "log_prob"),
            (policy, ("G", "is a number for each action taken")),
            "write `G = Q[pi_q]` with `pi_p = fixed` and `eta = 0`, or `pi_theta = normal(mean(s), cov)`",
        )
    if row.base("G.estimate") == "retrace":
        return Conflict(
            facts.missing(row, "Retrace weighs by ratios of densities: it", "log_prob"),
            (("G.estimate", "truncates pi(a|s) / b(a|s)"), policy),
            "write `G.estimate = td(...)` or `G.estimate = n_step(...)`",
        )
    if row.base("bounds") == "penalty":
        return Conflict(
            facts.missing(row, "`bounds = penalty` raises the likelihood of actions in the box: it", "log_prob"),
            (("bounds", "weighs the likelihood of drawn actions"), policy),
            "write `bounds = quadratic(weight = 10)`, or `network.policy.mean = tanh`",
        )
    return None


@rule(
    "TX353",
    "a divergence that has no closed form",
    "A trust region, an adaptive penalty, a natural gradient, a default policy that follows pi_q and a weight on "
    "KL(pi_q || pi_p) read the divergence of two policies at every state. A mixture has none in closed form, and a "
    "function of the state has none at all.",
    "Schulman et al. 2015 and 2017; Abdolmaleki et al. 2018b",
    after=(
        *CONTROL,
        *("TX306", "TX308", "TX309", "TX314", "TX317", "TX326", "TX327", "TX330", "TX331", "TX334", "TX335"),
        *("TX346", "TX348", "TX363"),
    ),
)
def _divergence(row: Row) -> Conflict | None:
    if facts.can(row, "kl"):
        return None
    weighed = facts.likelihood_ratio(row) and facts.trailing(row) and "eta" in row and row["eta"] != 0
    weighed = weighed and not facts.by_samples(row)
    for reads, path, who, does, way in (
        (
            facts.trust_region_m(row) and not facts.by_samples(row, "pi_p.update.trust_region."),
            "pi_p.update",
            "`trust_region`",
            "bounds KL(pi_old || pi_theta)",
            "drop `+ trust_region`",
        ),
        (
            facts.trust_region_q(row) and not facts.by_samples(row, "pi_q.update.trust_region."),
            "pi_q.update",
            "`trust_region`",
            "bounds KL(pi_q || pi_p)",
            "drop `+ trust_region` and give `eta` a number",
        ),
        (
            facts.penalised(row),
            "pi_q.update",
            "`penalty`",
            "weighs KL(pi_p || pi_q)",
            "write `pi_q.update = sg + clipped`, which bounds the likelihood ratio",
        ),
        (
            facts.natural(row),
            "pi_q.update",
            "`natural_gradient`",
            "bounds KL(pi_p || pi_q)",
            "write `pi_q.update = sg + clipped`, which bounds the likelihood ratio",
        ),
        (
            row.says("pi_p", "distils"),
            "pi_p",
            f"`pi_p = {row.base('pi_p')}`",
            "minimises KL(pi_q || pi_p)",
            "write `pi_p = behaviour`, which follows the actions in the data",
        ),
        (
            weighed,
            "eta",
            "the objective",
            "weighs KL(pi_q || pi_p)",
            "write `eta = 0`, or `pi_p = fixed` with `pi_p.update = fixed` and `G = A[pi_q]`",
        ),
    ):
        if reads:
            policy = ("pi_theta", "has no divergence in closed form")
            help_ = f"{way}, or write `pi_theta = normal(mean(s), cov(s))`"
            return Conflict(facts.missing(row, who, "kl"), ((path, does), policy), help_)
    return None


@rule(
    "TX371",
    "a Gaussian prior of what is none",
    "`constant` is the policy's distribution with mean 0 and one deviation. A choice among finitely many actions and a "
    "Beta distribution have neither.",
    "Marino et al. 2019",
    after=(*CONTROL, "TX331", "TX348"),
)
def _constant_prior(row: Row) -> Conflict | None:
    if not facts.separate_prior(row) or facts.learned_prior(row) or facts.has_covariance(row):
        return None
    return Conflict(
        f"`pi_p = {row.base('pi_p')}` is a Gaussian, and `{facts.distribution(row)}` has none in it",
        (("pi_p", "has mean 0 and one deviation"), ("pi_theta", "has neither")),
        "write `pi_p = fixed`, the uniform distribution, or `pi_theta = normal(mean(s), cov(s))`",
    )


@rule(
    "TX354",
    "a gradient through an action that has none",
    "The gradient of Q runs through the action into the parameters: it needs the derivative of a draw by them, or a "
    "sum over finitely many actions. The component of a mixture is a choice, and a Beta draw is accepted or rejected: "
    "neither has a derivative.",
    "Kingma and Welling 2014; Naesseth et al. 2017",
    after=(*CONTROL, "TX309", "TX314", "TX317", "TX327", "TX331", "TX334", "TX335", "TX346"),
)
def _through_action(row: Row) -> Conflict | None:
    if facts.can(row, "pathwise") or not facts.through_action(row):
        return None
    return Conflict(
        facts.missing(row, "the gradient of Q(s, a) runs through the action: it", "pathwise"),
        (("pi_theta", "has draws without a derivative"), ("pi_q.update", "ascends Q(s, a) by the action")),
        "write `pi_q.update = sg(gradient = likelihood_ratio, samples = 16)`, which needs no derivative of a draw, or "
        "`pi_theta = tanh(normal(mean(s), cov(s)))`",
    )


@rule(
    "TX355",
    "a mean to keep in the box",
    "The quadratic penalty is on the distance of the mean to the box. A mixture has as many means as components, and "
    "its own lies where no action needs to be.",
    "Peng et al. 2019",
    after=("TX319",),
)
def _without_mean(row: Row) -> Conflict | None:
    if row.base("bounds") != "quadratic" or facts.can(row, "mean"):
        return None
    return Conflict(
        facts.missing(row, "`bounds = quadratic`", "mean"),
        (("bounds", "penalises means outside [-1, 1]"), ("pi_theta", "has no single one")),
        "write `bounds = penalty(kl = 1e-3)`, or `network.policy.mean = tanh`",
    )


@rule(
    "TX373",
    "a clip of what no critic reads",
    "`+ clip` changes the action that Q(s, a) is read at. V(s) reads no action, and without a critic nothing does.",
    "Hoffman et al. 2020",
    after=(*CONTROL, "TX319"),
)
def _clip_without_q(row: Row) -> Conflict | None:
    if not row.has("bounds", "clip") or (facts.uses_q(row) and row.base("G.critic") != "none"):
        return None
    return Conflict(
        "no network reads an action here, so there is nothing to clip",
        (("bounds", "clips what the critic reads"), ("G", "has no Q(s, a) to read")),
        "drop `+ clip`, or write a G that is scored by Q, as `G = Q[pi_q]`",
    )
