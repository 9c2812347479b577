"""From a row to a plan: which networks, data, phases and losses the module has, each slot by the choice that fills it.

A plan is a fixed, short sequence of slots. For each the row's choice names a template of `templates/` and, here, the
state, the noise and the constants that it brings along. Nothing but the row's choices is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler import networks
from taxon.compiler.constants import Constants
from taxon.compiler.duals import Dual, duals
from taxon.compiler.literals import number
from taxon.compiler.networks import Network
from taxon.compiler.optimisation import Optimiser, optimiser
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row


@dataclass(frozen=True)
class Plan:
    """What the templates read. Local names of the emitted code are fixed; values are Python expressions."""

    name: str
    doc: str
    # facts of the row
    em: bool
    q: bool
    soft: bool
    fresh: bool
    mixture: bool
    tanh: bool
    learned_cov: bool
    episodic: bool
    windows: bool
    lagged_policy: bool
    lagged_critic: bool
    normalised: bool
    critics: int
    fragments: dict[str, str]
    # expressions
    old: str
    bootstrap: str
    scorer: str
    eta: str
    policy: Network
    policy_class: str
    critic: Network
    policy_optimiser: Optimiser
    value_optimiser: Optimiser
    duals: list[Dual]
    value_samples: int
    samples: int
    shared: bool
    fit: str  # the states at which the policy is fitted
    region: bool
    per_dimension: bool
    likelihood: str
    standardise: bool
    baseline: int
    bound_samples: int
    clip: bool
    replay: dict[str, str]
    updates: int
    value_updates: int
    policy_updates: int
    constants: dict[str, tuple[str, str]]

    @property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """What an update of the policy reports beside its loss: name and expression, each [S]."""
        found = [(dual.value, f"{dual.value}.mean(-1)") for dual in self.duals]
        if self.region:
            found += [("kl_mean", "mean_kl.sum(-1)"), *([("kl_cov", "cov_kl.sum(-1)")] if self.learned_cov else [])]
        if not self.em:
            found.append(("entropy", "-average(log_prob)"))
        return tuple(found)

    @property
    def noise(self) -> dict[str, tuple[str, ...]]:
        """The normal draws of one update: field -> shape after S."""
        batch = "BATCH * LENGTH" if self.windows else "BATCH"

        def shape(samples: int) -> tuple[str, ...]:
            return (str(samples), batch, "self.actions") if samples > 1 else (batch, "self.actions")

        fields: dict[str, tuple[str, ...]] = {}
        if self.q and not self.episodic:
            fields["next_action"] = shape(self.value_samples)
        if self.fresh and not self.shared:
            fields["action"] = (str(self.samples), batch, "self.actions")
        if not self.em:
            fields["action"] = (batch, "self.actions")
        if self.baseline:
            fields["baseline"] = shape(self.baseline)
        if self.bound_samples:
            fields["bounds"] = (str(self.bound_samples), batch, "self.actions")
        return fields

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that acting adds to the action."""
        return ("log_prob",) if self.fragments["target"] == "retrace" else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What a minibatch of the joint update holds."""
        names = ["observation", "action", "reward", "next_observation", "terminated"]
        return (*names, *(["truncated"] if self.windows and self.fragments["target"] != "td" else []), *self.stored)

    @property
    def value_columns(self) -> tuple[str, ...]:
        return ("observation", *(["action"] if self.q else []), "target")

    @property
    def policy_columns(self) -> tuple[str, ...]:
        """What a minibatch of the policy's own phase holds."""
        names = [self.fit]
        if self.mixture:
            names += ["action"]
        if not self.q:
            names += ["advantage"]
        return tuple(names)


def make_plan(row: Row) -> Plan:
    """The plan of a row that `check_row` accepts."""
    constants = Constants(row)
    _name_constants(row, constants)
    em, q, fresh, episodic = facts.em_control(row), facts.uses_q(row), facts.fresh_support(row), facts.episodic(row)
    region = facts.trust_region_m(row)
    lagged_critic, lagged_policy = row.base("target") != "none", facts.lagged_policy(row)
    fit = "next_observation" if fresh and row.base("pi_q.update.states") == "next" else "observation"
    scored_by_target = q and row.base("G.critic") == "target"
    value_samples, samples = _count(row, "G.estimate.samples"), _count(row, "pi_q.update.samples")
    return Plan(
        name=row.name,
        doc=row.doc,
        em=em,
        q=q,
        soft=row.base("G") == "Q_soft[pi_q]",
        fresh=fresh,
        mixture=em and not fresh,
        tanh=facts.squashed(row),
        learned_cov=facts.learned_covariance(row),
        episodic=episodic,
        windows=row.has("data", "sequences"),
        lagged_policy=lagged_policy,
        lagged_critic=lagged_critic,
        normalised=row.base("network.input") == "normalised",
        critics=2 if row.has("G.estimate", "clipped_double") else 1,
        fragments=_fragments(row, constants),
        old="state.policy_target" if lagged_policy else "state.policy",
        bootstrap="state.critic_target" if lagged_critic else "state.critic",
        scorer="state.critic_target" if scored_by_target else ("state.critic" if episodic else "critic"),
        eta=_eta(row, constants),
        policy=networks.policy_trunk(row),
        policy_class=networks.policy(row),
        critic=networks.critic(row),
        policy_optimiser=optimiser(row, "policy", constants),
        value_optimiser=optimiser(row, "value", constants),
        duals=duals(row, constants),
        value_samples=value_samples,
        samples=samples,
        # One draw serves the target and the E-step where both ask for as many actions of the same policy at the same
        # states and score them by the same critic, as in Hoffman et al. 2020.
        shared=fresh and not episodic and fit == "next_observation" and samples == value_samples and scored_by_target,
        fit=fit,
        region=region,
        per_dimension=region and row["pi_p.update.trust_region.per_dimension"] is True,
        likelihood=row.base("pi_p.update.likelihood") or "joint",
        standardise="pi_q.update.standardise" in row and row["pi_q.update.standardise"] is True,
        baseline=_count(row, "pi_q.update.baseline"),
        bound_samples=_count(row, "bounds.samples"),
        clip=row.base("optimizer.clip") != "none",
        replay=_replay(row),
        updates=_count(row, "data.updates"),
        value_updates=_count(row, "data.episodes.value_updates"),
        policy_updates=_count(row, "data.episodes.policy_updates"),
        constants=constants.named,
    )


