"""TX3xx on G, its estimate and the data that it needs."""

from __future__ import annotations

from taxon.syntax.printing import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.rules.rule import CONTROL, Conflict, Rule, registrar

RULES: list[Rule] = []

rule = registrar(RULES)


@rule(
    "TX307",
    "V(s) cannot score an action that was not taken",
    "A[pi_p] is the estimated return of the action in the data minus V(s). An action drawn afresh has no return, and a "
    "V network does not read actions, so its weight exp(A/eta) is undefined.",
    "Furuta et al. 2021, Section 4.2.2",
    after=CONTROL,
)
def _advantage_fresh(row: Row) -> Conflict | None:
    if facts.fresh_support(row) and not facts.uses_q(row):
        return Conflict(
            "`A[pi_p]` with a V network is undefined at the actions that the E-step draws",
            (
                ("G", "knows the return of the actions in the data only"),
                ("pi_p.update", "draws its actions from the old pi_p"),
            ),
            "write `G = Q[pi_p]`, or take the actions from the data: add `+ mixture` to `pi_p.update`",
        )
    return None


@rule(
    "TX308",
    "no gradient through an advantage",
    "The reparameterised gradient is E[ dG/da da/dtheta ]; A[pi_p] with a V network is a number for one taken action, "
    "so dG/da does not exist.",
    "Furuta et al. 2021, Section 4.1.2",
    after=CONTROL,
)
def _advantage_gradient(row: Row) -> Conflict | None:
    if facts.kl_control(row) and not facts.uses_q(row):
        return Conflict(
            "`A[pi_p]` with a V network has no derivative with respect to the action",
            (("G", "is a number for each action taken"), ("pi_q.update", "differentiates G through the action")),
            "write `G = Q_soft[pi_q]` or `G = Q[pi_q]`",
        )
    return None


@rule(
    "TX309",
    "the fixed prior has no actions to value",
    "A fixed pi_p is a constant that drops out of the objective. On an unbounded action space it is improper, so "
    "E_{pi_p} Q(s', .) does not exist, and no policy of the row ever follows it.",
    "Furuta et al. 2021, Section 4.1.2",
    after=CONTROL,
)
def _value_of_fixed_prior(row: Row) -> Conflict | None:
    if row.base("pi_p") == "fixed" and row.base("G") == "Q[pi_p]":
        return Conflict(
            "`Q[pi_p]` averages over the actions of a prior that is only a constant",
            (("G", "needs actions of pi_p at s'"), ("pi_p", "is uniform and is never drawn from")),
            "write `G = Q_soft[pi_q]` or `G = Q[pi_q]`",
        )
    return None


@rule(
    "TX310",
    "the posterior would be defined by its own value",
    "A nonparametric pi_q is pi_p exp(G/eta)/Z. If G were the value of pi_q, then G would define pi_q and pi_q would "
    "define G: the E-step has no closed form, and Q_soft needs log pi_q, which finitely many weights do not have.",
    "Furuta et al. 2021, Section 4.1.1",
    after=CONTROL,
)
def _circular(row: Row) -> Conflict | None:
    if facts.em_control(row) and row.base("G") in ("Q[pi_q]", "Q_soft[pi_q]"):
        return Conflict(
            f"`{row.base('G')}` is the value of a `pi_q` that is itself defined by G",
            (("G", "is the value of pi_q"), ("pi_q", "is pi_p exp(G/eta) / Z")),
            "write `G = Q[pi_p]`",
        )
    return None


@rule(
    "TX311",
    "Retrace needs Q",
    "Retrace corrects with c (G - Q(s,a)) at the stored action; a V network has no Q(s,a).",
    "Munos et al. 2016",
    after=("TX307", "TX308"),
)
def _retrace_v(row: Row) -> Conflict | None:
    if row.base("G.estimate") == "retrace" and not facts.uses_q(row):
        return Conflict(
            "Retrace subtracts Q(s, a) at the stored action, which a V network does not have",
            (("G.estimate", "corrects with c (G - Q(s, a))"), ("G", "is estimated with a V network")),
            "write `G = Q[pi_p]`, or `G.estimate = td(...)`",
        )
    return None


@rule(
    "TX312",
    "the estimator looks ahead, the data do not",
    "Retrace and TD(lambda > 0) sum over consecutive steps of one trajectory. Steps drawn one by one have no "
    "successors in the batch.",
    "Munos et al. 2016; Sutton and Barto 2018",
)
def _shuffled(row: Row) -> Conflict | None:
    if facts.looks_ahead(row) and not facts.contiguous(row):
        name = "Retrace" if row.base("G.estimate") == "retrace" else "TD(lambda > 0)"
        return Conflict(
            f"{name} needs consecutive steps, but the replay draws single ones",
            (("G.estimate", "sums over the steps that follow"), ("data", "draws steps one by one")),
            "write `data = replay(...) + sequences(length = 8)`, or `+ episodes`, or `G.estimate = td(0)`",
        )
    return None


