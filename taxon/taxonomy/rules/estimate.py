"""TX3xx on G's estimate: what it sums, what it bootstraps from, and how V and the logarithm's argument are found."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.rules.value import without_q
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX311",
    "Retrace needs Q",
    "Retrace corrects with c (G - Q(s,a)) at the stored action; a V network has no Q(s,a), and without a critic there "
    "is no value at all.",
    "Munos et al. 2016",
    after=("TX307", "TX308"),
)
def _retrace_without_q(row: Row) -> Conflict | None:
    if row.base("G.estimate") == "retrace" and not facts.uses_q(row):
        return Conflict(
            f"Retrace subtracts Q(s, a) at the stored action, and {without_q(row)} has none",
            (("G.estimate", "corrects with c (G - Q(s, a))"), ("G", "has no network that scores actions")),
            "write `G = Q[pi_p]` with a critic, or `G.estimate = td(...)`",
        )
    return None


@rule(
    "TX325",
    "the return leaves out the entropy",
    "TD(lambda > 0) and n-step returns sum rewards and bootstrap from what is left: the entropy of the steps in "
    "between is not among them, so their fixed point is neither Q_soft nor Q. The one-step target and Retrace read "
    "every value as V(s') = E[Q - eta log pi_q]; A_soft takes the divergence off the rewards that are summed, which "
    "rollouts of pi_q allow.",
    "Furuta et al. 2021, Section 4.2.3; Munos et al. 2016; Schulman, Chen and Abbeel 2017",
    after=(*CONTROL, "TX308", "TX310", "TX338", "TX340", "TX346"),
)
def _return_without_entropy(row: Row) -> Conflict | None:
    soft_q = row.says("G", "scores_actions") and row.says("G", "regularised")
    if not soft_q or row.says("G.estimate", "bootstraps_each"):
        return None
    if facts.looks_ahead(row):
        one_step = "`G.estimate = td(0)` or `G.estimate = retrace(1)`, or "
        advantage = " or `G = A_soft[pi_q]`" if facts.on_policy(row) else ""
        return Conflict(
            f"`{row.base('G.estimate')}` sums rewards alone, so it does not estimate `{row.base('G')}`",
            (("G.estimate", "leaves out the entropy of the steps it sums"), ("G", "counts it at every step")),
            f"write {one_step if facts.uses_q(row) else ''}`G = Q[pi_q]`{advantage}",
        )
    return None


@rule(
    "TX338",
    "an estimate of something else",
    "A reward needs no estimate, and eta log r is that of the step itself or of the return that follows it. Without a "
    "critic nothing can be bootstrapped from: the return is all there is.",
    "Peters and Schaal 2007; Kober and Peters 2008",
    after=(*CONTROL, "TX307", "TX308", "TX311", "TX327", "TX340"),
)
def _estimate_of_nothing(row: Row) -> Conflict | None:
    estimate, reward = row.base("G.estimate"), row.base("G") == "eta * log(r)"
    if estimate == "none" and not reward:
        return Conflict(
            f"`{row.base('G')}` is a value, and `G.estimate = none` estimates none",
            (("G.estimate", "takes the reward of the step itself"), ("G", "is a value")),
            "write `G.estimate = td(...)`, or `G = eta * log(r)`",
        )
    if estimate != "none" and facts.critic(row) == "" and not facts.bare_return(row):
        return Conflict(
            f"{without_q(row)} has no value to bootstrap from",
            (
                ("G.estimate", "bootstraps"),
                ("G", "is the logarithm of rewards") if reward else ("G.critic", "trains no critic"),
            ),
            "write `G.estimate = td(1)`, the return, or "
            + ("`G.estimate = none`, the reward itself" if reward else "`G.critic = online`"),
        )
    return None


@rule(
    "TX340",
    "GAE needs V",
    "GAE sums one-step errors r + gamma V(s') - V(s) into an advantage: it estimates A, by a V network.",
    "Schulman et al. 2016",
    after=(*CONTROL, "TX308", "TX327"),
)
def _gae_without_v(row: Row) -> Conflict | None:
    if row.base("G.estimate") == "gae" and facts.critic(row) != "v":
        own = "pi_q" if facts.kl_control(row) and not facts.trailing(row) else "pi_p"
        return Conflict(
            f"`gae` estimates an advantage with a V network, and `{row.base('G')}` has none",
            (("G.estimate", "sums r + gamma V(s') - V(s)"), ("G", "is no advantage")),
            f"write `G = A[{own}]`, or `G.estimate = td(...)`",
        )
    return None


@rule(
    "TX341",
    "smoothing needs an action to move",
    "Smoothing adds clipped noise to the action at which the target reads Q(s', a'): a V network reads no action, and "
    "a choice among finitely many has no neighbours.",
    "Fujimoto et al. 2018",
    after=("TX307", "TX308", "TX311", "TX313"),
)
def _smoothing(row: Row) -> Conflict | None:
    if not row.has("G.estimate", "smoothing"):
        return None
    if not facts.uses_q(row):
        return Conflict(
            f"`smoothing` moves the action at which Q(s', a') is read, and {without_q(row)} has none",
            (("G.estimate", "adds noise to the action of the target"), ("G", "has no network that scores actions")),
            "drop `+ smoothing`",
        )
    if facts.discrete(row):
        return Conflict(
            "`smoothing` adds noise to an action, and a choice among finitely many cannot be moved a little",
            (("G.estimate", "adds noise to the action of the target"), ("pi_theta", "is a softmax")),
            "drop `+ smoothing`",
        )
    return None


@rule(
    "TX343",
    "a value that solves another dual",
    "V and eta minimise eta kl + eta log E exp(delta/eta) together, delta = r + gamma V(s') - V(s): one step, V linear "
    "in its features so that the dual is convex, all of a round at once, and the weights are exp(delta/eta) as they "
    "come.",
    "Peters et al. 2010",
    after=(*CONTROL, "TX307", "TX311", "TX317", "TX332", "TX338", "TX340"),
)
def _dual_value(row: Row) -> Conflict | None:
    if not facts.dual_value(row):
        return None
    fit = ("G.fit", "solves for V and eta together")
    if facts.trust_region_e(row):
        return Conflict(
            "`G.fit = dual` solves for V and eta together, and the trust region follows a gradient of its own",
            (fit, ("pi_q.update", "finds eta by itself")),
            "drop `+ trust_region` and write `eta = dual(kl = 0.5)`",
        )
    if "pi_q.update.f" in row and not facts.temperature(row):
        return Conflict(
            "`G.fit = dual` is derived for the weights exp(G/eta)",
            (fit, ("pi_q.update.f", "is no exponential")),
            "write `f = exp` with `eta = dual(kl = 0.5)`, or `G.fit = regression`",
        )
    if not facts.solved_eta(row):
        return Conflict(
            "`G.fit = dual` solves for V and eta together, and eta is given",
            (fit, ("eta", "is not solved for")),
            "write `eta = dual(kl = 0.5)`, or `G.fit = regression`",
        )
    if row.base("G.estimate") != "td" or row.number("G.estimate.lambda") != 0:
        return Conflict(
            "`G.fit = dual` reads one-step errors r + gamma V(s') - V(s)",
            (fit, ("G.estimate", "looks further ahead")),
            "write `G.estimate = td(0)`, or `G.fit = regression`",
        )
    if not facts.linear(row, "value"):
        return Conflict(
            "`G.fit = dual` solves for a V that is linear in its features, and this one has hidden layers",
            (fit, ("network.value.hidden", "is not linear")),
            "write `network.value.hidden = []`, or `G.fit = regression`",
        )
    if not facts.phased(row):
        return Conflict(
            "`G.fit = dual` is solved on all that was collected, and the replay draws minibatches",
            (fit, ("data", "draws minibatches")),
            "write `data = rollouts(...)`, or add `+ episodes` to `data`",
        )
    for path, what in (("pi_q.update.keep", "leaves some out"), ("pi_q.update.standardise", "rescales the errors")):
        if path in row and (row[path] is True or row.base(path) == "top_half"):
            return Conflict(
                "`G.fit = dual` is derived for the weights exp(delta/eta) of every step of the batch",
                (fit, (path, what)),
                "write `keep = all`" if path.endswith("keep") else "write `standardise = false`",
            )
    return None


@rule(
    "TX347",
    "a transformation fitted to a part",
    "beta is fitted by maximum likelihood to the rewards of one round of the policy, and c is the distance to the "
    "largest of them; minibatches of a replay have a largest one each.",
    "Peters and Schaal 2007",
    after=(*CONTROL, "TX307", "TX327"),
)
def _adaptive_on_minibatches(row: Row) -> Conflict | None:
    if row.base("G.transform") == "adaptive" and facts.uses_q(row):
        return Conflict(
            "`G.transform = adaptive` is fitted to what was collected, and `eta * log(Q[pi_p])` weighs by a network",
            (("G.transform", "reads the returns of a round"), ("G", "is a Q(s, a), which changes under it")),
            "write `G.transform = shift`, or `G.critic = none` with `G.estimate = td(1)`",
        )
    if row.base("G.transform") == "adaptive" and not facts.phased(row):
        return Conflict(
            "`G.transform = adaptive` is fitted to all that was collected, and the replay draws minibatches",
            (("G.transform", "reads a whole round"), ("data", "draws minibatches")),
            "write `data = rollouts(...)`, or add `+ episodes` to `data`, or `G.transform = shift`",
        )
    return None
