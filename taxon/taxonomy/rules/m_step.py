"""TX3xx on the M-step: how pi_p follows pi_q, by gradients or in closed form."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX315",
    "a trust region around the policy itself",
    "The constraint, or the objective's own divergence, is between the policy and an older one. With no lagged copy "
    "the old policy is the policy: the KL and its gradient are 0 at every step. Rollouts keep the policy that "
    "collected them.",
    "Abdolmaleki et al. 2018b",
    after=(*CONTROL, "TX306", "TX307", "TX308", "TX326", "TX331", "TX334", "TX335"),
)
def _region_without_centre(row: Row) -> Conflict | None:
    if facts.on_policy(row) or facts.lagged_policy(row):
        return None
    help_ = (
        "write `target = copy(every = 100, policy = true)`"
        if row.base("target") == "none"
        else "write `target.policy = true`"
    )
    centre = ("target", "keeps no lagged copy of the policy")
    if facts.trust_region_m(row):
        return Conflict(
            "the trust region of `pi_p.update` has no old policy to stay close to",
            (("pi_p.update", "bounds KL(pi_old || pi_theta)"), centre),
            help_,
        )
    if facts.kl_control(row) and facts.trailing(row):
        return Conflict(
            "`pi_p` is the `pi_q` of the update before, and the row keeps no older policy",
            (("pi_p", "is an older pi_q"), centre),
            help_,
        )
    return None


@rule(
    "TX326",
    "a modifier without its M-step",
    "`trust_region` and `expected_return` change the loss whose stochastic gradient pi_p follows; a solution in closed "
    "form, or a pi_p that becomes pi_q, follows none. `mixture` says by which actions a nonparametric pi_q is "
    "weighted: a parametric one needs the density of pi_p, and a mixture's is unknown.",
    "Furuta et al. 2021, Section 4.2",
    after=(*CONTROL, "TX306"),
)
def _modified(row: Row) -> Conflict | None:
    update = row.base("pi_p.update")
    for modifier in ("trust_region", "expected_return"):
        if row.says("pi_p.update", "solves") and row.has("pi_p.update", modifier):
            return Conflict(
                f"`{modifier}` changes the loss of `sg`, and `{update}` follows none",
                (("pi_p.update", f"adds {modifier} to {update}"),),
                f"drop `+ {modifier}`"
                + (
                    f", or write `pi_p.update = sg + {modifier}` with `pi_p = pi_theta`"
                    if facts.em_control(row)
                    else ""
                ),
            )
    if facts.kl_control(row) and facts.mixture(row) and update == "pi_q":
        return Conflict(
            "the divergence to `pi_p` needs its density, which a mixture of past policies does not have",
            (("pi_p.update", "makes pi_p a mixture"), ("pi_q.update", "reads log pi_p(a|s)")),
            "drop `+ mixture`",
        )
    return None


@rule(
    "TX328",
    "no closed form",
    "Weighted least squares maximise the likelihood of a mean that is linear in fixed features, and a projection onto "
    "a softmax is concave in logits that are: behind a hidden layer or a tanh neither has a solution that is found at "
    "once. A softmax has none in closed form at all, and other distributions have neither.",
    "Kober and Peters 2008; Peters and Schaal 2007; Peters et al. 2010",
    after=(*CONTROL, "TX326", "TX330"),
)
def _closed_form(row: Row) -> Conflict | None:
    if not facts.solved(row):
        return None
    update = row.base("pi_p.update")
    needed = "closed_form" if row.says("pi_p.update", "in_closed_form") else "fit"
    if not facts.can(row, needed):
        return Conflict(
            facts.missing(
                row, f"`pi_p.update = {update}` solves for the maximum of the weighted likelihood: it", needed
            ),
            (("pi_p.update", "solves for the maximum"), ("pi_theta", f"has no `{needed}`")),
            (
                "write `pi_p.update = pi_q` with `pi_p = pi_q`, the exact projection, or "
                if facts.can(row, "fit")
                else "write "
            )
            + "`pi_p.update = sg`"
            + ("" if update == "analytic" else " with `pi_p = pi_theta`"),
        )
    if not facts.linear(row, "policy"):
        return Conflict(
            "the M-step can be solved for a policy that is linear in its features, and this one has hidden layers",
            (("pi_p.update", "solves for the parameters"), ("network.policy.hidden", "is not linear")),
            "write `network.policy.hidden = []`, or `pi_p.update = sg` with `pi_p = pi_theta`",
        )
    if row.base("network.policy.mean") == "tanh":
        return Conflict(
            "the M-step can be solved for a mean that is linear in its features, and this one stands behind tanh",
            (("pi_p.update", "solves for the mean"), ("network.policy.mean", "is not linear")),
            "write `network.policy.mean = linear`, or `pi_p.update = sg` with `pi_p = pi_theta`",
        )
    return None


@rule(
    "TX329",
    "a covariance that the closed form cannot set",
    "The closed form sets one Sigma for all states, by its logarithm, or the deviation of each parameter that is "
    "perturbed. A head that computes Sigma(s) otherwise has no weights that maximise the likelihood at once.",
    "Kober and Peters 2008; Peters and Schaal 2007",
    after=(*CONTROL, "TX326", "TX330"),
)
def _closed_covariance(row: Row) -> Conflict | None:
    if not facts.solved(row):
        return None
    path, kind = f"{facts.innermost(row)}.cov", row.base("network.policy.std")
    perturbed = row.says("network.policy.std", "perturbed")
    if facts.covariance(row) == "cov(s)" and not perturbed:
        return Conflict(
            "the M-step cannot be solved for a covariance that a head computes from the state",
            (("pi_p.update", "solves for Sigma"), (path, "is Sigma_theta(s)"), ("network.policy.std", f"is {kind}")),
            "write `network.policy.std = exploration`, or `cov` or a number for the covariance",
        )
    if facts.covariance(row) == "cov" and not perturbed and not row.says("network.policy.std", "log_deviation"):
        return Conflict(
            f"the M-step sets the logarithm of Sigma, and `{kind}` reads another number",
            (("pi_p.update", "solves for Sigma"), ("network.policy.std", "is not exp")),
            "write `network.policy.std = exp`",
        )
    return None


@rule(
    "TX350",
    "actions drawn at every stored step",
    "A solved M-step reads all data at once. Where its E-step draws actions, at rollouts they are drawn at as many "
    "states as a round holds; whole episodes in a replay are as many as fit, a number that no draw can be planned for.",
    after=(*CONTROL, "TX307", "TX326", "TX328", "TX329", "TX330"),
)
def _draws_at_every_step(row: Row) -> Conflict | None:
    if not (facts.solved(row) and facts.episodic(row)) or facts.discrete(row):
        return None
    baseline = "pi_q.update.baseline"
    if facts.fresh_support(row):
        site, way = "G", "add `+ mixture` to `pi_p.update`"
        if not facts.logarithm(row):
            way += f" with `{baseline} = 0`"
    elif baseline in row and row.number(baseline) > 0:
        site, way = baseline, f"write `{baseline} = 0`"
    else:
        return None
    return Conflict(
        "the actions would be drawn at every stored step at once, whose number is not known beforehand",
        (
            ("data", "keeps as many episodes as fit"),
            (site, "scores actions drawn at every state"),
            ("pi_p.update", "reads all data at once"),
        ),
        f"write `data = rollouts(...)`, or {way}",
    )


@rule(
    "TX351",
    "a solution that forgets",
    "A solved M-step replaces pi_p by the maximum on the data it is given, so it forgets whatever was not among them. "
    "Given a minibatch, pi_p would forget every other state at each update.",
    "Peters et al. 2010; Kober and Peters 2008",
    after=(*CONTROL, "TX307", "TX326", "TX328", "TX329", "TX330", "TX339", "TX343", "TX347"),
)
def _solved_on_minibatches(row: Row) -> Conflict | None:
    if not facts.solved(row) or facts.phased(row):
        return None
    return Conflict(
        "with minibatches a solved `pi_p` would forget every other state",
        (("pi_p.update", "solves for the maximum on its data"), ("data", "draws minibatches")),
        "write `data = rollouts(...)`, or add `+ episodes` to `data`, or write `pi_p.update = sg` with "
        "`pi_p = pi_theta`",
    )
