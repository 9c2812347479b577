"""TX3xx on the posterior's update: the E-step's dual and weights, or the ascent of a parametric pi_q."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX314",
    "the E-step's dual belongs to the E-step",
    "The dual eta kl + eta log E exp(G/eta) is that of the exponential posterior. A parametric pi_q is not of that "
    "form, so its minimiser bounds nothing; the natural gradient's step has a bound of its own.",
    "Furuta et al. 2021, Section 4.2.1",
    after=("TX301", "TX302"),
)
def _dual_parametric(row: Row) -> Conflict | None:
    if facts.trust_region_q(row) and row.says("pi_q.update", "solves"):
        return Conflict(
            f"`trust_region` follows the gradient of a dual, and `{row.base('pi_q.update')}` solves for its step",
            (("pi_q.update", "adds a dual to a step that is bounded already"),),
            "drop `+ trust_region`: `kl` of `natural_gradient` bounds the step",
        )
    if facts.kl_control(row) and facts.solved_eta(row):
        return Conflict(
            "`eta = dual` solves the dual of the analytic E-step, which a parametric `pi_q` does not take",
            (("eta", "minimises the E-step's dual"), ("pi_q", "ascends the objective itself")),
            "give `eta` a number or `entropy(...)`, or write `pi_q.update = sg + penalty(kl = 0.01)` with "
            "`data = rollouts(...)`",
        )
    return None


@rule(
    "TX316",
    "a dual without a normaliser",
    "The dual of KL(pi_q || pi_p) <= kl is derived for a pi_q that sums to one over the data it is estimated on; "
    "with Z := 1 it does not, and within groups that sum is another: the KL that is bounded is not that of the weights "
    "in use.",
    "Furuta et al. 2021, Section 4.2.1",
    after=(*CONTROL, "TX307", "TX333"),
)
def _unnormalised_dual(row: Row) -> Conflict | None:
    path = "pi_q.update.normalise"
    dual = facts.trust_region_e(row) or facts.solved_eta(row)
    if dual and path in row and row.base(path) != "batch":
        solver = "pi_q.update" if facts.trust_region_e(row) else "eta"
        subject = "the trust region" if facts.trust_region_e(row) else "`eta = dual`"
        grouped = facts.in_sequences(row)
        return Conflict(
            f"{subject} bounds KL(pi_q || pi_p) over the batch, but "
            + ("each group of sequences sums to one" if grouped else "with Z := 1 the weights are no distribution"),
            (
                (solver, "bounds the KL of a normalised pi_q"),
                (path, "normalises within groups" if grouped else "leaves the weights as they are"),
            ),
            "write `pi_q.update.normalise = batch`",
        )
    return None


@rule(
    "TX317",
    "an entropy constraint without an entropy in the objective",
    "The entropy dual adapts the weight of E[-log pi_q] until it meets its target. A nonparametric pi_q has weights "
    "but no density, and beside any prior but the uniform one the objective holds a divergence to that prior instead.",
    "Haarnoja et al. 2018b",
    after=CONTROL,
)
def _no_entropy(row: Row) -> Conflict | None:
    if row.base("eta") != "entropy":
        return None
    if facts.em_control(row):
        return Conflict(
            "the entropy dual needs log pi_q(a|s), which a nonparametric `pi_q` does not have",
            (("eta", "follows E[-log pi_q]"), ("pi_q", "is a set of weights")),
            "give `eta` a number, or take it out and add `+ trust_region(kl = 0.1)` to `pi_q.update`",
        )
    if not facts.fixed_prior(row):
        other = "the last `pi_q`" if facts.trailing(row) else f"`pi_p = {row.base('pi_p')}`"
        return Conflict(
            f"the entropy dual weighs an entropy, but the objective has the divergence to {other}",
            (("eta", "follows E[-log pi_q]"), ("pi_p", "is not uniform")),
            "give `eta` a number, or write `pi_p = fixed` with `pi_p.update = fixed`",
        )
    return None


@rule(
    "TX318",
    "an entropy out of the target's reach",
    "The dual's slope in eta is the entropy minus its target. The entropy of a Gaussian depends on Sigma alone: if "
    "Sigma is a constant, so is the slope. The entropy of finitely many choices is never negative: below a negative "
    "target it cannot fall. Either way eta goes to 0 or to infinity.",
    "Haarnoja et al. 2018b",
    after=("TX317",),
)
def _constant_entropy(row: Row) -> Conflict | None:
    if row.base("eta") != "entropy":
        return None
    if facts.discrete(row) and row.number("eta.target") < 0:
        return Conflict(
            "the entropy of a softmax is never negative, so with a negative target eta falls to 0",
            (("eta.target", "is below every entropy of finitely many actions"), ("pi_theta", "has finitely many")),
            "write `eta.target = 0.5` or another number above 0, in nats, or give `eta` a number",
        )
    # An entropy without a closed form depends on more than Sigma: behind tanh on the mean, of a mixture on the weights.
    if facts.can(row, "entropy") and facts.has_covariance(row) and not facts.learned_covariance(row):
        path = f"{facts.innermost(row)}.cov"
        return Conflict(
            "the entropy of a Gaussian with a constant covariance cannot be adapted, so eta diverges",
            (("eta", "waits for the entropy to change"), (path, "is a constant")),
            "write `pi_theta = tanh(normal(mean(s), cov(s)))`, or `cov(s)` for the covariance, or give `eta` a number",
        )
    return None


@rule(
    "TX332",
    "a posterior at temperature zero",
    "The E-step's weights are exp(G/eta), and so are those of the target that forward KL fits a parametric pi_q to: "
    "eta = 0 divides by zero. As eta falls to 0 the target becomes a point mass, which no density fits: the likelihood "
    "of its one action has no maximum.",
    "Furuta et al. 2021, Eq. 2; Lavington et al. 2021, Section 4",
    after=CONTROL,
)
def _zero_temperature(row: Row) -> Conflict | None:
    zero = "eta" in row and row["eta"] == 0
    if zero and facts.forward(row):
        return Conflict(
            "forward KL fits `pi_q` to pi_p exp(G/eta) / Z, which at eta = 0 is a point mass",
            (("eta", "is 0"), ("pi_q.update.direction", "divides G by eta")),
            "write `eta = 1` or another number above 0, or `pi_q.update.direction = reverse`",
        )
    if zero and facts.em_control(row):
        return Conflict(
            "the E-step divides G by eta, which is 0",
            (("eta", "is 0"), ("pi_q", "is pi_p exp(G/eta) / Z")),
            "write `eta = 1` or another number above 0",
        )
    return None


@rule(
    "TX333",
    "a dual of weights that are no exponential of G/eta",
    "The dual's minimiser eta makes KL(pi_q || pi_p) meet its bound for pi_q = pi_p exp(G/eta) / Z. An indicator or a "
    "positive part has no eta at all, and from eta times a logarithm it cancels.",
    "Furuta et al. 2021, Section 4.2.1; Abdolmaleki et al. 2018b",
    after=CONTROL,
)
def _dual_of_other_weights(row: Row) -> Conflict | None:
    if not facts.trust_region_e(row):
        return None
    if facts.logarithm(row):
        return Conflict(
            "the trust region solves for eta, which cancels from eta times a logarithm",
            (("pi_q.update", "finds eta by the dual of exp(G/eta)"), ("G", "is eta times a logarithm")),
            "drop `+ trust_region`, or write `G = Q[pi_p]`",
        )
    kind = row.base("pi_q.update.f")
    if kind and not facts.temperature(row):
        return Conflict(
            f"the trust region solves for the eta of exp(G/eta), but the weights are the `{kind}` of G",
            (("pi_q.update", "finds eta by the dual of exp(G/eta)"), ("pi_q.update.f", "has no eta")),
            "drop `+ trust_region`, or write `f = exp`",
        )
    return None


@rule(
    "TX334",
    "a proximal term without its gradient step",
    "`penalty` and `clipped` change the objective whose stochastic gradient a parametric pi_q follows; the E-step and "
    "the natural gradient have bounds of their own. The penalty holds KL(pi_p || pi_q) near its target from one round "
    "of rollouts to the next, and the clipped ratio is that of a taken action's likelihoods: one that is drawn afresh "
    "has none, and forward KL no expected return to subtract a penalty from.",
    "Schulman et al. 2017",
    after=(*CONTROL, "TX308", "TX327", "TX340", "TX346", "TX348"),
)
def _proximal(row: Row) -> Conflict | None:
    update = row.base("pi_q.update")
    for modifier in ("penalty", "clipped"):
        if update != "sg" and row.has("pi_q.update", modifier):
            bound = "+ trust_region(kl = 0.1)" if update == "analytic" else "natural_gradient(kl = 0.01)"
            return Conflict(
                f"`{modifier}` changes the objective of `sg`, and `{update}` does not follow one",
                (("pi_q.update", f"adds {modifier} to {update}"),),
                f"drop `+ {modifier}`, and bound the step by `{bound}` if need be",
            )
    if facts.penalised(row) and not facts.trailing(row):
        return Conflict(
            f"`penalty` holds `pi_q` near the last one, but `pi_p` is {row.base('pi_p')}",
            (("pi_q.update", "adapts the weight of KL(pi_p || pi_q)"), ("pi_p", "is another distribution")),
            "write `pi_p = pi_q` with `pi_p.update = pi_q`, or drop `+ penalty`",
        )
    if facts.penalised(row) and not facts.on_policy(row):
        return Conflict(
            "`penalty` adapts eta once a round, and a replay has no rounds of one policy",
            (("pi_q.update", "measures KL(pi_p || pi_q) after each round"), ("data", "mixes all policies so far")),
            "write `data = rollouts(...)`, or drop `+ penalty` and give `eta` a number",
        )
    if row.has("pi_q.update", "clipped") and not facts.likelihood_ratio(row):
        return Conflict(
            "`clipped` bounds the likelihood ratio of the actions taken, and a gradient through Q(s, a) has none",
            (("pi_q.update", "clips pi_theta / pi_old"), ("G", "is differentiated through the action")),
            "drop `+ clipped`, or write `G = A[pi_p]` with `data = rollouts(...)`",
        )
    if facts.penalised(row) and (facts.forward(row) or row.says("pi_q.update.gradient", "by_density")):
        path = "pi_q.update.direction" if facts.forward(row) else "pi_q.update.gradient"
        return Conflict(
            "`penalty` alters the objective of the actions taken, and this one is of actions drawn afresh",
            (("pi_q.update", "adds penalty to another objective"), (path, "takes the likelihood of drawn actions")),
            "drop `+ penalty` and give `eta` a number, or write `pi_q.update = sg + penalty(...)`",
        )
    return None


@rule(
    "TX335",
    "a natural gradient without the policy it starts from",
    "The step maximises the likelihood ratio's objective subject to KL(pi_p || pi_q) <= kl, with pi_p the policy that "
    "acted: it needs taken actions' ratios, and a prior that is the last pi_q.",
    "Schulman et al. 2015",
    after=(*CONTROL, "TX308", "TX327", "TX346", "TX348"),
)
def _natural(row: Row) -> Conflict | None:
    if not facts.natural(row):
        return None
    if not facts.trailing(row):
        return Conflict(
            f"`natural_gradient` bounds KL(pi_p || pi_q) from the last policy, but `pi_p` is {row.base('pi_p')}",
            (("pi_q.update", "bounds the divergence from pi_p"), ("pi_p", "is another distribution")),
            "write `pi_p = pi_q` with `pi_p.update = pi_q`, or `pi_q.update = sg`",
        )
    if not facts.likelihood_ratio(row):
        return Conflict(
            "`natural_gradient` ascends the likelihood ratio of the actions taken, and a gradient through Q(s, a) has "
            "none",
            (("pi_q.update", "weighs pi_theta / pi_p by G"), ("G", "is differentiated through the action")),
            "write `G = A[pi_p]` with `data = rollouts(...)`, or `pi_q.update = sg`",
        )
    return None


@rule(
    "TX372",
    "a prior that weighs nothing",
    "eta weighs the divergence from pi_p. At eta = 0 the objective is E[G] alone: a prior beside the policy would be "
    "read by nothing, and pi_p names nothing.",
    "Furuta et al. 2021, Eq. 1",
    after=(*CONTROL, "TX331", "TX334", "TX335"),
)
def _weightless_prior(row: Row) -> Conflict | None:
    if not (facts.separate_prior(row) and "eta" in row and row["eta"] == 0):
        return None
    return Conflict(
        f"`eta = 0` leaves the divergence from `pi_p = {row.base('pi_p')}` out of the objective",
        (("eta", "is 0"), ("pi_p", "is read by the divergence alone")),
        "write `eta = 0.1` or another number above 0, or `pi_p = fixed` with `pi_p.update = fixed`",
    )


@rule(
    "TX345",
    "a group of sequences without its members",
    "The weight of an action sequence is its exponentiated return over its probability, normalised over sequences that "
    "begin alike: several episodes of the acting policy from one start, and no critic, since the return is the whole "
    "sequence's.",
    "Nachum et al. 2017",
    after=(*CONTROL, "TX307", "TX310", "TX326", "TX336", "TX337", "TX338"),
)
def _group(row: Row) -> Conflict | None:
    if row.has("pi_p.update", "expected_return") and not facts.in_sequences(row):
        return Conflict(
            "`expected_return` takes the mean return of a group as its baseline, and the row has no groups",
            (("pi_p.update", "adds the expected return of a group"), ("pi_q.update", "weighs single actions")),
            "write `pi_q.update.normalise = group`, or drop `+ expected_return`",
        )
    if not facts.in_sequences(row):
        return None
    if not (row.base("G") == "Q[pi_p]" and row.base("G.critic") == "none"):
        return Conflict(
            "`normalise = group` weighs whole sequences by their return, and G scores single steps",
            (("pi_q.update.normalise", "has one weight for a sequence"), ("G", "is not the return itself")),
            "write `G = Q[pi_p]` with `G.critic = none` and `G.estimate = td(1)`, or `normalise = batch`",
        )
    if not (facts.on_policy(row) and facts.restarts(row) and row.number("data.restarts.group") > 1):
        return Conflict(
            "`normalise = group` compares sequences that began alike, and the data have none",
            (("pi_q.update.normalise", "normalises over a group"), ("data", "starts no two episodes alike")),
            "write `data = rollouts(...) + restarts(group = 2)` or more, or `normalise = batch`",
        )
    return None
