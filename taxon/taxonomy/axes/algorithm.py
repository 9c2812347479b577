"""pi_q and pi_p: what the posterior and the prior are (Furuta et al. 2021, Section 4.1)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.ranges import POSITIVE, UNIT, Range
from taxon.taxonomy.schema import Choice, Row, Slot


def _needs_density(row: Row) -> str | None:
    if facts.trust_region_q(row):
        return "the trust region bounds the divergence itself"
    return "a discrepancy of samples reads no density of pi_p" if facts.by_samples(row) else None


# The objective's divergence and the power of a prior: eta (E log pi_q - a E log pi_p) is
# c_KL KL(pi_q || pi_p) - c_Ent H(pi_q) with eta = c_KL + c_Ent and a = c_KL / eta.
_POWER = Slot(
    "power",
    "a, the power of pi_p in the objective: 1 is the divergence, 0 the entropy alone",
    "1",
    UNIT,
    applies=_needs_density,
)


def _needs_columns(row: Row) -> str | None:
    by_column = row.says("network.input", "by_column")
    return None if by_column else "its `network.input` mixes the numbers, so that none can be hidden"


PI_THETA = Choice(
    "pi_theta",
    "the trained policy",
    term="pi_theta",
    equation="pi(a|s) = pi_theta(a|s)",
    source="Furuta et al. 2021, Section 4.1",
)

PI_Q = Slot(
    "pi_q",
    "the variational posterior",
    choices=(
        Choice(
            "nonparametric",
            "a reweighting of pi_p at finitely many actions (EM control)",
            term="Non-parametric",
            equation="pi_q(a|s) = pi_p(a|s) exp(G(s,a)/eta) / Z(s)",
            source="Furuta et al. 2021, Section 4.1.1",
        ),
        PI_THETA,
    ),
    level="algorithm",
)

PI_P = Slot(
    "pi_p",
    "the prior",
    choices=(
        PI_THETA,
        Choice(
            "pi_q",
            "the posterior of the update before: the prior follows it",
            term="pi_q",
            equation="pi_p^(k) = pi_q^(k-1)",
            source="Furuta et al. 2021, Appendix C",
        ),
        Choice(
            "fixed",
            "the uniform distribution; it only adds a constant to the objective (KL control)",
            term="Fixed",
            equation="log pi_p(a|s) = const",
            source="Furuta et al. 2021, Section 4.1.2",
        ),
        Choice(
            "default",
            "a default policy: a network of its own that follows pi_q, and may see less of the state",
            (
                Slot(
                    "hide",
                    "the numbers of an observation, counted from 0, that pi_p does not see",
                    "[]",
                    integers=Range(0, 1_000_000, integer=True),
                    may_be_empty=True,
                    applies=_needs_columns,
                ),
                _POWER,
            ),
            term="Default",
            equation="min_psi E_s KL(pi_q(.|s) || pi_psi(.|s_shown))",
            source="Galashov et al. 2019; Teh et al. 2017",
            operator="taxon.operators.columns.without",
            properties=frozenset({"separate", "own_network", "distils"}),
        ),
        Choice(
            "behaviour",
            "the behaviour policy: a network of its own that imitates the actions in the data",
            (_POWER,),
            term="Behaviour",
            equation="max_psi E_D log pi_psi(a|s)",
            source="Wu et al. 2019; Kumar et al. 2019",
            properties=frozenset({"separate", "own_network"}),
        ),
        Choice(
            "constant",
            "one Gaussian at every state, of the action before any squashing. It takes no power: that of a Gaussian is "
            "one of another deviation",
            (Slot("std", "its deviation", "0.5", POSITIVE),),
            term="N(0, Sigma)",
            equation="log pi_p(a|s) = log N(a; 0, std^2)",
            source="Marino et al. 2019",
            properties=frozenset({"separate"}),
        ),
    ),
    level="algorithm",
)
