"""pi_q.update and eta: the E-step, or the ascent of a parametric pi_q (Furuta et al. 2021, Section 4.2)."""

from taxon.taxonomy.axes import facts, region
from taxon.taxonomy.ranges import NON_NEGATIVE, POSITIVE, SEVERAL, SOME, UNFOLDED, WHOLE, Range
from taxon.taxonomy.schema import Choice, Row, Slot


def _needs_drawn_actions(row: Row) -> str | None:
    if facts.data_support(row):
        return "the actions of the E-step are those in the data, none are drawn"
    return "all actions of a softmax are weighed, none are drawn" if facts.discrete(row) else None


def _needs_fresh_support(row: Row) -> str | None:
    return "the policy is fitted where its data were taken" if facts.data_support(row) else None


def _needs_data_support(row: Row) -> str | None:
    # Beside a parametric pi_q the E-step itself is refused, so its parameters are not to blame.
    weighed = facts.data_support(row) or facts.kl_control(row)
    return None if weighed else "weights over the actions drawn at a state are normalised at that state"


def _needs_single_steps(row: Row) -> str | None:
    if facts.in_sequences(row):
        return "a sequence of actions has one weight, normalised over its group"
    return _needs_data_support(row)


def _needs_baseline(row: Row) -> str | None:
    if reason := _needs_single_steps(row):
        return reason
    if facts.logarithm(row):
        return "a logarithm's argument is a weight, which has no baseline"
    return None if facts.uses_q(row) else "no network scores the actions of pi_p"


def _needs_exponential(row: Row) -> str | None:
    if facts.logarithm(row):
        return "exp undoes the logarithm of G: the weights are what it is taken of"
    return "the weights of a sequence are self-normalised exponentials" if facts.in_sequences(row) else None


def _needs_score(row: Row) -> str | None:
    if facts.logarithm(row):
        return "a logarithm's argument is a weight already"
    return _needs_single_steps(row)


def _needs_likelihood_ratio(row: Row) -> str | None:
    return None if facts.likelihood_ratio(row) else "the gradient runs through Q itself, whose scale matters"


def _needs_temperature(row: Row) -> str | None:
    if facts.trust_region_e(row):
        return "the trust region of `pi_q.update` finds eta by its dual"
    if facts.trust_region_q(row) and facts.kl_control(row) and not (facts.fixed_prior(row) or facts.forward(row)):
        # Beside another prior or direction the trust region itself is refused, so eta is not to blame.
        return "the multipliers of the trust region of `pi_q.update` weigh the divergence"
    if facts.em_control(row):
        if facts.logarithm(row):
            return "exp(G/eta) undoes eta times the logarithm: it cancels"
        if "pi_q.update.f" in row and not facts.temperature(row):
            return "a positive factor on the advantages moves no weight's share"
        return None
    if facts.penalised(row):
        return "the penalty of `pi_q.update` adapts it"
    if facts.natural(row):
        return "the step's bound stands in for the divergence"
    if row.has("pi_q.update", "clipped") and facts.trailing(row):
        return "the clipped ratio stands in for the divergence"
    return None


def _needs_scored_draws(row: Row) -> str | None:
    """What draws actions of its own: a parametric pi_q of which Q scores them."""
    if facts.em_control(row):  # the step itself is refused, so its parameters are not to blame
        return None
    if not facts.uses_q(row):
        return "no network scores an action that is drawn afresh"
    return None if facts.can(row, "log_prob") else "a function of the state has one action, and no density"


def _needs_several_actions(row: Row) -> str | None:
    if reason := _needs_scored_draws(row):
        return reason
    return "all actions of a softmax are weighed, none are drawn" if facts.discrete(row) else None


def _needs_reverse(row: Row) -> str | None:
    if reason := _needs_several_actions(row):
        return reason
    return "forward KL has the gradient of a likelihood alone, and none of Q" if facts.forward(row) else None


def _needs_density(row: Row) -> str | None:
    if reason := _needs_reverse(row):
        return reason
    if facts.em_control(row) or row.says("pi_q.update.gradient", "by_density"):
        return None
    return "the gradient runs through the action: no density is weighed by G"


