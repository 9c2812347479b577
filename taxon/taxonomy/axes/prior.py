"""pi_p.update and bounds: the M-step (Furuta et al. 2021, Section 4.2)."""

from taxon.taxonomy.axes import facts, region
from taxon.taxonomy.ranges import COUNT, NON_NEGATIVE, POSITIVE, SEVERAL, UNFOLDED
from taxon.taxonomy.schema import Choice, Row, Slot


def _needs_own_network(row: Row) -> str | None:
    return None if facts.learned_prior(row) else "pi_p has no network of its own to leave as it is"


def _needs_held(row: Row) -> str | None:
    if facts.learned_prior(row):
        return "pi_p has a network and a loss of its own"
    if not facts.can(row, "held"):
        return region.apart(row, "held")
    if facts.in_sequences(row):
        return "the likelihood of a sequence is that of all its actions together"
    return region.constant(row)


def _needs_projection(row: Row) -> str | None:
    return None if facts.em_control(row) else "pi_p takes over the parameters of pi_q as they are"


def _guards_actions(row: Row) -> str | None:
    if facts.discrete(row):
        return "a choice among finitely many actions leaves no box"
    if facts.boxed(row) and not facts.can(row, "sample"):
        return "the action stands behind tanh"
    return None if facts.descends(row) else "the policy's update has no loss to add it to"


def _fixed_term(row: Row, path: str) -> str:
    without = facts.separate_prior(row) or ("eta" in row and row["eta"] == 0)
    return "(Fixed)" if without else "(Fixed to Unif.)"


_RIDGE = Slot("ridge", "the weight of the squared parameters beside the likelihood", "1e-6", NON_NEGATIVE)


def _needs_own_samples(row: Row) -> str | None:
    return "the actions of the E-step carry the penalty" if facts.fresh_support(row) else None


UPDATE = Slot(
    "pi_p.update",
    "how pi_p follows pi_q",
    choices=(
        Choice(
            "sg",
            "stochastic gradient ascent: of the weighted likelihood, or of what a prior of its own network follows",
            (
                Slot(
                    "until",
                    "updates after which pi_p stands still",
                    "none",
                    COUNT,
                    choices=(Choice("none", "it is trained throughout"),),
                    applies=_needs_own_network,
                ),
                Slot(
                    "likelihood",
                    "which density of the actions is maximised",
                    "joint",
                    choices=(
                        Choice("joint", "log N(a; mu, Sigma) (Abdolmaleki et al. 2018b)"),
                        Choice(
                            "decoupled",
                            "log N(a; mu, Sigma_old) + log N(a; mu_old, Sigma), mean and covariance apart "
                            "(Abdolmaleki et al. 2018a; Hoffman et al. 2020)",
                        ),
                    ),
                    applies=_needs_held,
                ),
            ),
            term="SG",
            equation="max_theta E_s sum_m w_m log pi_theta(a_m|s)",
            source="Furuta et al. 2021, Eq. 3",
            operator="taxon.operators.losses.weighted_likelihood",
        ),
        Choice(
            "analytic",
            "the maximum of the weighted likelihood in closed form: weighted least squares for the mean, weighted "
            "squared deviations for the covariance",
            (_RIDGE,),
            term="Analytic",
            equation="theta = (Phi' W Phi + ridge)^-1 Phi' W A, Sigma = sum w (a - mu)(a - mu)' / sum w",
            source="Kober and Peters 2008; Peters and Schaal 2007",
            operator="taxon.operators.m_step",
            properties=frozenset({"solves", "in_closed_form"}),
        ),
        Choice(
            "pi_q",
            "pi_p becomes pi_q; a nonparametric one is projected onto the policy's family exactly",
            (Slot(_RIDGE.name, _RIDGE.doc, _RIDGE.default, NON_NEGATIVE, applies=_needs_projection),),
            term="pi_q",
            equation="pi_p^(k+1) = argmax_pi sum w log pi(a|s)",
            source="Peters et al. 2010; Furuta et al. 2021, Appendix C",
            operator="taxon.operators.m_step",
            properties=frozenset({"solves"}),
        ),
        Choice("fixed", "pi_p never moves", term=_fixed_term, source="Furuta et al. 2021, Table 1"),
        Choice(
            "mixture",
            "pi_p is the average of all policies so far, realised by the actions in the data",
            modifier=True,
            bases=("sg", "analytic", "pi_q"),
            leads=True,
            term="Mixture",
            equation="pi_p = 1/k sum_j pi_theta_j",
            source="Furuta et al. 2021, Section 4.2.2; Peng et al. 2019",
        ),
        Choice(
            "trust_region",
            "the step obeys KL(pi_old || pi_theta) <= kl, for mean and covariance apart, by Lagrange multipliers",
            region.slots(
                "pi_p.update.trust_region",
                Slot("kl", "epsilon, the bound on the KL", "1e-2", POSITIVE, applies=region.one_divergence),
                Slot(
                    "init",
                    "the multiplier at the start, before its softplus",
                    "10",
                    UNFOLDED,
                    applies=region.one_divergence,
                ),
            ),
            modifier=True,
            bases=("sg",),
            term="TR",
            equation="max_theta min_alpha L(theta) + sum_i alpha_i (kl_i - KL_i(pi_old || pi_theta))",
            source="Furuta et al. 2021, Section 4.2.1; Abdolmaleki et al. 2018a and 2018b",
            operator="taxon.operators.divergences",
        ),
        Choice(
            "expected_return",
            "the gradient of the expected return is added, with the mean return of a group as its baseline",
            (
                Slot(
                    "bonus",
                    "how much the weighted likelihood counts beside it, as a factor on eta; 0 leaves it out",
                    "1",
                    NON_NEGATIVE,
                ),
            ),
            modifier=True,
            bases=("sg",),
            equation="max_theta E[R] + bonus eta sum_k w_k log pi_theta(a_k)",
            source="Nachum et al. 2017",
            operator="taxon.operators.e_step.underappreciated_score",
        ),
    ),
    level="implementation",
)

BOUNDS = Slot(
    "bounds",
    "what keeps the actions of an unbounded policy inside [-1, 1]",
    "none",
    choices=(
        Choice("none", "nothing; the environment clips"),
        Choice(
            "penalty",
            "a second E-step whose G is minus the distance to the box, added to the policy's weights",
            (
                Slot("kl", "epsilon of the penalty's own dual", "1e-3", POSITIVE),
                Slot("init", "the penalty's temperature at the start, before its softplus", "10", UNFOLDED),
                Slot("samples", "actions drawn at each state to weigh", "20", SEVERAL, applies=_needs_own_samples),
            ),
            equation="c(a) = -||a - clip(a, -1, 1)||_2, w(a) += exp(c(a)/eta_c) / Z",
            source="Furuta et al. 2021, Section 4.2.1; Hoffman et al. 2020",
            operator="taxon.operators.bounds.out_of_bounds_cost",
        ),
        Choice(
            "quadratic",
            "the squared distance of the mean to the box is added to the loss",
            (Slot("weight", "lambda_b", "10", POSITIVE),),
            equation="lambda_b 1/2 E_s sum_d max(|mu_d| - 1, 0)^2",
            source="Furuta et al. 2021, Section 4.2.2; Peng et al. 2019",
            operator="taxon.operators.bounds.bound_loss",
        ),
        Choice(
            "clip",
            "the critic reads actions clipped to the box, as the environment does; likelihoods are those of the "
            "actions as they were drawn",
            modifier=True,
            equation="Q(s, clip(a, -1, 1))",
            source="Hoffman et al. 2020, released code",
        ),
    ),
    applies=_guards_actions,
)