def _count(row: Row, path: str) -> int:
    """The integer at a path, 0 where the row has no such path."""
    return int(row.number(path)) if path in row else 0


def _name_constants(row: Row, constants: Constants) -> None:
    windows = row.has("data", "sequences")
    constants.name("GAMMA", "gamma", "discount")
    if row.base("target") == "copy":
        constants.name("COPY_EVERY", "target.every", "updates between hard copies")
    elif row.base("target") == "polyak":
        constants.name("TAU", "target.tau", "step of the lagged copies")
    if facts.looks_ahead(row):
        constants.name("LAMBDA", "G.estimate.lambda", "how far the estimate looks ahead")
    if windows:
        constants.name("LENGTH", "data.sequences.length", "steps of a window")
    constants.name("BATCH", "data.batch", "windows of a minibatch" if windows else "minibatch")
    if row.number("network.value.scale") != 1:
        constants.name("VALUE_SCALE", "network.value.scale", "the critic is this times its network")
    if row.base("optimizer.clip") != "none":
        constants.name("CLIP_NORM", "optimizer.clip", "largest norm of a gradient")
    if row.base("network.input") == "normalised":
        constants.name("INPUT_EPS", "network.input.eps", "added to the observations' deviation")
        constants.name("INPUT_UNTIL", "network.input.until", "observations after which the statistics stand still")
        if row.base("network.input.clip") != "none":
            constants.name("INPUT_CLIP", "network.input.clip", "largest normalised observation")
    if row.base("bounds") == "quadratic":
        constants.name("BOUNDS_WEIGHT", "bounds.weight", "of the squared distance to the box")


def _fragments(row: Row, constants: Constants) -> dict[str, str]:
    """The template that fills each slot."""
    estimate = row.base("G.estimate")
    if estimate == "td" and facts.looks_ahead(row):
        estimate = "lambda_returns"
    if facts.kl_control(row):
        policy = "objective"
    else:
        policy = "likelihood_fresh" if facts.fresh_support(row) else "likelihood_data"
    return {
        "next_value": "q" if facts.uses_q(row) else "v",
        "target": estimate,
        "policy_loss": policy,
        "weights": _weights(row, constants),
        "bounds": row.base("bounds"),
        "after": row.base("target"),
    }


def _weights(row: Row, constants: Constants) -> str:
    """The E-step's weights as an expression of `score`; none under KL control."""
    if not facts.em_control(row):
        return ""
    eta = _eta(row, constants)
    if facts.fresh_support(row):
        return f"softmax_weights(score, {eta}, dim=1)"
    batch = row.base("pi_q.update.normalise") == "batch"
    if row.base("pi_q.update.clip") == "none":
        return f"batch_weights(score, {eta})" if batch else f"exponential(score, {eta})"
    clip = constants.name("WEIGHT_CLIP", "pi_q.update.clip", "largest weight")
    if batch:
        return f"clip_weights(batch_weights(score, {eta}), {clip})"
    return f"exponential_weights(score, {eta}, {clip})"


def _eta(row: Row, constants: Constants) -> str:
    if facts.trust_region_e(row) or row.base("eta") == "entropy":
        return "eta"
    return constants.name("ETA", "eta", "temperature")


def _replay(row: Row) -> dict[str, str]:
    return {
        "capacity": number(_count(row, "data.capacity")),
        "batch": "BATCH",
        "warmup": number(_count(row, "data.warmup")),
        "random_warmup": str(row["data.random_warmup"]),
        "steps_per_update": number(_count(row, "data.steps_per_update")),
        "sequence": "LENGTH" if row.has("data", "sequences") else "1",
        "episodes": str(row.has("data", "episodes")),
    }
