"""TX3xx on pi_q, pi_p and their updates: which control is this, and can it be carried out."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules.rule import CONTROL, Conflict, Rule, registrar

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX301",
    "an analytic posterior is not parametric",
    "The E-step's solution pi_p(a|s) exp(G(s,a)/eta) / Z(s) is no member of the family pi_theta, so it cannot be "
    "assigned to pi_theta; it must stay nonparametric and be fitted, or pi_theta must ascend the objective itself.",
    "Furuta et al. 2021, Section 4.1",
)
def _analytic_parametric(row: Row) -> Conflict | None:
    if row.base("pi_q") == "pi_theta" and row.base("pi_q.update") == "analytic":
        return Conflict(
            "the analytic E-step has no solution in the family of `pi_theta`",
            (("pi_q.update", "gives pi_p exp(G/eta) / Z"), ("pi_q", "asks for a member of the family pi_theta")),
            "write `pi_q = nonparametric` to keep the E-step, or `pi_q.update = sg` to ascend the objective",
        )
    return None


@rule(
    "TX302",
    "a nonparametric posterior has no gradient",
    "A nonparametric pi_q is a set of weights on actions; stochastic gradients need parameters to move.",
    "Furuta et al. 2021, Section 4.1",
)
def _gradient_nonparametric(row: Row) -> Conflict | None:
    if row.base("pi_q") == "nonparametric" and row.base("pi_q.update") == "sg":
        return Conflict(
            "a nonparametric `pi_q` has no parameters to ascend",
            (("pi_q.update", "moves parameters"), ("pi_q", "has none, only weights on actions")),
            "write `pi_q.update = analytic`, or `pi_q = pi_theta`",
        )
    return None


@rule(
    "TX303",
    "posterior and prior are the same policy",
    "With pi_q = pi_p = pi_theta the term KL(pi_q || pi_p) is 0 for every theta: the objective is not regularised and "
    "pi_p names nothing.",
    "Furuta et al. 2021, Eq. 1",
    after=("TX301",),
)
def _same_policy(row: Row) -> Conflict | None:
    if row.base("pi_q") == "pi_theta" and row.base("pi_p") == "pi_theta":
        return Conflict(
            "`pi_q` and `pi_p` are the same policy, so KL(pi_q || pi_p) is 0 whatever its parameters",
            (("pi_p", "is pi_theta"), ("pi_q", "is pi_theta too")),
            "write `pi_p = fixed` (KL control) or `pi_q = nonparametric` (EM control)",
        )
    return None


@rule(
    "TX304",
    "nothing is trained",
    "A nonparametric pi_q has no parameters and a fixed pi_p does not move: no policy would ever change.",
    "Furuta et al. 2021, Section 4.1",
    after=("TX302",),
)
def _nothing_trained(row: Row) -> Conflict | None:
    if row.base("pi_q") == "nonparametric" and row.base("pi_p") == "fixed":
        return Conflict(
            "neither `pi_q` nor `pi_p` has parameters, so no policy is trained",
            (("pi_p", "does not move"), ("pi_q", "has no parameters")),
            "write `pi_p = pi_theta` to fit a policy to pi_q",
        )
    return None


@rule(
    "TX305",
    "the prior's update does not fit the prior",
    "A fixed prior has no update, and a trained one needs one.",
    "Furuta et al. 2021, Table 1",
    after=("TX301", "TX302", "TX304"),
)
def _prior_update(row: Row) -> Conflict | None:
    prior, update = row.base("pi_p"), row.base("pi_p.update")
    if prior == "fixed" and update != "fixed":
        return Conflict(
            "a fixed `pi_p` has no parameters to update",
            (("pi_p.update", "moves pi_p"), ("pi_p", "is the uniform distribution")),
            "write `pi_p.update = fixed`, or `pi_p = pi_theta`",
        )
    if prior == "pi_theta" and update == "fixed" and row.base("pi_q") == "nonparametric":
        return Conflict(
            "`pi_p` is the trained policy, but its update leaves it where it is",
            (("pi_p.update", "never moves pi_p"), ("pi_p", "is pi_theta")),
            "write `pi_p.update = sg`",
        )
    return None


@rule(
    "TX306",
    "a fixed prior takes no modifier",
    "`mixture` says which past policies pi_p averages and `trust_region` how far it may step. A fixed pi_p does "
    "neither.",
    "Furuta et al. 2021, Section 4.2",
    after=CONTROL,
)
def _fixed_modified(row: Row) -> Conflict | None:
    for modifier in ("mixture", "trust_region"):
        if row.base("pi_p.update") == "fixed" and row.has("pi_p.update", modifier):
            return Conflict(
                f"`{modifier}` says how `pi_p` moves, but a fixed `pi_p` does not",
                (("pi_p.update", f"adds {modifier} to fixed"),),
                f"drop `+ {modifier}`, or write `pi_p.update = sg + {modifier}` with `pi_p = pi_theta`",
            )
    return None


@rule(
    "TX314",
    "the E-step's dual belongs to the E-step",
    "The dual eta kl + eta log E exp(G/eta) is that of the exponential posterior. A parametric pi_q is not of that "
    "form, so its minimiser bounds nothing.",
    "Furuta et al. 2021, Section 4.2.1",
    after=("TX302",),
)
def _dual_parametric(row: Row) -> Conflict | None:
    if row.base("pi_q.update") == "sg" and facts.trust_region_e(row):
        return Conflict(
            "`trust_region` solves for eta by the dual of the analytic E-step, which `sg` does not take",
            (("pi_q.update", "adds the dual to a gradient step"),),
            "drop `+ trust_region` and give `eta` a number or `entropy(...)`, or write "
            "`pi_q.update = analytic + trust_region(...)` with `pi_q = nonparametric`",
        )
    return None


@rule(
    "TX315",
    "a trust region around the policy itself",
    "The constraint is KL(pi_old || pi_theta) <= kl. With no lagged copy pi_old is pi_theta: the KL and its gradient "
    "are 0 at every step, and its multiplier falls to nothing.",
    "Abdolmaleki et al. 2018b",
    after=(*CONTROL, "TX306"),
)
def _region_without_centre(row: Row) -> Conflict | None:
    if facts.trust_region_m(row) and not facts.lagged_policy(row):
        return Conflict(
            "the trust region of `pi_p.update` has no old policy to stay close to",
            (
                ("pi_p.update", "bounds KL(pi_old || pi_theta)"),
                ("target", "keeps no lagged copy of the policy"),
            ),
            "write `target = copy(every = 100, policy = true)`"
            if row.base("target") == "none"
            else "write `target.policy = true`",
        )
    return None


@rule(
    "TX316",
    "a dual without a normaliser",
    "The dual of KL(pi_q || pi_p) <= kl is derived for a pi_q that sums to one; with Z := 1 it does not, and the KL "
    "that is bounded is not that of the weights in use.",
    "Furuta et al. 2021, Section 4.2.1",
    after=CONTROL,
)
def _unnormalised_dual(row: Row) -> Conflict | None:
    if facts.trust_region_e(row) and facts.mixture(row) and row.base("pi_q.update.normalise") == "none":
        return Conflict(
            "the trust region bounds KL(pi_q || pi_p), but with Z := 1 the weights are no distribution",
            (
                ("pi_q.update", "bounds the KL of a normalised pi_q"),
                ("pi_q.update.normalise", "leaves the weights as they are"),
            ),
            "write `pi_q.update.normalise = batch`",
        )
    return None


@rule(
    "TX317",
    "an entropy constraint on weights",
    "The entropy dual adapts eta until E[-log pi_q] meets its target; a nonparametric pi_q has weights but no density.",
    "Haarnoja et al. 2018b",
    after=CONTROL,
)
def _entropy_of_weights(row: Row) -> Conflict | None:
    if row.base("eta") == "entropy" and facts.em_control(row):
        return Conflict(
            "the entropy dual needs log pi_q(a|s), which a nonparametric `pi_q` does not have",
            (("eta", "follows E[-log pi_q]"), ("pi_q", "is a set of weights")),
            "give `eta` a number, or take it out and add `+ trust_region(kl = 0.1)` to `pi_q.update`",
        )
    return None


@rule(
    "TX318",
    "the entropy of a constant covariance",
    "The entropy of a Gaussian depends on Sigma alone. If Sigma is a constant, so is the entropy, and the dual -eta "
    "(H_target - H) has a constant slope: eta goes to 0 or to infinity.",
    "Haarnoja et al. 2018b",
    after=("TX317",),
)
def _constant_entropy(row: Row) -> Conflict | None:
    if row.base("eta") == "entropy" and not facts.learned_covariance(row) and not facts.squashed(row):
        path = f"{facts.normal_path(row)}.cov"
        return Conflict(
            "the entropy of a Gaussian with a constant covariance cannot be adapted, so eta diverges",
            (("eta", "waits for the entropy to change"), (path, "is a constant")),
            "write `pi_theta = tanh(normal(mean(s), cov(s)))`, or `cov(s)` for the covariance, or give `eta` a number",
        )
    return None
