"""The rest of a round: the box of the actions, exploration, what follows an update, and the data."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.derivation.case import Case, positive
from taxon.derivation.notation import mean, total
from taxon.derivation.section import Section
from taxon.taxonomy.axes import facts


def sections(case: Case) -> Iterator[Section]:
    """Bounds, acting, lagged copies and data."""
    if case.row.base("bounds") in ("penalty", "quadratic"):
        yield _bounds(case)
    yield _acting(case)
    yield _after(case)
    if case.plan.normalised:
        yield _observations(case)
    yield _data(case)


def _bounds(case: Case) -> Section:
    row, plan = case.row, case.plan
    anchors: tuple[str, ...]
    if row.base("bounds") == "quadratic":
        weight = case.number("bounds.weight")
        line = rf"L \leftarrow L + \frac{{{weight}}}{{2}} \, \mathbb{{E}}_s \sum_d \max(|\mu_d(s)| - 1, 0)^2"
        text = "The squared distance of the mean to the box is added to the loss."
        anchors = ("loss = loss + BOUNDS_WEIGHT",)
        return Section(
            "The bounds of the actions", ("bounds", "bounds.weight"), text, (line,), case.source("bounds"), anchors
        )
    count = plan.bound_samples or plan.samples
    weight = rf"\frac{{\exp(c(a_m) / \eta_c)}}{{{total('j', count)} \exp(c(a_j) / \eta_c)}}"
    lines = [r"c(a) = -\sqrt{\sum_d (a_d - \mathrm{clip}(a_d, -1, 1))^2}"]
    if plan.bound_samples:
        text = f"A second E-step at ${count}$ actions of the policy, scored by minus the distance to the box, is added"
        lines.append(
            rf"L \leftarrow L - \mathbb{{E}}_s {total('m', count)} v_m \log \pi_\theta(a_m|s), \quad v_m = {weight}"
        )
        anchors = (
            "cost = ",
            "bounds_weights = ",
            "loss = loss + weighted_likelihood(bounds_weights",
            "def bounds_eta_dual(",
        )
    else:
        text = "A second E-step at the same actions, scored by minus the distance to the box, adds its weights"
        lines.append(rf"w_m \leftarrow w_m + {weight}")
        anchors = ("cost = ", "weights = weights + ", "def bounds_eta_dual(")
    average = rf"{mean('m', count)} \exp(c(a_m) / \eta_c)"
    lines.append(
        rf"g(\eta_c) = {case.number('bounds.kl')} \, \eta_c + \eta_c \, \mathbb{{E}}_s \log\left( {average} \right)"
    )
    text += (
        f"; its dual is descended by {case.optimiser('bounds')}, with $\\eta_c$ {positive(row.number('bounds.init'))}."
    )
    paths = ("bounds", "bounds.kl", "bounds.init", "bounds.samples", "optimizer.bounds")
    return Section(
        "The bounds of the actions", case.present(*paths), text, tuple(lines), case.source("bounds"), anchors
    )


def _acting(case: Case) -> Section:
    row, plan = case.row, case.plan
    lines: tuple[str, ...] = (r"a \sim \pi_\theta(\cdot|s)",)
    text, anchors = "The policy's own draw.", ["act: action = "]
    if row.base("exploration") == "gaussian":
        text = "Noise on the policy's action."
        lines = (rf"a = \mathrm{{clip}}(\mu_\theta(s) + {case.number('exploration.std')} \, \xi, -1, 1)",)
    elif row.base("exploration") == "ornstein_uhlenbeck":
        text = "Noise with memory on the policy's action, from 0 at the start of every episode."
        theta, sigma = (case.number(f"exploration.{leaf}") for leaf in ("theta", "sigma"))
        lines = (rf"x \leftarrow x - {theta} \, x + {sigma} \, \xi", r"a = \mathrm{clip}(\mu_\theta(s) + x, -1, 1)")
        anchors.insert(0, "act: process = ")
    elif plan.head == "mean":
        text, lines = "The policy's action as it is.", (r"a = \mu_\theta(s)",)
    if (row.base("bounds") == "none" and not plan.tanh) or (
        facts.gaussian(row) and not plan.tanh and "bounds" not in row
    ):
        text += " Nothing but the environment keeps it inside the box."
    kind = "likeliest" if plan.discrete else "mean"
    if plan.head != "mean":
        text += f" Evaluation takes the {kind} action."
    else:
        text += " Evaluation takes it without noise."
    paths = ("pi_theta", "exploration", "exploration.std", "exploration.theta", "exploration.sigma", "bounds")
    source = case.source("exploration") or case.source("pi_theta")
    return Section("Acting", case.present(*paths), text, lines, source, (*anchors, "def act_mean("))


def _after(case: Case) -> Section:
    row, plan = case.row, case.plan
    lagged = {"policy": plan.lagged_policy, "critic": plan.lagged_critic}
    names = [name for name, lags in lagged.items() if lags]
    letters = [r"\theta" if name == "policy" else r"\phi" for name in names]
    anchors = tuple(f"{name}_target = " for name in names)
    paths = case.present("target", "target.every", "target.tau", "target.policy", "optimizer.policy_every", "pi_p")
    late = f" of the policy, one for every ${plan.policy_every}$ of the critic" if plan.policy_every > 1 else ""
    they = " and ".join(names)
    one = len(names) == 1
    if names and row.base("target") == "copy":
        every = int(row.number("target.every"))
        text = f"The lagged {they} {'becomes a copy' if one else 'become copies'} after every ${every}$ updates{late}."
        lines = [rf"{letter}' \leftarrow {letter}" for letter in letters]
    elif names:
        tau = row.number("target.tau")
        text = f"The lagged {they} follow{'s' if one else ''} after every update{late}."
        rest = f"{1 - tau:.10g}"
        lines = [
            rf"{letter}' \leftarrow {rest} \, {letter}' + {case.number('target.tau')} \, {letter}" for letter in letters
        ]
    else:
        text, lines = "No network has a lagged copy.", []
        function = "update_policy" if plan.phased else "update"
        anchors = (f"{function}: state = state._replace(",)
    if plan.rollouts and row.base("pi_p") != "fixed":
        text += " The next round's prior is the policy that this one leaves."
        lines.append(
            r"\pi_p^{(k+1)} = \pi_q^{(k)} = \pi_{\theta_k}" if plan.trailing else r"\pi_p^{(k+1)} = \pi_{\theta_k}"
        )
    source = case.source("target") or case.source("pi_p") or "Furuta et al. 2021, Section 4.1"
    return Section("After the update", paths, text, tuple(lines), source, anchors)


def _observations(case: Case) -> Section:
    eps, until = case.number("network.input.eps"), case.count("network.input.until")
    shown = rf"\frac{{o - \mathrm{{mean}}(o)}}{{\mathrm{{std}}(o) + {eps}}}"
    clip = "network.input.clip"
    if clip in case.row and not case.row.base(clip):
        bound = case.number(clip)
        shown = rf"\mathrm{{clip}}\left({shown}, -{bound}, {bound}\right)"
    return Section(
        "What the networks see",
        case.present("network.input", "network.input.eps", clip, "network.input.until"),
        f"The observation in units of its running statistics, which stand still after {until} of them.",
        (rf"s = {shown}",),
        case.source("network.input"),
        ("normalise: return ", "observe: return "),
    )


def _data(case: Case) -> Section:
    row, plan = case.row, case.plan
    text = _rollouts(case) if plan.rollouts else _replay(case)
    anchors = ["DATA = ", "self.phases = "]
    return Section(
        "The data",
        case.present(*(path for path in row.leaves if path.split(".")[0] == "data")),
        text,
        (),
        case.source("data"),
        tuple(anchors),
    )


def _replay(case: Case) -> str:
    row, plan = case.row, case.plan
    batch, capacity = case.number("data.batch"), case.count("data.capacity")
    items = (
        f"${batch}$ windows of ${case.number('data.sequences.length')}$ steps" if plan.windows else f"${batch}$ steps"
    )
    warm = "uniform actions" if row["data.random_warmup"] is True else "the policy"
    first = f"{case.count('data.warmup')} steps of {warm} come first."
    several = int(row.number("data.environments"))
    where = f", made in ${several}$ environments side by side" if several > 1 else ""
    text = f"A replay of the last {capacity} steps of all policies{where}; {first}"
    every = (
        f"after every ${case.number('data.steps_per_update')}$ steps"
        if row.number("data.steps_per_update") != 1
        else "after every step"
    )
    if plan.episodic:
        parts = [f"${plan.value_updates}$ minibatches of the critic"] if plan.fits_critic else []
        parts.append(
            "one update of the policy on all steps"
            if plan.whole
            else f"${plan.policy_updates}$ minibatches of the policy"
        )
        updates = f"{' and '.join(parts)}, of {items} each"
        return f"{text} Then, {every}, targets are computed over whole episodes, and there are {updates}."
    count = "one minibatch" if plan.updates == 1 else f"${plan.updates}$ minibatches"
    return f"{text} Then, {every}, {count} of {items}, drawn uniformly."


def _rollouts(case: Case) -> str:
    row, plan = case.row, case.plan
    steps = case.number("data.steps")
    size = (
        f"${plan.environments}$ environments of ${steps}$ steps each" if plan.environments > 1 else f"${steps}$ steps"
    )
    text = f"Rounds of the present policy alone: {size}, used and dropped."
    if facts.restarts(row):
        text += " Every environment runs one episode from its start."
        if plan.group > 1:
            text += f" Groups of ${plan.group}$ begin alike."
    parts = []
    batch = f"minibatches of ${case.number('data.batch')}$ steps" if "data.batch" in row else ""
    parts.append(
        "one update of the policy on all of it" if plan.whole else f"${plan.policy_updates}$ {batch} for the policy"
    )
    if plan.fits_critic:
        parts.append(f"${plan.value_updates}$ {batch} for the critic")
    return f"{text} A round gives {', then '.join(parts)}."
