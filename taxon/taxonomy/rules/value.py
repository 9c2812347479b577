"""TX3xx on G: what it values, and what its network and its gradient can give."""

from __future__ import annotations

from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)


def without_q(row: Row) -> str:
    """A G that no network Q(s, a) scores actions by, in words."""
    g = row.base("G")
    if facts.critic(row) == "v":
        return f"`{g}` with a V network"
    return f"`{g}`" if g == "eta * log(r)" else f"`{g}` without a critic"


@rule(
    "TX307",
    "only the actions taken have a return",
    "A[pi_p] is the estimated return of the action in the data minus V(s), and without a critic G is that return "
    "itself. An action drawn afresh has no return, and no network reads it, so its weight exp(G/eta) is undefined.",
    "Furuta et al. 2021, Section 4.2.2",
    after=CONTROL,
)
def _fresh_actions(row: Row) -> Conflict | None:
    if facts.em_control(row) and not facts.uses_q(row) and not facts.mixture(row) and not facts.on_policy(row):
        return Conflict(
            f"{without_q(row)} is undefined at the actions that the E-step draws",
            (
                ("G", "has the return of the actions in the data only"),
                ("pi_p.update", "has the E-step draw from the old pi_p"),
                ("data", "keeps the actions of all policies so far"),
            ),
            "write `data = rollouts(...)`, or take the actions from the data: add `+ mixture` to `pi_p.update`, or "
            "write `G = Q[pi_p]`" + ("" if row.base("G.critic") != "none" else " with `G.critic = online`"),
        )
    return None


@rule(
    "TX308",
    "an action that another policy took",
    "The reparameterised gradient is E[ dG/da da/dtheta ]; without a Q network G is a number for one taken action, and "
    "dG/da does not exist. The likelihood ratio needs no derivative, but the actions must be those of the policy at "
    "hand: a replayed action was taken by another.",
    "Furuta et al. 2021, Section 4.1.2",
    after=CONTROL,
)
def _no_derivative(row: Row) -> Conflict | None:
    if facts.kl_control(row) and not facts.uses_q(row) and not facts.on_policy(row):
        return Conflict(
            f"{without_q(row)} is known at the actions taken alone, and a replay's were taken by other policies",
            (
                ("data", "keeps the actions of all policies so far"),
                ("G", "is a number for each action taken, with no derivative"),
                ("pi_q.update", "weighs the actions of the policy at hand by G"),
            ),
            "write `data = rollouts(...)`"
            if facts.trailing(row)
            else "write `G = Q_soft[pi_q]` or `G = Q[pi_q]`"
            + (" with `G.critic = online`" if row.base("G.critic") == "none" else "")
            + ", or `data = rollouts(...)`",
        )
    return None


@rule(
    "TX309",
    "the prior has no actions to value",
    "A fixed pi_p is a constant that drops out of the objective. On an unbounded action space it is improper, so "
    "E_{pi_p} Q(s', .) does not exist. A prior beside the policy is a density, but every action that is taken or "
    "valued is the policy's.",
    "Furuta et al. 2021, Section 4.1.2",
    after=(*CONTROL, "TX308", "TX340"),
)
def _value_of_fixed_prior(row: Row) -> Conflict | None:
    g = row.base("G")
    if (facts.fixed_prior(row) or facts.separate_prior(row)) and g in ("Q[pi_p]", "A[pi_p]"):
        what, is_ = ("is only a constant", "is uniform and never acts")
        if facts.separate_prior(row):
            what, is_ = ("never acts", "is a density beside the policy")
        return Conflict(
            f"`{g}` averages over the actions of a prior that {what}",
            (("G", "is the value of pi_p"), ("pi_p", is_)),
            "write `G = A[pi_q]`" if g == "A[pi_p]" else "write `G = Q_soft[pi_q]` or `G = Q[pi_q]`",
        )
    return None