def _needs_forward(row: Row) -> str | None:
    if reason := _needs_several_actions(row):
        return reason
    if facts.em_control(row) or facts.forward(row):
        return None
    return "reverse KL is an expectation over the actions of pi_q itself"


def _in_one(row: Row) -> str | None:
    """Why the bound of `pi_q.update` is on one divergence, whatever the policy."""
    weighed = row.says("pi_q.update", "weighs")
    return "the weights of the E-step have one divergence from pi_p" if weighed else None


def _needs_one_bound(row: Row) -> str | None:
    return None if _in_one(row) or facts.em_control(row) else region.one_divergence(row)


_STANDARDISE = Slot(
    "standardise",
    "advantages to mean 0 and deviation 1",
    "false",
    boolean=True,
    applies=_needs_likelihood_ratio,
)

ANALYTIC = Choice(
    "analytic",
    "the closed-form E-step: actions weighted by f(G), exp(G/eta) unless said otherwise",
    (
        Slot(
            "f",
            "p(O = 1 | s, a) as a function of G",
            "exp",
            choices=(
                Choice("exp", "exp(G/eta)", properties=frozenset({"temperature"})),
                Choice(
                    "indicator",
                    "1 where G is at least 0, else 0 (Wang et al. 2020); of several actions at a state, where G is at "
                    "least their mean",
                    operator="taxon.operators.e_step.indicator",
                ),
                Choice(
                    "relu",
                    "the positive part of G (Oh et al. 2018); of several actions at a state, of G less their mean",
                    operator="taxon.operators.e_step.rectified",
                ),
            ),
            applies=_needs_exponential,
        ),
        Slot(
            "samples",
            "M, the actions drawn from the old pi_p at each state",
            "20",
            SEVERAL,
            applies=_needs_drawn_actions,
        ),
        Slot(
            "states",
            "the states of the batch at which the policy is fitted",
            "next",
            choices=(
                Choice("next", "s', where the target of G draws its actions too (Hoffman et al. 2020)"),
                Choice("current", "s"),
            ),
            applies=_needs_fresh_support,
        ),
        Slot(
            "normalise",
            "Z: over which set the weights of the data's actions are normalised",
            "none",
            choices=(
                Choice("none", "Z := 1 (Peng et al. 2019)"),
                Choice("batch", "B softmax over the batch (Nair et al. 2020)"),
                Choice(
                    "group",
                    "softmax over the action sequences that began alike, each over its own probability "
                    "(Nachum et al. 2017)",
                    equation="w_k = exp(R_k/eta) / pi(a_k) / sum_j exp(R_j/eta) / pi(a_j)",
                    operator="taxon.operators.e_step.group_weights",
                ),
            ),
            applies=_needs_data_support,
        ),
        Slot(
            "keep",
            "which actions keep their weight",
            "all",
            choices=(
                Choice("all", "all"),
                Choice(
                    "top_half",
                    "the half with the larger G in the batch (Song et al. 2020)",
                    operator="taxon.operators.e_step.top_half",
                ),
            ),
            applies=_needs_score,
        ),
        Slot(
            "clip",
            "the largest weight",
            "none",
            POSITIVE,
            choices=(Choice("none", "no bound"),),
            applies=_needs_single_steps,
        ),
        Slot("standardise", "advantages to mean 0 and deviation 1", "false", boolean=True, applies=_needs_score),
        Slot(
            "baseline",
            "actions of pi_p that estimate the baseline E[Q(s, .)]; 0 weights Q itself",
            "1",
            WHOLE,
            applies=_needs_baseline,
        ),
    ),
    term="Analytic",
    equation="w(s,a) = f(G(s,a)) / Z, f(G) = exp(G/eta)",
    source="Furuta et al. 2021, Eq. 2 and 3",
    operator="taxon.operators.e_step",
    properties=frozenset({"weighs"}),
)

