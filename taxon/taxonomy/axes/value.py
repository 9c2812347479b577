"""G, its estimate and its copies (Furuta et al. 2021, Sections 3 and 4.2)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.ranges import COUNT, POSITIVE, UNIT, Range
from taxon.taxonomy.schema import Choice, Row, Slot


def _needs_drawn_actions(row: Row) -> str | None:
    if not facts.uses_q(row):
        return "V(s') needs no actions" if facts.critic(row) else "no value is bootstrapped from"
    if facts.discrete(row):
        return "all actions of a softmax are averaged, none are drawn"
    return None if facts.can(row, "sample") else "a deterministic policy has one action"


def _scores_by_q(row: Row) -> str | None:
    if row.says("G", "state_value"):
        return "an advantage is the estimate minus V(s): no network scores actions"
    return "r is the reward itself" if row.base("G") == "eta * log(r)" else None


def _fits_v(row: Row) -> str | None:
    if not row.says("G", "state_value"):
        return "only a V(s) enters the dual of the E-step"
    return None if facts.em_control(row) else "a parametric pi_q has no dual to minimise"


def _needs_logarithm(row: Row) -> str | None:
    return None if facts.logarithm(row) else "exp(G/eta) is positive whatever G is"


def _reads_old_policy(row: Row) -> str | None:
    if facts.on_policy(row):
        return "the old policy is the one that collected the segment"
    return None if facts.reads_old_policy(row) else "nothing in the row reads the old policy"


def _needs_learned_prior(row: Row) -> str | None:
    return None if facts.learned_prior(row) else "pi_p has no network of its own"


def _sums_rewards(row: Row) -> str | None:
    return "the reward of one step is not discounted" if row.base("G.estimate") == "none" else None


def _something_lags(row: Row) -> str | None:
    if (facts.reads_old_policy(row) and not facts.on_policy(row)) or facts.learned_prior(row):
        return None
    if facts.dual_value(row):
        return "V is solved for anew on every batch"
    return None if facts.critic(row) else "the row has no network that could lag"


def _td_term(row: Row, path: str) -> str:
    lambda_ = row.number(f"{path}.lambda")
    return f"TD({lambda_:g})" if lambda_ in (0, 1) else "TD(lambda)"


def _retrace_term(row: Row, path: str) -> str:
    lambda_ = row.number(f"{path}.lambda")
    return f"Retrace({lambda_:g})"


G = Slot(
    "G",
    "what the objective scores actions by",
    choices=(
        Choice(
            "Q[pi_p]",
            "the action value of pi_p",
            term="Q^pi_p",
            source="Furuta et al. 2021, Section 3",
            properties=frozenset({"scores_actions"}),
        ),
        Choice(
            "A[pi_p]",
            "the advantage of pi_p, with a V network",
            term="A^pi_p",
            source="Furuta et al. 2021, Section 3",
            properties=frozenset({"state_value"}),
        ),
        Choice(
            "Q_soft[pi_q]",
            "the entropy-regularised action value of pi_q",
            term="Q_soft^pi_q",
            equation="Q(s,a) = r + gamma E[ Q(s',a') - eta log pi_q(a'|s') ]",
            source="Furuta et al. 2021, Section 4.2.3",
            properties=frozenset({"scores_actions", "of_posterior", "regularised"}),
        ),
        Choice(
            "Q[pi_q]",
            "the action value of pi_q",
            term="Q^pi_q",
            source="Furuta et al. 2021, Table 1",
            properties=frozenset({"scores_actions", "of_posterior"}),
        ),
        Choice(
            "A[pi_q]",
            "the advantage of pi_q, with a V network, where pi_p is not a policy that acts",
            term="A^pi_q",
            source="Mnih et al. 2016",
            properties=frozenset({"state_value", "of_posterior"}),
        ),
        Choice(
            "A_soft[pi_q]",
            "the entropy-regularised advantage of pi_q, with a V network: the divergence from pi_p is a cost of every "
            "step that the estimate sums",
            term="A_soft^pi_q",
            equation="r_t <- r_t - eta KL(pi_q || pi_p)(s_t)",
            source="Schulman, Chen and Abbeel 2017",
            properties=frozenset({"state_value", "of_posterior", "regularised"}),
        ),
        Choice(
            "eta * log(Q[pi_p])",
            "so that exp(G/eta) is the action value of pi_p itself, which must be positive",
            term="eta log Q^pi_p",
            equation="w(s,a) = Q(s,a)",
            source="Furuta et al. 2021, Appendix C; Kober and Peters 2008",
            properties=frozenset({"scores_actions", "logarithm"}),
        ),
        Choice(
            "eta * log(r)",
            "so that exp(G/eta) is the reward itself, which must be positive",
            term="eta log r",
            equation="w(s,a) = r",
            source="Furuta et al. 2021, Appendix C; Peters and Schaal 2007",
            properties=frozenset({"logarithm"}),
        ),
    ),
    level="implementation",
)

_SAMPLES = Slot("samples", "actions that average V(s') = E[Q(s', .)]", "1", COUNT, applies=_needs_drawn_actions)

ESTIMATE = Slot(
    "G.estimate",
    "the target that the critic is fitted to",
    choices=(
        Choice(
            "td",
            "temporal differences; lambda = 0 is one step, lambda = 1 the return",
            (Slot("lambda", "how far the estimate looks before it bootstraps", "0", UNIT), _SAMPLES),
            term=_td_term,
            equation="G_t = r_t + gamma [ (1 - lambda) V(s_t+1) + lambda G_t+1 ]",
            source="Furuta et al. 2021, Section 4.2.2; Sutton and Barto 2018",
            operator="taxon.operators.returns.lambda_returns",
            properties=frozenset({"by_lambda"}),
        ),
        Choice(
            "retrace",
            "off-policy returns with truncated importance weights",
            (Slot("lambda", "the trace's decay", "1", UNIT), _SAMPLES),
            term=_retrace_term,
            equation="G_t = r_t + gamma [ V(s_t+1) + c_t+1 (G_t+1 - Q(s_t+1, a_t+1)) ], c = lambda min(1, pi/b)",
            source="Munos et al. 2016; Abdolmaleki et al. 2018b",
            operator="taxon.operators.returns.retrace",
            properties=frozenset({"looks_ahead", "bootstraps_each"}),
        ),
        Choice(
            "n_step",
            "the rewards of the next n steps and the value of the state after them",
            (Slot("n", "steps before it bootstraps", "5", Range(1, 10_000, integer=True)), _SAMPLES),
            term="n-step TD",
            equation="G_t = r_t + gamma r_t+1 + ... + gamma^n V(s_t+n)",
            source="Sutton and Barto 2018, Section 7.1; Song et al. 2020",
            operator="taxon.operators.returns.n_step_returns",
            properties=frozenset({"looks_ahead"}),
        ),
        Choice(
            "gae",
            "the advantage as a decaying sum of one-step errors; V follows the advantage plus itself",
            (Slot("lambda", "the decay", "0.95", UNIT),),
            term="GAE",
            equation="A_t = sum_l (gamma lambda)^l (r_t+l + gamma V(s_t+l+1) - V(s_t+l))",
            source="Schulman et al. 2016",
            operator="taxon.operators.returns.generalised_advantages",
            properties=frozenset({"looks_ahead"}),
        ),
        Choice(
            "none",
            "none: G is the reward of the step itself",
            term="-",
            source="Peters and Schaal 2007; Furuta et al. 2021, Table 1",
        ),
        Choice(
            "smoothing",
            "clipped noise on the action of the target, so that Q is smooth around it",
            (
                Slot("std", "the noise's deviation, where actions lie in [-1, 1]", "0.2", POSITIVE),
                Slot("clip", "the largest noise", "0.5", POSITIVE),
            ),
            modifier=True,
            bases=("td", "retrace", "n_step"),
            equation="a' = clip(mu(s') + clip(N(0, std^2), -clip, clip), -1, 1)",
            source="Fujimoto et al. 2018",
            operator="taxon.operators.exploration.smoothed",
        ),
        Choice(
            "clipped_double",
            "two critics; the smaller value is used",
            (
                Slot(
                    "policy",
                    "what the policy is scored by",
                    "min",
                    choices=(
                        Choice("min", "the smaller of the two (Haarnoja et al. 2018b)"),
                        Choice("first", "the first of the two (Fujimoto et al. 2018)"),
                    ),
                ),
            ),
            modifier=True,
            bases=("td", "retrace", "n_step"),
            term="TD3",
            equation="Q = min(Q_1, Q_2)",
            source="Fujimoto et al. 2018",
        ),
    ),
    level="implementation",
)

CRITIC = Slot(
    "G.critic",
    "which copy of the critic scores actions for the policy",
    "online",
    choices=(
        Choice("online", "the critic just updated"),
        Choice("target", "its lagged copy (Hoffman et al. 2020)"),
        Choice(
            "none",
            "none: G is the estimate itself at the actions taken, and no critic is trained",
            properties=frozenset({"untrained"}),
        ),
    ),
    applies=_scores_by_q,
)

FIT = Slot(
    "G.fit",
    "how V(s) follows its estimate",
    "regression",
    choices=(
        Choice("regression", "the gradient of the squared error", operator="taxon.operators.losses.squared_error"),
        Choice(
            "dual",
            "V, linear in its features, minimises the E-step's dual together with eta, solved to tolerance",
            equation="min_{eta, v} eta kl + eta log E exp(delta_v/eta) + (1 - gamma) E_{s_0} V(s_0), "
            "delta_v = r + gamma V(s') - V(s)",
            source="Peters et al. 2010",
            operator="taxon.operators.relative_entropy.solve_dual",
        ),
    ),
    applies=_fits_v,
)

TRANSFORM = Slot(
    "G.transform",
    "what makes the argument of the logarithm positive",
    "none",
    choices=(
        Choice("none", "nothing: a seed that meets a negative one stops being finite and is reported"),
        Choice(
            "shift",
            "the least value of the batch is subtracted",
            operator="taxon.operators.transforms.shifted",
        ),
        Choice(
            "adaptive",
            "beta exp(-beta c), c the distance to the largest of the batch; beta follows by maximum likelihood",
            (
                Slot("init", "beta at the start", "1", POSITIVE),
                Slot(
                    "limit",
                    "the largest beta: where the best rewards crowd, its likelihood grows without end",
                    "100",
                    POSITIVE,
                ),
            ),
            equation="u(c) = beta exp(-beta c), beta <- sum u / sum u c",
            source="Peters and Schaal 2007; Furuta et al. 2021, Appendix C",
            operator="taxon.operators.transforms.adaptive_weights",
        ),
    ),
    applies=_needs_logarithm,
)

GAMMA = Slot("gamma", "the discount; 1 where episodes end for certain", "0.99", UNIT, applies=_sums_rewards)

_LAGS = "the policy lags too: its copy is the old pi_p"
_PRIOR_LAGS = "the prior lags too: the objective and the value read its copy"

TARGET = Slot(
    "target",
    "the lagged copies of the networks",
    "none",
    choices=(
        Choice("none", "the estimate bootstraps from the critic itself"),
        Choice(
            "copy",
            "a hard copy every so many updates",
            (
                Slot("every", "updates between copies", "100", COUNT),
                Slot("policy", _LAGS, "true", boolean=True, applies=_reads_old_policy),
                Slot("prior", _PRIOR_LAGS, "true", boolean=True, applies=_needs_learned_prior),
            ),
            source="Mnih et al. 2015",
            operator="taxon.operators.optimisers.copy_every",
        ),
        Choice(
            "polyak",
            "an exponential average after every update",
            (
                Slot("tau", "the step towards the trained network", "0.005", Range(0, 1, low_open=True)),
                Slot("policy", _LAGS, "false", boolean=True, applies=_reads_old_policy),
                Slot("prior", _PRIOR_LAGS, "false", boolean=True, applies=_needs_learned_prior),
            ),
            equation="target <- (1 - tau) target + tau online",
            source="Lillicrap et al. 2016",
            operator="taxon.operators.optimisers.polyak",
        ),
    ),
    applies=_something_lags,
)
