"""TX3xx: rows that mean nothing, and the mathematics of why. Only what is undefined is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from taxon.diagnostics.model import Code
from taxon.syntax.printing import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules.rule import Conflict, Rule

RULES: list[Rule] = []

Check = Callable[[Row], Conflict | None]


# Whether the row is EM control or KL control at all. Until that is settled, what either asks of G, eta and the rest
# would repeat one mistake in several words.
_CONTROL = ("TX301", "TX302", "TX303", "TX304", "TX305")


def rule(id_: str, title: str, why: str, source: str = "", after: Iterable[str] = ()) -> Callable[[Check], Check]:
    """Register a check under its code; codes read in the order of this file.

    Args:
        after: codes of which this one is a mere consequence where both are found.
    """

    def register(check: Check) -> Check:
        RULES.append(Rule(Code(id_, title, why, source=source), check, frozenset(after)))
        return check

    return register


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
    after=_CONTROL,
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
    "TX307",
    "V(s) cannot score an action that was not taken",
    "A[pi_p] is the estimated return of the action in the data minus V(s). An action drawn afresh has no return, and a "
    "V network does not read actions, so its weight exp(A/eta) is undefined.",
    "Furuta et al. 2021, Section 4.2.2",
    after=_CONTROL,
)
def _advantage_fresh(row: Row) -> Conflict | None:
    if facts.fresh_support(row) and not facts.uses_q(row):
        return Conflict(
            "`A[pi_p]` with a V network is undefined at the actions that the E-step draws",
            (
                ("G", "knows the return of the actions in the data only"),
                ("pi_p.update", "draws its actions from the old pi_p"),
            ),
            "write `G = Q[pi_p]`, or take the actions from the data: add `+ mixture` to `pi_p.update`",
        )
    return None


@rule(
    "TX308",
    "no gradient through an advantage",
    "The reparameterised gradient is E[ dG/da da/dtheta ]; A[pi_p] with a V network is a number for one taken action, "
    "so dG/da does not exist.",
    "Furuta et al. 2021, Section 4.1.2",
    after=_CONTROL,
)
def _advantage_gradient(row: Row) -> Conflict | None:
    if facts.kl_control(row) and not facts.uses_q(row):
        return Conflict(
            "`A[pi_p]` with a V network has no derivative with respect to the action",
            (("G", "is a number for each action taken"), ("pi_q.update", "differentiates G through the action")),
            "write `G = Q_soft[pi_q]` or `G = Q[pi_q]`",
        )
    return None


@rule(
    "TX309",
    "the fixed prior has no actions to value",
    "A fixed pi_p is a constant that drops out of the objective. On an unbounded action space it is improper, so "
    "E_{pi_p} Q(s', .) does not exist, and no policy of the row ever follows it.",
    "Furuta et al. 2021, Section 4.1.2",
    after=_CONTROL,
)
def _value_of_fixed_prior(row: Row) -> Conflict | None:
    if row.base("pi_p") == "fixed" and row.base("G") == "Q[pi_p]":
        return Conflict(
            "`Q[pi_p]` averages over the actions of a prior that is only a constant",
            (("G", "needs actions of pi_p at s'"), ("pi_p", "is uniform and is never drawn from")),
            "write `G = Q_soft[pi_q]` or `G = Q[pi_q]`",
        )
    return None


@rule(
    "TX310",
    "the posterior would be defined by its own value",
    "A nonparametric pi_q is pi_p exp(G/eta)/Z. If G were the value of pi_q, then G would define pi_q and pi_q would "
    "define G: the E-step has no closed form, and Q_soft needs log pi_q, which finitely many weights do not have.",
    "Furuta et al. 2021, Section 4.1.1",
    after=_CONTROL,
)
def _circular(row: Row) -> Conflict | None:
    if facts.em_control(row) and row.base("G") in ("Q[pi_q]", "Q_soft[pi_q]"):
        return Conflict(
            f"`{row.base('G')}` is the value of a `pi_q` that is itself defined by G",
            (("G", "is the value of pi_q"), ("pi_q", "is pi_p exp(G/eta) / Z")),
            "write `G = Q[pi_p]`",
        )
    return None


@rule(
    "TX311",
    "Retrace needs Q",
    "Retrace corrects with c (G - Q(s,a)) at the stored action; a V network has no Q(s,a).",
    "Munos et al. 2016",
    after=("TX307", "TX308"),
)
def _retrace_v(row: Row) -> Conflict | None:
    if row.base("G.estimate") == "retrace" and not facts.uses_q(row):
        return Conflict(
            "Retrace subtracts Q(s, a) at the stored action, which a V network does not have",
            (("G.estimate", "corrects with c (G - Q(s, a))"), ("G", "is estimated with a V network")),
            "write `G = Q[pi_p]`, or `G.estimate = td(...)`",
        )
    return None


@rule(
    "TX312",
    "the estimator looks ahead, the data do not",
    "Retrace and TD(lambda > 0) sum over consecutive steps of one trajectory. Steps drawn one by one have no "
    "successors in the batch.",
    "Munos et al. 2016; Sutton and Barto 2018",
)
def _shuffled(row: Row) -> Conflict | None:
    if facts.looks_ahead(row) and not facts.contiguous(row):
        name = "Retrace" if row.base("G.estimate") == "retrace" else "TD(lambda > 0)"
        return Conflict(
            f"{name} needs consecutive steps, but the replay draws single ones",
            (("G.estimate", "sums over the steps that follow"), ("data", "draws steps one by one")),
            "write `data = replay(...) + sequences(length = 8)`, or `+ episodes`, or `G.estimate = td(0)`",
        )
    return None


@rule(
    "TX313",
    "two critics need actions to disagree on",
    "Clipped double Q takes the smaller of two Q(s', a') at a sampled action, against the bias of choosing actions by "
    "the value that scores them. A V network scores no actions.",
    "Fujimoto et al. 2018",
    after=("TX307", "TX308", "TX311"),
)
def _double_v(row: Row) -> Conflict | None:
    if row.has("G.estimate", "clipped_double") and not facts.uses_q(row):
        return Conflict(
            "`clipped_double` takes the smaller of two Q(s, a), but `A[pi_p]` is estimated with a V network",
            (("G.estimate", "takes the minimum over two Q"), ("G", "is estimated with a V network")),
            "drop `+ clipped_double`, or write `G = Q[pi_p]`",
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
    after=(*_CONTROL, "TX306"),
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
    after=_CONTROL,
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
    after=_CONTROL,
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


@rule(
    "TX319",
    "a penalty that is always zero",
    "A squashed action, or a mean behind tanh, lies inside [-1, 1] for every parameter: the penalty and its gradient "
    "are 0.",
    "Furuta et al. 2021, Section 4.2.3",
)
def _penalty_inside(row: Row) -> Conflict | None:
    kind = row.base("bounds")
    if kind != "none" and facts.squashed(row):
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
    "TX320",
    "windows and whole episodes at once",
    "`sequences` computes targets inside each window as it is drawn, `episodes` over all episodes before drawing: the "
    "two give different targets for one step.",
)
def _windows_of_episodes(row: Row) -> Conflict | None:
    if row.has("data", "sequences") and row.has("data", "episodes"):
        return Conflict(
            "`sequences` and `episodes` each say how targets are computed",
            (("data", "adds both"),),
            "keep `sequences` or `episodes`",
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
    "TX322",
    "there is no lagged critic",
    "`G.critic = target` scores actions by the lagged copy of the critic, and `target = none` keeps none.",
    "Hoffman et al. 2020",
    after=("TX315",),
)
def _no_lagged_critic(row: Row) -> Conflict | None:
    if row.base("G.critic") == "target" and row.base("target") == "none":
        return Conflict(
            "`G.critic = target` asks for a lagged critic that the row does not keep",
            (("G.critic", "scores by the lagged critic"), ("target", "keeps no copies")),
            "write `target = polyak(tau = 0.005)`, or `G.critic = online`",
        )
    return None


@rule(
    "TX323",
    "a window longer than the data",
    "A window of consecutive steps can only be drawn once that many are stored, and never if the replay holds fewer.",
    after=("TX324",),
)
def _long_window(row: Row) -> Conflict | None:
    if not row.has("data", "sequences"):
        return None
    length = int(row.number("data.sequences.length"))
    for path, what in (
        ("data.capacity", "steps are kept"),
        ("data.warmup", "steps are collected before the first update"),
    ):
        if row.number(path) < length:
            return Conflict(
                f"a window of {length} steps cannot be drawn when {number(row.number(path))} {what}",
                (("data.sequences.length", "the window"), (path, "fewer steps")),
                f"write `{path} = {length}` or more",
            )
    return None


@rule(
    "TX324",
    "a warm-up that never ends",
    "Updates begin once `warmup` steps are collected; a replay that keeps fewer forgets them before they are used.",
)
def _warmup_beyond_capacity(row: Row) -> Conflict | None:
    if row.number("data.warmup") > row.number("data.capacity"):
        return Conflict(
            "the warm-up collects more steps than the replay keeps",
            (("data.warmup", "steps before the first update"), ("data.capacity", "steps kept")),
            f"write `data.capacity = {number(row.number('data.warmup'))}` or more",
        )
    return None


@rule(
    "TX325",
    "the return leaves out the entropy",
    "TD(lambda > 0) sums rewards and bootstraps from what is left: the entropy of the steps in between is not among "
    "them, so its fixed point is neither Q_soft nor Q. The one-step target and Retrace read every value as "
    "V(s') = E[Q - eta log pi_q].",
    "Furuta et al. 2021, Section 4.2.3; Munos et al. 2016",
    after=(*_CONTROL, "TX310"),
)
def _return_without_entropy(row: Row) -> Conflict | None:
    if row.base("G") == "Q_soft[pi_q]" and row.base("G.estimate") == "td" and row.number("G.estimate.lambda") > 0:
        return Conflict(
            "TD(lambda > 0) sums rewards alone, so it does not estimate `Q_soft[pi_q]`",
            (("G.estimate", "leaves out the entropy of the steps it sums"), ("G", "counts it at every step")),
            "write `G.estimate = td(0)` or `G.estimate = retrace(1)`, or `G = Q[pi_q]`",
        )
    return None