TRUST_REGION = Choice(
    "trust_region",
    "KL(pi_q || pi_p) <= kl: eta minimises the E-step's dual; a parametric pi_q has a Lagrange multiplier for each "
    "part of the divergence",
    region.slots(
        "pi_q.update.trust_region",
        Slot("kl", "epsilon, the bound on E_s KL(pi_q || pi_p)", "0.1", POSITIVE, applies=_needs_one_bound),
        Slot("init", "the multiplier at the start, before its softplus", "10", UNFOLDED, applies=_needs_one_bound),
        _in_one,
    ),
    modifier=True,
    bases=("analytic", "sg"),
    term="TR",
    equation="E-step: g(eta) = eta kl + eta E_s log E_{pi_p} exp(G(s,a)/eta); "
    "parametric: max_theta min_alpha E_{pi_theta}[G] + sum_i alpha_i (kl_i - KL_i(pi_theta || pi_p))",
    source="Furuta et al. 2021, Section 4.2.1; Abdolmaleki et al. 2018b",
    operator="taxon.operators.e_step.temperature_dual",
)

SG = Choice(
    "sg",
    "stochastic gradient ascent of the objective: at actions of its own where G is a Q(s, a), by the likelihood ratio "
    "of the action taken where it is not",
    (
        Slot(
            "direction",
            "which divergence of pi_q from pi_p exp(G/eta) / Z falls",
            "reverse",
            choices=(
                Choice(
                    "reverse",
                    "KL(pi_q || pi_p exp(G/eta) / Z): the objective itself",
                    equation="max_theta E_{pi_theta}[ G(s,a)/eta - log pi_theta(a|s) / pi_p(a|s) ]",
                    source="Furuta et al. 2021, Section 4.1.2",
                ),
                Choice(
                    "forward",
                    "KL(pi_p exp(G/eta) / Z || pi_q): the weighted likelihood of actions that a proposal draws",
                    equation="max_theta E_s sum_m w_m log pi_theta(a_m|s), "
                    "w = softmax( G/eta + log pi_p - log proposal )",
                    source="Lavington et al. 2021, Section 4",
                    operator="taxon.operators.e_step.importance_weights",
                    properties=frozenset({"fits_target"}),
                ),
            ),
            applies=_needs_scored_draws,
        ),
        Slot(
            "gradient",
            "how the expectation over the policy's actions is differentiated",
            "reparameterised",
            choices=(
                Choice(
                    "reparameterised",
                    "through the action, a function of the parameters and of noise",
                    source="Haarnoja et al. 2018b",
                    properties=frozenset({"through_action"}),
                ),
                Choice(
                    "likelihood_ratio",
                    "by the density: log pi_theta at actions of the policy, weighed by what they are worth",
                    equation="max_theta E_s 1/M sum_m A_m log pi_theta(a_m|s), "
                    "A = G - eta log pi_theta / pi_p, centred",
                    source="Lavington et al. 2021, Section 3; Abdolmaleki et al. 2018b, Appendix D.4; "
                    "Ciosek and Whiteson 2018",
                    operator="taxon.operators.likelihood_ratio",
                    properties=frozenset({"by_density"}),
                ),
            ),
            applies=_needs_reverse,
        ),
        Slot("samples", "M, the actions drawn at each state", "1", SOME, applies=_needs_several_actions),
        Slot(
            "centre",
            "what is subtracted from the worth of an action",
            "mean",
            choices=(
                Choice(
                    "mean",
                    "the mean of all M actions of the state",
                    operator="taxon.operators.likelihood_ratio.mean_centred",
                    properties=frozenset({"compares"}),
                ),
                Choice(
                    "leave_one_out",
                    "the mean of the other M - 1, which leaves the gradient's expectation as it is (Kool et al. 2019)",
                    operator="taxon.operators.likelihood_ratio.leave_one_out",
                    properties=frozenset({"compares"}),
                ),
                Choice("none", "nothing (Williams 1992)"),
            ),
            applies=_needs_density,
        ),
        Slot(
            "proposal",
            "whose actions the policy is fitted at",
            "pi_q",
            choices=(
                Choice("pi_q", "the policy's own, whose density the weights divide out (Lavington et al. 2021)"),
                Choice(
                    "pi_p",
                    "those of pi_p: the weights are those of the E-step (Abdolmaleki et al. 2018b)",
                    operator="taxon.operators.e_step.softmax_weights",
                    properties=frozenset({"of_prior"}),
                ),
            ),
            applies=_needs_forward,
        ),
        _STANDARDISE,
    ),
    term="SG",
    equation="max_theta E_{pi_theta}[ G(s,a)/eta - log pi_theta(a|s) / pi_p(a|s) ]",
    source="Furuta et al. 2021, Section 4.1.2; Haarnoja et al. 2018b",
    operator="taxon.operators.policy_gradient.surrogate",
)

