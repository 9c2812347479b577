"""TX3xx on the divergence that the objective weighs: what it needs of the policy, the prior and G."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)

_EARLIER = (*CONTROL, "TX308", "TX309", "TX314", "TX317", "TX327", "TX331", "TX334", "TX346", "TX348")


@rule(
    "TX366",
    "samples without a derivative",
    "The discrepancy is a function of draws alone, and the policy follows its gradient through them: it needs the "
    "derivative of a draw by the parameters. A choice among finitely many actions has none, nor has the component of a "
    "mixture, and a Beta draw is accepted or rejected.",
    "Gretton et al. 2012; Kumar et al. 2019",
    after=(*_EARLIER, "TX354"),
)
def _pathwise(row: Row) -> Conflict | None:
    if facts.can(row, "pathwise"):
        return None
    for within in ("", "pi_q.update.trust_region.", "pi_p.update.trust_region."):
        if facts.by_samples(row, within):
            return Conflict(
                facts.missing(row, f"`{within}divergence = mmd` is differentiated through its samples: it", "pathwise"),
                ((f"{within}divergence", "compares draws"), ("pi_theta", "has draws without a derivative")),
                "write `divergence = kl`, or `pi_theta = tanh(normal(mean(s), cov(s)))`",
            )
    return None


@rule(
    "TX367",
    "a prior that cannot be sampled",
    "The discrepancy compares draws of pi_q with draws of pi_p. The uniform distribution on all numbers has none; in "
    "the box it has.",
    "Gretton et al. 2012",
    after=(*_EARLIER, "TX366"),
)
def _improper(row: Row) -> Conflict | None:
    if not (facts.by_samples(row) and facts.fixed_prior(row)) or facts.can(row, "box"):
        return None
    return Conflict(
        "`divergence = mmd` draws from a uniform distribution on all numbers, which there is not",
        (("divergence", "compares draws of pi_q and pi_p"), ("pi_p", "is uniform"), ("pi_theta", "is unbounded")),
        "write `pi_theta = tanh(normal(mean(s), cov(s)))`, or `pi_p = pi_q` with `pi_p.update = pi_q`, or "
        "`divergence = kl`",
    )


@rule(
    "TX368",
    "an entropy beside another divergence",
    "A soft value counts eta log pi_q at the states that follow, and the entropy dual finds the weight of "
    "E[-log pi_q]. Where the objective weighs a discrepancy of samples, neither is of that objective.",
    "Furuta et al. 2021, Section 4.2.3; Haarnoja et al. 2018b",
    after=(*_EARLIER, "TX325", "TX366", "TX367"),
)
def _entropy(row: Row) -> Conflict | None:
    if not facts.by_samples(row):
        return None
    weighed = ("divergence", "is a discrepancy of samples")
    if row.says("G", "regularised"):
        return Conflict(
            f"`{row.base('G')}` counts log pi_q at the states that follow, and `divergence = mmd` weighs none",
            (("G", "counts the KL from pi_p"), weighed),
            f"write `G = {'A[pi_q]' if row.says('G', 'state_value') else 'Q[pi_q]'}`, or `divergence = kl`",
        )
    if row.base("eta") == "entropy":
        return Conflict(
            "the entropy dual finds the weight of an entropy, and `divergence = mmd` weighs a discrepancy",
            (("eta", "follows E[-log pi_q]"), weighed),
            "give `eta` a number, or write `divergence = kl`",
        )
    return None


@rule(
    "TX369",
    "an expectation that has no closed form",
    "KL(pi_q || pi_p) from a uniform prior is a constant less the entropy of pi_q: a Gaussian has it in closed form, a "
    "mixture or a Gaussian behind tanh has not. From another member of the family it is their divergence, which tanh "
    "leaves as it is. A power a < 1 of a prior leaves a KL(pi_q || pi_p) - (1 - a) H(pi_q), and needs both.",
    "Kingma and Welling 2014; Galashov et al. 2019",
    after=(*_EARLIER, "TX354"),
)
def _closed(row: Row) -> Conflict | None:
    if not row.says("divergence.estimate", "closed"):
        return None
    closed = ("divergence.estimate", "is an expectation in closed form")
    sampled = "write `divergence = kl(estimate = sampled)`"
    if not facts.fixed_prior(row) and not facts.can(row, "kl"):
        return Conflict(
            facts.missing(row, "`estimate = closed` reads the divergence of the policy: it", "kl"),
            (closed, ("pi_theta", "has none")),
            sampled,
        )
    powered = "pi_p.power" in row and row["pi_p.power"] != 1
    if (facts.fixed_prior(row) or powered) and not facts.can(row, "entropy"):
        return Conflict(
            facts.missing(row, "`estimate = closed` reads the entropy of the policy: it", "entropy"),
            (closed, ("pi_theta", "has none"), *([("pi_p.power", "leaves an entropy")] if powered else [])),
            f"{sampled}, or `pi_p.power = 1`" if powered else sampled,
        )
    return None
