"""TX3xx on the ascent of a parametric pi_q: which actions it draws, in which direction, and what bounds it."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)

_SAMPLES = "pi_q.update.samples"


@rule(
    "TX361",
    "one action to compare with itself",
    "With one action of each state its self-normalised weight is 1 whatever G is, and the expected gradient of log "
    "pi_theta at the policy's own action is 0; less the mean of its state its worth is 0, and of other actions there "
    "are none.",
    "Lavington et al. 2021, Section 5; Kool et al. 2019",
    after=(*CONTROL, "TX309", "TX332", "TX346"),
)
def _alone(row: Row) -> Conflict | None:
    one = (_SAMPLES, "is one action of a state")
    if facts.forward(row) and _draws_one(row):
        return Conflict(
            "forward KL weighs the actions of a state against each other, and one alone has weight 1",
            (one, ("pi_q.update.direction", "normalises the weights of a state")),
            "write `samples = 16`",
        )
    path = "pi_q.update.centre"
    if row.says(path, "compares") and _draws_one(row):
        return Conflict(
            f"`centre = {row.base(path)}` holds an action against those of its state, and there is one",
            (one, (path, "leaves nothing of a single action")),
            "write `samples = 16`, or `centre = none`",
        )
    return None


def _draws_one(row: Row) -> bool:
    return _SAMPLES in row and row.number(_SAMPLES) == 1


@rule(
    "TX362",
    "proposals that cannot be drawn",
    "The uniform distribution on an unbounded action space is improper: it has no draws. In the box it has, but then "
    "the entropy dual, an expectation over the actions of pi_q, has none of those.",
    "Lavington et al. 2021, Section 4; Haarnoja et al. 2018b",
    after=(*CONTROL, "TX309", "TX332", "TX346"),
)
def _proposal(row: Row) -> Conflict | None:
    if not (facts.from_prior(row) and facts.fixed_prior(row)):
        return None
    proposal = ("pi_q.update.proposal", "draws from pi_p")
    if not facts.can(row, "box"):
        return Conflict(
            "`proposal = pi_p` draws from a uniform distribution on all numbers, which there is not",
            (proposal, ("pi_p", "is uniform"), ("pi_theta", "is unbounded")),
            "write `pi_q.update.proposal = pi_q`, or `pi_theta = tanh(normal(mean(s), cov(s)))`",
        )
    if row.base("eta") == "entropy":
        return Conflict(
            "the entropy dual averages log pi_q over actions of `pi_q`, and `proposal = pi_p` draws none",
            (proposal, ("eta", "follows E[-log pi_q]")),
            "write `pi_q.update.proposal = pi_q`, or give `eta` a number",
        )
    return None


@rule(
    "TX363",
    "a bound of another divergence",
    "The Lagrangian of a trust region is max E[G] - alpha (KL(pi_q || pi_p) - kl): its multiplier is the temperature. "
    "Forward KL needs a temperature before it has a target, and a soft G one that it counts the divergence by; a "
    "penalty is another weight on the same divergence; and from a uniform pi_p the divergence is a constant less the "
    "entropy of pi_q, whose bound is `eta = entropy`.",
    "Abdolmaleki et al. 2018b, Appendix D.4; Haarnoja et al. 2018b",
    after=(*CONTROL, "TX308", "TX309", "TX327", "TX331", "TX340", "TX346", "TX348"),
)
def _region(row: Row) -> Conflict | None:
    if not (facts.trust_region_q(row) and facts.kl_control(row)) or facts.natural(row):
        return None
    bound = ("pi_q.update", "bounds KL(pi_q || pi_p)")
    if facts.fixed_prior(row):
        return Conflict(
            "`trust_region` bounds the divergence from a uniform `pi_p`, which is a bound on the entropy",
            (bound, ("pi_p", "is uniform")),
            "drop `+ trust_region` and write `eta = entropy(target = -1)`, or write `pi_p = pi_q` with "
            "`pi_p.update = pi_q`",
        )
    own = "A[pi_q]" if row.says("G", "state_value") else "Q[pi_q]"
    if facts.separate_prior(row) and row.says("G", "regularised"):
        return Conflict(
            f"`{row.base('G')}` counts eta times the divergence, and the trust region has multipliers in the place of "
            "eta",
            (("G", "weighs the divergence by one temperature"), bound),
            f"write `G = {own}`, or drop `+ trust_region` and give `eta` a number",
        )
    if facts.forward(row):
        return Conflict(
            "`trust_region` finds the weight of KL(pi_q || pi_p), and forward KL needs it to have a target",
            (bound, ("pi_q.update.direction", "is a fit to pi_p exp(G/eta) / Z")),
            "write `pi_q.update.direction = reverse`, or drop `+ trust_region` and give `eta` a number",
        )
    if facts.penalised(row):
        return Conflict(
            "`trust_region` and `penalty` both weigh the divergence of `pi_q` from `pi_p`",
            (("pi_q.update", "adds two weights on one divergence"),),
            "drop `+ penalty` or `+ trust_region`",
        )
    return None