@rule(
    "TX313",
    "two critics need actions to disagree on",
    "Clipped double Q takes the smaller of two Q(s', a') at a sampled action, against the bias of choosing actions by "
    "the value that scores them. A V network scores no actions.",
    "Fujimoto et al. 2018",
    after=("TX307", "TX308", "TX311"),
)
def _double_v(row: Row) -> Conflict | None:
    if row.has("G.estimate", "clipped_double") and not facts.uses_q(row):
        return Conflict(
            "`clipped_double` takes the smaller of two Q(s, a), but `A[pi_p]` is estimated with a V network",
            (("G.estimate", "takes the minimum over two Q"), ("G", "is estimated with a V network")),
            "drop `+ clipped_double`, or write `G = Q[pi_p]`",
        )
    return None


@rule(
    "TX322",
    "there is no lagged critic",
    "`G.critic = target` scores actions by the lagged copy of the critic, and `target = none` keeps none.",
    "Hoffman et al. 2020",
    after=("TX315",),
)
def _no_lagged_critic(row: Row) -> Conflict | None:
    if row.base("G.critic") == "target" and row.base("target") == "none":
        return Conflict(
            "`G.critic = target` asks for a lagged critic that the row does not keep",
            (("G.critic", "scores by the lagged critic"), ("target", "keeps no copies")),
            "write `target = polyak(tau = 0.005)`, or `G.critic = online`",
        )
    return None


@rule(
    "TX325",
    "the return leaves out the entropy",
    "TD(lambda > 0) sums rewards and bootstraps from what is left: the entropy of the steps in between is not among "
    "them, so its fixed point is neither Q_soft nor Q. The one-step target and Retrace read every value as "
    "V(s') = E[Q - eta log pi_q].",
    "Furuta et al. 2021, Section 4.2.3; Munos et al. 2016",
    after=(*CONTROL, "TX310"),
)
def _return_without_entropy(row: Row) -> Conflict | None:
    if row.base("G") == "Q_soft[pi_q]" and row.base("G.estimate") == "td" and row.number("G.estimate.lambda") > 0:
        return Conflict(
            "TD(lambda > 0) sums rewards alone, so it does not estimate `Q_soft[pi_q]`",
            (("G.estimate", "leaves out the entropy of the steps it sums"), ("G", "counts it at every step")),
            "write `G.estimate = td(0)` or `G.estimate = retrace(1)`, or `G = Q[pi_q]`",
        )
    return None


@rule(
    "TX320",
    "windows and whole episodes at once",
    "`sequences` computes targets inside each window as it is drawn, `episodes` over all episodes before drawing: the "
    "two give different targets for one step.",
)
def _windows_of_episodes(row: Row) -> Conflict | None:
    if row.has("data", "sequences") and row.has("data", "episodes"):
        return Conflict(
            "`sequences` and `episodes` each say how targets are computed",
            (("data", "adds both"),),
            "keep `sequences` or `episodes`",
        )
    return None


@rule(
    "TX323",
    "a window longer than the data",
    "A window of consecutive steps can only be drawn once that many are stored, and never if the replay holds fewer.",
    after=("TX324",),
)
def _long_window(row: Row) -> Conflict | None:
    if not row.has("data", "sequences"):
        return None
    length = int(row.number("data.sequences.length"))
    for path, what in (
        ("data.capacity", "steps are kept"),
        ("data.warmup", "steps are collected before the first update"),
    ):
        if row.number(path) < length:
            return Conflict(
                f"a window of {length} steps cannot be drawn when {number(row.number(path))} {what}",
                (("data.sequences.length", "the window"), (path, "fewer steps")),
                f"write `{path} = {length}` or more",
            )
    return None


@rule(
    "TX324",
    "a warm-up that never ends",
    "Updates begin once `warmup` steps are collected; a replay that keeps fewer forgets them before they are used.",
)
def _warmup_beyond_capacity(row: Row) -> Conflict | None:
    if row.number("data.warmup") > row.number("data.capacity"):
        return Conflict(
            "the warm-up collects more steps than the replay keeps",
            (("data.warmup", "steps before the first update"), ("data.capacity", "steps kept")),
            f"write `data.capacity = {number(row.number('data.warmup'))}` or more",
        )
    return None
