"""pi_q and pi_p: what the posterior and the prior are (Furuta et al. 2021, Section 4.1)."""

from taxon.taxonomy.schema import Choice, Slot

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
    ),
    level="algorithm",
)
