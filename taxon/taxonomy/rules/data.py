"""TX3xx on the data: what the estimate needs of them, and how their parts fit together."""

from __future__ import annotations

from taxon.syntax.printing import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import CONTROL, Conflict, Rule, registrar
from taxon.taxonomy.rules.value import without_q
from taxon.taxonomy.schema import Row

RULES: list[Rule] = []

rule = registrar(RULES)

_AHEAD = {"retrace": "Retrace", "td": "TD(lambda > 0)", "n_step": "n-step TD", "gae": "GAE"}


@rule(
    "TX312",
    "the estimator looks ahead, the data do not",
    "Retrace, n-step returns, TD(lambda > 0) and GAE sum over consecutive steps of one trajectory. Steps drawn one by "
    "one have no successors in the batch.",
    "Munos et al. 2016; Sutton and Barto 2018",
    after=("TX307", "TX308", "TX336", "TX339", "TX340", "TX348"),
)
def _shuffled(row: Row) -> Conflict | None:
    if facts.looks_ahead(row) and not facts.contiguous(row):
        return Conflict(
            f"{_AHEAD[row.base('G.estimate')]} needs consecutive steps, but the replay draws single ones",
            (("G.estimate", "sums over the steps that follow"), ("data", "draws steps one by one")),
            "write `data = replay(...) + sequences(length = 8)`, or `+ episodes`, or `G.estimate = td(0)`",
        )
    return None


@rule(
    "TX320",
    "windows and whole episodes at once",
    "`sequences` computes targets inside each window as it is drawn, `episodes` over all episodes before drawing: the "
    "two give different targets for one step.",
    after=("TX336",),
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
    "A window of consecutive steps is one environment's. It can only be drawn once that many of its steps are stored, "
    "and never if the replay holds fewer.",
    after=("TX324",),
)
def _long_window(row: Row) -> Conflict | None:
    if not row.has("data", "sequences") or facts.on_policy(row):
        return None
    length, environments = int(row.number("data.sequences.length")), int(row.number("data.environments"))
    several = f" by {environments} environments" if environments > 1 else ""
    for path, what in (
        ("data.capacity", f"steps are kept{several}"),
        ("data.warmup", f"steps are collected{several} before the first update"),
    ):
        if row.number(path) < length * environments:
            return Conflict(
                f"a window of {length} steps cannot be drawn when {number(row.number(path))} {what}",
                (("data.sequences.length", "the window"), (path, "fewer steps")),
                f"write `{path} = {length * environments}` or more",
            )
    return None


@rule(
    "TX352",
    "a return of more steps than there are",
    "An n-step return sums the rewards of n steps and bootstraps from the state after them. Where the data hold fewer "
    "steps in a row every return is cut at their end, so that a larger n changes no target: the number in the spec "
    "would not be what is computed. Where they hold n or more, only the last n - 1 of them have shorter returns.",
    "Sutton and Barto 2018, Section 7.1",
    after=("TX312", "TX320", "TX323", "TX336"),
)
def _long_return(row: Row) -> Conflict | None:
    if row.base("G.estimate") != "n_step" or facts.episodic(row):
        return None
    path, what = ("data.steps", "segment") if facts.on_policy(row) else ("data.sequences.length", "window")
    if path not in row or row.number("G.estimate.n") <= row.number(path):
        return None
    steps, held = number(row.number("G.estimate.n")), number(row.number(path))
    return Conflict(
        f"n-step TD sums {steps} steps, and a {what} has {held}",
        (("G.estimate.n", "steps before it bootstraps"), (path, "steps in a row")),
        f"write `G.estimate.n = {held}` or less, or `{path} = {steps}` or more",
    )


@rule(
    "TX324",
    "a warm-up that never ends",
    "Updates begin once `warmup` steps are collected; a replay that keeps fewer forgets them before they are used. It "
    "keeps at least a step of each environment.",
)
def _warmup_beyond_capacity(row: Row) -> Conflict | None:
    if facts.replayed(row) and row.number("data.warmup") > row.number("data.capacity"):
        return Conflict(
            "the warm-up collects more steps than the replay keeps",
            (("data.warmup", "steps before the first update"), ("data.capacity", "steps kept")),
            f"write `data.capacity = {number(row.number('data.warmup'))}` or more",
        )
    if facts.replayed(row) and row.number("data.environments") > row.number("data.capacity"):
        return Conflict(
            "the replay keeps fewer steps than there are environments",
            (("data.environments", "each makes a step"), ("data.capacity", "steps kept")),
            f"write `data.capacity = {number(row.number('data.environments'))}` or more",
        )
    return None


@rule(
    "TX336",
    "a modifier of other data",
    "Windows and whole episodes are what a replay draws; rollouts are read whole, in order, and dropped. Restarts "
    "begin a segment of rollouts, and a group of environments that begin alike needs all its members.",
)
def _misplaced_modifier(row: Row) -> Conflict | None:
    for modifier in ("sequences", "episodes"):
        if facts.on_policy(row) and row.has("data", modifier):
            return Conflict(
                f"`{modifier}` says what is drawn from a replay, and rollouts are read as they were collected",
                (("data", f"adds {modifier} to rollouts"),),
                f"drop `+ {modifier}`, or write `data = replay(...) + {modifier}`",
            )
    if not facts.restarts(row):
        return None
    if not facts.on_policy(row):
        return Conflict(
            "`restarts` begins every segment of rollouts anew, and a replay has no segments",
            (("data", "adds restarts to replay"),),
            "drop `+ restarts`, or write `data = rollouts(...) + restarts`",
        )
    group, environments = row.number("data.restarts.group"), row.number("data.environments")
    if environments % group:
        return Conflict(
            f"groups of {number(group)} do not make up {number(environments)} environments",
            (("data.restarts.group", "begin alike"), ("data.environments", "in all")),
            f"write `environments = {number(group * -(-environments // group))}`, or a `group` that divides them",
        )
    return None


@rule(
    "TX337",
    "a mixture of one policy",
    "`mixture` averages the policies whose actions a replay has kept. Rollouts were collected by one policy, the "
    "present one, and are dropped after it moves.",
    "Furuta et al. 2021, Section 4.2.2",
    after=(*CONTROL, "TX306", "TX326"),
)
def _mixture_of_one(row: Row) -> Conflict | None:
    if facts.mixture(row) and facts.on_policy(row):
        return Conflict(
            "`mixture` averages past policies, and rollouts hold the actions of the present one only",
            (("pi_p.update", "makes pi_p the average of all policies so far"), ("data", "is of one policy")),
            "drop `+ mixture`, or write `data = replay(...)`",
        )
    return None


@rule(
    "TX339",
    "a return that is cut",
    "Without a critic nothing stands for the rewards after the last step in the data: the return of an episode that is "
    "cut there is not that of its policy.",
    "Williams 1992; Kober and Peters 2008",
    after=(*CONTROL, "TX307", "TX308", "TX327", "TX336", "TX345"),
)
def _cut_return(row: Row) -> Conflict | None:
    if not facts.bare_return(row) or facts.whole_episodes(row):
        return None
    whole = "write `data = rollouts(...) + restarts`" if facts.on_policy(row) else "add `+ episodes` to `data`"
    return Conflict(
        f"{without_q(row)} reads returns to the end of an episode, and the data may be cut before it",
        (("G.estimate", "sums all rewards that follow"), ("data", "holds parts of episodes")),
        whole + (", or `G.estimate = none`" if row.base("G") == "eta * log(r)" else ""),
    )