@rule(
    "TX310",
    "the posterior would be defined by its own value",
    "A nonparametric pi_q is pi_p exp(G/eta)/Z. If G were the value of pi_q, then G would define pi_q and pi_q would "
    "define G: the E-step has no closed form, and a soft value needs log pi_q, which finitely many weights have not.",
    "Furuta et al. 2021, Section 4.1.1",
    after=(*CONTROL, "TX307"),
)
def _circular(row: Row) -> Conflict | None:
    if facts.em_control(row) and row.says("G", "of_posterior"):
        return Conflict(
            f"`{row.base('G')}` is the value of a `pi_q` that is itself defined by G",
            (("G", "is the value of pi_q"), ("pi_q", "is pi_p exp(G/eta) / Z")),
            f"write `G = {'A[pi_p]' if row.says('G', 'state_value') else 'Q[pi_p]'}`",
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
def _double_without_q(row: Row) -> Conflict | None:
    if row.has("G.estimate", "clipped_double") and not facts.uses_q(row):
        return Conflict(
            f"`clipped_double` takes the smaller of two Q(s, a), and {without_q(row)} has none",
            (("G.estimate", "takes the minimum over two Q"), ("G", "has no network that scores actions")),
            "drop `+ clipped_double`, or write `G = Q[pi_p]` with a critic",
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
            "`G.critic = target` needs a lagged critic that the row does not keep",
            (("G.critic", "scores by the lagged critic"), ("target", "keeps no copies")),
            "write `target = polyak(tau = 0.005)`, or `G.critic = online`",
        )
    return None


@rule(
    "TX327",
    "the gradient of a logarithm",
    "Under EM control exp(G/eta) undoes eta times the logarithm, and the weight is its argument. Under KL control the "
    "objective holds the logarithm itself, which is undefined wherever its argument is not positive, and eta cancels "
    "from G/eta.",
    "Furuta et al. 2021, Appendix C",
    after=(*CONTROL, "TX308"),
)
def _gradient_of_logarithm(row: Row) -> Conflict | None:
    if facts.kl_control(row) and facts.logarithm(row):
        policy = "pi_p" if facts.trailing(row) else "pi_q"
        return Conflict(
            f"a parametric `pi_q` ascends `{row.base('G')}` itself, which is undefined where its argument is not "
            "positive",
            (("G", "is undone by exp(G/eta) alone"), ("pi_q", "takes no exponential of G")),
            f"write `G = Q[{policy}]` or `G = A[{policy}]`, or `pi_q = nonparametric` with `pi_q.update = analytic`",
        )
    return None


@rule(
    "TX342",
    "an undiscounted value that bootstraps",
    "With gamma = 1 the critic's equation is no contraction: where no episode terminates, every constant that is added "
    "to the critic solves it as well, and a time limit is no termination. A row does not say which episodes terminate. "
    "Sums to the end of an episode, and the value that minimises the E-step's dual, are determined.",
    "Sutton and Barto 2018, Section 3.3",
    after=("TX307", "TX308"),
)
def _undiscounted(row: Row) -> Conflict | None:
    if "gamma" in row and row.number("gamma") == 1 and facts.fitted_critic(row):
        return Conflict(
            "`gamma = 1` leaves the critic's value undetermined up to a constant where no episode terminates",
            (("gamma", "does not discount"), ("G.estimate", "bootstraps from the critic")),
            "write `gamma = 0.99`, or take the return itself"
            + (" with `G.critic = none` and `G.estimate = td(1)`" if "G.critic" in row else ": `G = Q[pi_p]`"),
        )
    return None


@rule(
    "TX346",
    "the value of a posterior whose prior trails it",
    "With pi_p = pi_q the actions that are taken, and those of the targets, are of pi_p, the posterior of the update "
    "before: G is its value. A soft value besides counts the entropy of pi_q, which is minus its divergence from the "
    "uniform prior, where the objective holds the divergence from pi_p.",
    "Furuta et al. 2021, Section 4.2.3",
    after=(*CONTROL, "TX331"),
)
def _soft_with_trailing_prior(row: Row) -> Conflict | None:
    if not (facts.kl_control(row) and facts.trailing(row)):
        return None
    own = "A[pi_p]" if row.says("G", "state_value") else "Q[pi_p]"
    if row.says("G", "regularised"):
        return Conflict(
            f"`{row.base('G')}` counts an entropy, but the objective has the divergence to the last `pi_q`",
            (("G", "counts the divergence from the uniform prior"), ("pi_p", "is not uniform")),
            f"write `G = {own}`, or `pi_p = fixed` with `pi_p.update = fixed`",
        )
    if row.says("G", "of_posterior"):
        return Conflict(
            f"`{row.base('G')}` values the policy that is to come, and every action valued here is one of `pi_p`",
            (("G", "is the value of the pi_q under way"), ("pi_p", "is the pi_q of the update before")),
            f"write `G = {own}`, or `pi_p = fixed` with `pi_p.update = fixed`",
        )
    return None
