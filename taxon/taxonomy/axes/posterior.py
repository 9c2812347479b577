"""pi_q.update and eta: the E-step, or the ascent of a parametric pi_q (Furuta et al. 2021, Section 4.2)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import POSITIVE, SEVERAL, WHOLE, Choice, Range, Slot


def _needs_fresh_actions(row: Row) -> str | None:
    return "the mixture takes its actions from the data, none are drawn" if facts.mixture(row) else None


def _needs_mixture(row: Row) -> str | None:
    return None if facts.mixture(row) else "weights over the actions drawn at a state are normalised at that state"


def _needs_mixture_and_q(row: Row) -> str | None:
    if not facts.mixture(row):
        return "normalising the weights at each state already cancels a baseline"
    return None if facts.uses_q(row) else "A[pi_p] already subtracts V(s)"


def _no_trust_region(row: Row) -> str | None:
    # Beside `sg` the trust region itself is refused, so eta is not to blame.
    dual = facts.trust_region_e(row) and row.base("pi_q.update") == "analytic"
    return "the trust region of `pi_q.update` finds eta by its dual" if dual else None


ANALYTIC = Choice(
    "analytic",
    "the closed-form E-step: actions weighted by exp(G/eta)",
    (
        Slot(
            "samples",
            "M, the actions drawn from the old pi_p at each state",
            "20",
            SEVERAL,
            applies=_needs_fresh_actions,
        ),
        Slot(
            "states",
            "the states of the batch at which the policy is fitted",
            "next",
            choices=(
                Choice("next", "s', where the target of G draws its actions too (Hoffman et al. 2020)"),
                Choice("current", "s"),
            ),
            applies=_needs_fresh_actions,
        ),
        Slot(
            "normalise",
            "Z: over which set the weights of the data's actions are normalised",
            "none",
            choices=(
                Choice("none", "Z := 1 (Peng et al. 2019)"),
                Choice("batch", "B softmax over the batch (Nair et al. 2020)"),
            ),
            applies=_needs_mixture,
        ),
        Slot(
            "clip",
            "the largest weight",
            "none",
            POSITIVE,
            choices=(Choice("none", "no bound"),),
            applies=_needs_mixture,
        ),
        Slot("standardise", "advantages to mean 0 and deviation 1", "false", boolean=True, applies=_needs_mixture),
        Slot(
            "baseline",
            "actions of pi_p that estimate the baseline E[Q(s, .)]; 0 weights Q itself",
            "1",
            WHOLE,
            applies=_needs_mixture_and_q,
        ),
    ),
    term="Analytic",
    equation="w(s,a) = exp(G(s,a)/eta) / Z",
    source="Furuta et al. 2021, Eq. 2 and 3",
    operator="taxon.operators.e_step",
)

TRUST_REGION = Choice(
    "trust_region",
    "eta minimises the dual of the constraint KL(pi_q || pi_p) <= kl",
    (
        Slot("kl", "epsilon, the bound on E_s KL(pi_q || pi_p)", "0.1", POSITIVE),
        Slot("init", "eta at the start, before its softplus", "10", Range(-18, 1e6)),
    ),
    modifier=True,
    term="TR",
    equation="g(eta) = eta kl + eta E_s log E_{pi_p} exp(G(s,a)/eta)",
    source="Furuta et al. 2021, Section 4.2.1; Abdolmaleki et al. 2018b",
    operator="taxon.operators.e_step.temperature_dual",
)

SG = Choice(
    "sg",
    "stochastic gradient ascent of the objective, reparameterised through the action",
    term="SG",
    equation="max_theta E_{pi_theta}[ G(s,a)/eta - log pi_theta(a|s) ]",
    source="Furuta et al. 2021, Section 4.1.2; Haarnoja et al. 2018b",
)

UPDATE = Slot("pi_q.update", "how pi_q is found", choices=(ANALYTIC, SG, TRUST_REGION), level="implementation")

ETA = Slot(
    "eta",
    "the temperature of the objective G/eta - KL(pi_q || pi_p)",
    "1",
    POSITIVE,
    choices=(
        Choice(
            "entropy",
            "the multiplier of the constraint that the policy's entropy is at least the target",
            (
                Slot("target", "the target entropy of each action dimension, in nats", "-1", Range(-1e3, 1e3)),
                Slot("init", "eta at the start", "1", POSITIVE),
            ),
            equation="g(eta) = -eta H - eta E[log pi_q(a|s)]",
            source="Furuta et al. 2021, Section 4.2.3; Haarnoja et al. 2018b",
            operator="taxon.operators.duals.entropy_dual",
        ),
    ),
    applies=_no_trust_region,
    level="implementation",
)
