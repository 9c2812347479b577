"""TX3xx on what pi_q and pi_p are: which control is this, and can it be carried out."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

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
    if facts.kl_control(row) and row.base("pi_q.update") == "analytic":
        return Conflict(
            "the analytic E-step has no solution in the family of `pi_theta`",
            (("pi_q.update", "gives pi_p exp(G/eta) / Z"), ("pi_q", "must be a member of the family pi_theta")),
            "write `pi_q = nonparametric` to keep the E-step, or `pi_q.update = sg` to ascend the objective",
        )
    return None


@rule(
    "TX302",
    "a nonparametric posterior has no gradient",
    "A nonparametric pi_q is a set of weights on actions; a gradient, stochastic or natural, needs parameters to move.",
    "Furuta et al. 2021, Section 4.1",
)
def _gradient_nonparametric(row: Row) -> Conflict | None:
    if facts.em_control(row) and row.base("pi_q.update") != "analytic":
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
    if facts.kl_control(row) and row.base("pi_p") == "pi_theta":
        return Conflict(
            "`pi_q` and `pi_p` are the same policy, so KL(pi_q || pi_p) is 0 whatever its parameters",
            (("pi_p", "is pi_theta"), ("pi_q", "is pi_theta too")),
            "write `pi_p = fixed` or `pi_p = pi_q`, the policy before its update (KL control), or "
            "`pi_q = nonparametric` (EM control)",
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
    if facts.em_control(row) and row.base("pi_p") == "fixed":
        return Conflict(
            "neither `pi_q` nor `pi_p` has parameters, so no policy is trained",
            (("pi_p", "does not move"), ("pi_q", "has no parameters")),
            "write `pi_p = pi_theta` to fit a policy to pi_q",
        )
    return None


@rule(
    "TX305",
    "the prior's update does not fit the prior",
    "A prior without parameters has no update, a trained one needs one, and one that is the last pi_q becomes pi_q. A "
    "network of its own follows the gradient of a loss of its own.",
    "Furuta et al. 2021, Table 1",
    after=("TX301", "TX302", "TX303", "TX304", "TX370"),
)
def _prior_update(row: Row) -> Conflict | None:
    prior, update = row.base("pi_p"), row.base("pi_p.update")
    if not facts.learned_prior(row) and prior not in ("pi_theta", "pi_q") and update != "fixed":
        is_ = "is one Gaussian at every state" if facts.separate_prior(row) else "is the uniform distribution"
        return Conflict(
            f"a {prior} `pi_p` has no parameters to update",
            (("pi_p.update", "moves pi_p"), ("pi_p", is_)),
            "write `pi_p.update = fixed`, or `pi_p = "
            + ("pi_q`" if update == "pi_q" else "pi_theta` with `pi_q = nonparametric`"),
        )
    if prior == "pi_theta" and update == "fixed":
        return Conflict(
            "`pi_p` is the trained policy, but its update leaves it where it is",
            (("pi_p.update", "never moves pi_p"), ("pi_p", "is pi_theta")),
            "write `pi_p.update = sg`",
        )
    if facts.learned_prior(row) and update != "sg":
        does = "leaves it as it was drawn" if update == "fixed" else "finds the policy's parameters"
        return Conflict(
            f"`pi_p = {prior}` has a network of its own, which follows the gradient of its own loss",
            (("pi_p.update", does), ("pi_p", "has a network to train")),
            "write `pi_p.update = sg`",
        )
    if (prior == "pi_q") != (update == "pi_q"):
        follows = (("pi_p", "is the pi_q of the update before"), ("pi_p.update", "is another rule"))
        becomes = (("pi_p.update", "makes pi_p the last pi_q"), ("pi_p", "is another policy"))
        return Conflict(
            "`pi_p` and its update disagree on whether it is the last `pi_q`",
            follows if prior == "pi_q" else becomes,
            "write `pi_p.update = pi_q` with `pi_p = pi_q`"
            + (", or `pi_p = pi_theta`" if facts.em_control(row) else ", or `pi_p.update = fixed` with `pi_p = fixed`"),
        )
    return None


@rule(
    "TX370",
    "two policies to fit, one update",
    "Under EM control pi_p.update fits the policy to pi_q. A prior beside the policy has a fit of its own, or none, "
    "and one update cannot say both: the policy that acts would never be trained. A parametric pi_q is the policy, and "
    "leaves pi_p.update to the prior.",
    "Furuta et al. 2021, Section 4.1; Galashov et al. 2019",
    after=("TX302",),
)
def _two_fits(row: Row) -> Conflict | None:
    if facts.em_control(row) and facts.separate_prior(row):
        return Conflict(
            f"the policy would have to be fitted to `pi_q`, and `pi_p = {row.base('pi_p')}` by its own rule, and "
            "`pi_p.update` is one",
            (("pi_p", "is not the policy"), ("pi_q", "has no parameters: the policy is fitted to it")),
            "write `pi_q = pi_theta` with `pi_q.update = sg(direction = forward, samples = 20)`, which weighs actions "
            "as the E-step does, or `pi_p = pi_theta`",
        )
    return None


@rule(
    "TX306",
    "a prior that takes no modifier",
    "`mixture` says which past policies pi_p averages, `trust_region` how far the policy may step and "
    "`expected_return` what its step ascends besides. A fixed pi_p does none of it, and one with a network of its own "
    "is no policy that acts.",
    "Furuta et al. 2021, Section 4.2",
    after=CONTROL,
)
def _fixed_modified(row: Row) -> Conflict | None:
    for modifier in ("mixture", "trust_region", "expected_return"):
        if facts.learned_prior(row) and row.has("pi_p.update", modifier):
            return Conflict(
                f"`{modifier}` is of an M-step that fits the policy, and `pi_p` is a network of its own",
                (("pi_p.update", f"adds {modifier}"), ("pi_p", "is not the policy")),
                f"drop `+ {modifier}`",
            )
        if row.base("pi_p.update") == "fixed" and row.has("pi_p.update", modifier):
            return Conflict(
                f"`{modifier}` says how `pi_p` moves, but a fixed `pi_p` does not",
                (("pi_p.update", f"adds {modifier} to fixed"),),
                f"drop `+ {modifier}`, or write `pi_p.update = sg + {modifier}` with `pi_p = pi_theta`",
            )
    return None
