"""G, its estimate and its copies (Furuta et al. 2021, Sections 3 and 4.2)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import COUNT, UNIT, Choice, Range, Slot


def _needs_q(row: Row) -> str | None:
    return None if facts.uses_q(row) else "V(s') needs no actions"


def _scores_by_q(row: Row) -> str | None:
    return None if facts.uses_q(row) else "A[pi_p] is the estimate minus V(s): no network scores actions"


def _reads_old_policy(row: Row) -> str | None:
    return None if facts.reads_old_policy(row) else "nothing in the row reads the old policy"


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
        Choice("Q[pi_p]", "the action value of pi_p", term="Q^pi_p", source="Furuta et al. 2021, Section 3"),
        Choice(
            "A[pi_p]", "the advantage of pi_p, with a V network", term="A^pi_p", source="Furuta et al. 2021, Section 3"
        ),
        Choice(
            "Q_soft[pi_q]",
            "the entropy-regularised action value of pi_q",
            term="Q_soft^pi_q",
            equation="Q(s,a) = r + gamma E[ Q(s',a') - eta log pi_q(a'|s') ]",
            source="Furuta et al. 2021, Section 4.2.3",
        ),
        Choice("Q[pi_q]", "the action value of pi_q", term="Q^pi_q", source="Furuta et al. 2021, Table 1"),
    ),
    level="implementation",
)

_SAMPLES = Slot("samples", "actions that average V(s') = E[Q(s', .)]", "1", COUNT, applies=_needs_q)

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
        ),
        Choice(
            "retrace",
            "off-policy returns with truncated importance weights",
            (Slot("lambda", "the trace's decay", "1", UNIT), _SAMPLES),
            term=_retrace_term,
            equation="G_t = r_t + gamma [ V(s_t+1) + c_t+1 (G_t+1 - Q(s_t+1, a_t+1)) ], c = lambda min(1, pi/b)",
            source="Munos et al. 2016; Abdolmaleki et al. 2018b",
            operator="taxon.operators.returns.retrace",
        ),
        Choice(
            "clipped_double",
            "two critics; the smaller value is used",
            modifier=True,
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
    ),
    applies=_scores_by_q,
)

GAMMA = Slot("gamma", "the discount", "0.99", Range(0, 1, high_open=True))

_LAGS = "the policy lags too: its copy is the old pi_p"

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
            ),
            equation="target <- (1 - tau) target + tau online",
            source="Lillicrap et al. 2016",
            operator="taxon.operators.optimisers.polyak",
        ),
    ),
)