NATURAL_GRADIENT = Choice(
    "natural_gradient",
    "the largest step along the natural gradient, by conjugate gradients, that keeps KL(pi_p || pi_q) <= kl and does "
    "not lower the objective",
    (
        Slot("kl", "delta, the bound on E_s KL(pi_p || pi_q)", "0.01", POSITIVE),
        Slot("damping", "added to the Fisher matrix's diagonal", "0.1", NON_NEGATIVE),
        Slot("iterations", "of the conjugate gradients", "10", Range(1, 1000, integer=True)),
        Slot("tries", "step sizes that the line search tries", "10", Range(1, 1000, integer=True)),
        Slot("shrink", "the factor from one try to the next", "0.5", Range(0, 1, low_open=True, high_open=True)),
        _STANDARDISE,
    ),
    term="TR",
    equation="max_theta E[ pi_theta/pi_p A ] subject to E_s KL(pi_p || pi_theta) <= kl",
    source="Schulman et al. 2015; Furuta et al. 2021, Appendix C",
    operator="taxon.operators.trust_region",
    properties=frozenset({"solves"}),
)

PENALTY = Choice(
    "penalty",
    "eta KL(pi_p || pi_q) is subtracted from the objective; after each round eta grows where the divergence is above "
    "its target and shrinks where it is below",
    (
        Slot("kl", "the target of E_s KL(pi_p || pi_q)", "0.01", POSITIVE),
        Slot("init", "eta at the start", "1", Range(1e-8, 1e8)),
        Slot("tolerance", "how far off the target eta stays as it is, as a factor", "1.5", Range(1, 1e6)),
        Slot("factor", "what eta is multiplied or divided by", "2", Range(1, 1e6, low_open=True)),
    ),
    modifier=True,
    bases=("sg",),
    term="TR",
    equation="max_theta E[ pi_theta/pi_p A ] - eta E_s KL(pi_p || pi_theta)",
    source="Schulman et al. 2017, Section 4; Furuta et al. 2021, Appendix C",
    operator="taxon.operators.policy_gradient.adapt_coefficient",
)

CLIPPED = Choice(
    "clipped",
    "the likelihood ratio earns nothing beyond [1 - ratio, 1 + ratio]",
    (Slot("ratio", "epsilon", "0.2", Range(0, 1, low_open=True, high_open=True)),),
    modifier=True,
    bases=("sg",),
    term="TR",
    equation="max_theta E min( rho A, clip(rho, 1 - epsilon, 1 + epsilon) A ), rho = pi_theta / pi_old",
    source="Schulman et al. 2017, Section 3",
    operator="taxon.operators.policy_gradient.clipped_surrogate",
)

UPDATE = Slot(
    "pi_q.update",
    "how pi_q is found",
    choices=(ANALYTIC, SG, NATURAL_GRADIENT, TRUST_REGION, PENALTY, CLIPPED),
    level="implementation",
)

ETA = Slot(
    "eta",
    "the temperature of the objective G/eta - KL(pi_q || pi_p); 0 leaves the divergence out",
    "1",
    NON_NEGATIVE,
    choices=(
        Choice(
            "entropy",
            "the multiplier of the constraint that the policy's entropy is at least the target",
            (
                Slot("target", "the target entropy of each action dimension, in nats", "-1", Range(-1e3, 1e3)),
                Slot("init", "eta at the start", "1", Range(1e-7, 1e7)),
            ),
            equation="g(eta) = -eta H - eta E[log pi_q(a|s)]",
            source="Furuta et al. 2021, Section 4.2.3; Haarnoja et al. 2018b",
            operator="taxon.operators.duals.entropy_dual",
        ),
        Choice(
            "dual",
            "the minimiser of the dual of KL(pi_q || pi_p) <= kl, solved anew on every batch",
            (Slot("kl", "epsilon, the bound on KL(pi_q || pi_p)", "0.5", POSITIVE),),
            equation="min_eta eta kl + eta log E exp(G(s,a)/eta)",
            source="Peters et al. 2010",
            operator="taxon.operators.temperature.solved_temperature",
        ),
    ),
    applies=_needs_temperature,
    level="implementation",
)
