"""From a row to a plan: which networks, data, phases and losses the module has, each slot by the choice that fills it.

A plan is a fixed, short sequence of slots. For each the row's choice names a template of `templates/` and, here, the
state, the noise and the constants that it brings along. Nothing but the row's choices is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler import networks, weights
from taxon.compiler.constants import Constants
from taxon.compiler.draws import Draws
from taxon.compiler.duals import Dual, duals
from taxon.compiler.literals import number
from taxon.compiler.naming import name_constants
from taxon.compiler.networks import Network
from taxon.compiler.optimisation import Optimiser, minibatches, optimiser
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row


@dataclass(frozen=True)
class Plan:
    """What the templates read. Local names of the emitted code are fixed; values are Python expressions."""

    name: str
    doc: str
    # facts of the row
    em: bool
    critic: str  # the network behind G: "q", "v" or ""
    fits_critic: bool  # the critic has parameters that follow a gradient
    soft: bool
    fresh: bool
    mixture: bool  # the E-step weighs the actions in the data
    head: str  # what pi_theta is a function of: "normal", "full", "softmax" or "mean"
    tanh: bool
    learned_cov: bool
    trailing: bool
    episodic: bool
    rollouts: bool
    windows: bool
    whole: bool  # the policy is updated once on all data
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
    solved_eta: str
    policy: Network
    policy_class: str
    deviation_bounds: tuple[str, ...]  # of a trained vector of log-deviations
    value: Network | None
    value_features: str
    policy_optimiser: Optimiser | None
    value_optimiser: Optimiser | None
    duals: list[Dual]
    value_samples: int
    samples: int
    shared: bool
    fit: str  # the states at which the policy is fitted
    region: bool
    per_dimension: bool
    decoupled: bool
    penalty: bool
    clipped: bool
    standardise: bool
    top_half: bool
    baseline: int
    bound_samples: int
    clip: bool
    reads_old: bool  # a round's policy updates read the distribution that collected the data
    endless: bool  # gamma is 1
    weight_column: bool
    refreshed_weight: str
    adaptive: bool  # the reward's transform is fitted to every round
    ridge: str
    replay: dict[str, str]
    updates: int
    value_updates: int
    policy_updates: int
    policy_every: int
    environments: int
    group: int
    constants: dict[str, tuple[str, str]]

    @property
    def q(self) -> bool:
        return self.critic == "q"

    @property
    def discrete(self) -> bool:
        return self.head == "softmax"

    @property
    def phased(self) -> bool:
        return self.episodic or self.rollouts

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the policy's network returns."""
        return {"normal": ("mean", "std"), "full": ("mean", "scale"), "softmax": ("logits",), "mean": ("mean",)}[
            self.head
        ]

    @property
    def ratio(self) -> bool:
        """The policy's loss reads importance ratios."""
        return self.fragments["policy_loss"] in ("ratio", "natural")

    @property
    def score_column(self) -> str:
        """The column of G at the actions in the data, where it is computed before a minibatch is drawn."""
        if not self.phased or self.q:
            return ""
        return "advantage" if self.critic == "v" else "returns"

    @property
    def noise(self) -> dict[str, tuple[str, ...]]:
        """The normal draws of one update of the policy, or of the joint update: field -> shape after S."""
        return Draws(self).update

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns that acting adds to the action."""
        return ("log_prob",) if self.fragments["target"] == "retrace" else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What a minibatch of the joint update holds."""
        names = ["observation", "action", "reward"]
        if not self.critic:
            return tuple(names)
        names += ["next_observation", "terminated"]
        return (*names, *(["truncated"] if self.windows and self.fragments["target"] != "td" else []), *self.stored)

    @property
    def value_columns(self) -> tuple[str, ...]:
        return ("observation", *(["action"] if self.q else []), "target")

    @property
    def old_columns(self) -> tuple[str, ...]:
        """The distribution that collected the data, at the states of the fit."""
        return tuple(f"old_{name}" for name in self.parameters) if self.reads_old else ()

    @property
    def policy_columns(self) -> tuple[str, ...]:
        """What a batch of the policy's own phase holds."""
        names = [self.fit]
        if self.mixture or self.ratio:
            names.append("action")
        if self.score_column and not self.weight_column:
            names.append(self.score_column)
        if self.weight_column:
            names.append("weight")
        if self.ratio:
            names.append("old_log_prob")
        names += self.old_columns
        return (*names, *(["valid"] if self.whole else []))

    @property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """What an update of the policy reports beside its loss: name and expression, each [S]."""
        found = [(dual.value, f"{dual.value}.mean(-1)") for dual in self.duals]
        if self.solved_eta:
            found.append(("eta", "eta"))
        if self.region and self.discrete:
            found.append(("kl", "policy_kl.sum(-1)"))
        elif self.region:
            found += [("kl_mean", "mean_kl.sum(-1)"), *([("kl_cov", "cov_kl.sum(-1)")] if self.learned_cov else [])]
        if self.fragments["policy_loss"] == "objective" and self.head != "mean":
            found.append(("entropy", "-average(log_prob)"))
        return tuple(found)


def make_plan(row: Row) -> Plan:
    """The plan of a row that `check_row` accepts."""
    constants = Constants(row)
    name_constants(row, constants)
    em, q, fresh, episodic = facts.em_control(row), facts.uses_q(row), facts.fresh_support(row), facts.episodic(row)
    region, phased, whole = facts.trust_region_m(row), facts.phased(row), facts.whole_batch(row)
    fits_critic = facts.fitted_critic(row)
    lagged_critic = fits_critic and "target" in row and row.base("target") != "none"
    lagged_policy = facts.lagged_policy(row)
    fit = "next_observation" if fresh and row.base("pi_q.update.states") == "next" else "observation"
    scored_by_target = q and row.base("G.critic") == "target"
    policy_every = _count(row, "optimizer.policy_every") or 1
    softmax = facts.discrete(row)
    value_samples = 1 if q and (softmax or facts.deterministic(row)) else _count(row, "G.estimate.samples")
    samples = _count(row, "pi_q.update.samples")
    decoupled = row.base("pi_p.update.likelihood") == "decoupled"
    trailing, penalty = facts.trailing(row) and facts.kl_control(row), facts.penalised(row)
    eta = weights.temperature(row, constants)
    solved_eta = weights.solved_temperature(row, constants)
    reads_old = facts.on_policy(row) and (
        region or decoupled or fresh or penalty or facts.natural(row) or (trailing and bool(eta))
    )
    return Plan(
        name=row.name,
        doc=row.doc,
        em=em,
        critic=facts.critic(row),
        fits_critic=fits_critic,
        soft=row.base("G") == "Q_soft[pi_q]" and bool(eta),
        fresh=fresh,
        mixture=facts.data_support(row),
        head=_head(row),
        tanh=facts.squashed(row),
        learned_cov=facts.learned_covariance(row),
        trailing=trailing,
        episodic=episodic,
        rollouts=facts.on_policy(row),
        windows=row.has("data", "sequences"),
        whole=whole,
        lagged_policy=lagged_policy,
        lagged_critic=lagged_critic,
        normalised=row.base("network.input") == "normalised",
        critics=2 if row.has("G.estimate", "clipped_double") else 1,
        fragments=_fragments(row, constants),
        old="state.policy_target" if lagged_policy else "state.policy",
        bootstrap="state.critic_target" if lagged_critic else "state.critic",
        scorer=_scorer(row),
        eta=eta,
        solved_eta=solved_eta,
        policy=networks.policy_trunk(row),
        policy_class=networks.policy(row),
        deviation_bounds=networks.deviation_bounds(row),
        value=networks.critic(row) if fits_critic else None,
        value_features=networks.features(row, "value"),
        policy_optimiser=optimiser(row, "policy", constants) if facts.descends(row) else None,
        value_optimiser=optimiser(row, "value", constants) if fits_critic else None,
        duals=duals(row, constants),
        value_samples=value_samples,
        samples=samples,
        # One draw serves the target and the E-step where both ask for as many actions of the same policy at the same
        # states and score them by the same critic, as in Hoffman et al. 2020.
        shared=fresh
        and not phased
        and policy_every == 1
        and fit == "next_observation"
        and (softmax or samples == value_samples)
        and scored_by_target
        and not row.has("G.estimate", "smoothing"),
        fit=fit,
        region=region,
        per_dimension="pi_p.update.trust_region.per_dimension" in row
        and row["pi_p.update.trust_region.per_dimension"] is True,
        decoupled=decoupled,
        penalty=penalty,
        clipped=row.has("pi_q.update", "clipped"),
        standardise="pi_q.update.standardise" in row and row["pi_q.update.standardise"] is True,
        top_half=weights.top_half(row),
        baseline=_count(row, "pi_q.update.baseline"),
        bound_samples=_count(row, "bounds.samples"),
        clip="optimizer.clip" in row and row.base("optimizer.clip") != "none",
        reads_old=reads_old,
        endless="gamma" in row and row.number("gamma") == 1,
        weight_column=weights.weighted_by_column(row),
        refreshed_weight=weights.refreshed_weight(row),
        adaptive=row.base("G.transform") == "adaptive",
        ridge=constants.name("RIDGE", "pi_p.update.ridge", "of the M-step") if facts.solved(row) else "",
        replay=_data(row),
        updates=_count(row, "data.updates"),
        value_updates=minibatches(row, "value") if phased and fits_critic else 0,
        policy_updates=minibatches(row, "policy") if phased else 0,
        policy_every=policy_every,
        environments=_count(row, "data.environments") or 1,
        group=_count(row, "data.restarts.group") or 1,
        constants=constants.named,
    )


def _count(row: Row, path: str) -> int:
    """The integer at a path, 0 where the row has no such path."""
    return int(row.number(path)) if path in row else 0


def _scorer(row: Row) -> str:
    """The critic that scores actions for the policy."""
    if facts.uses_q(row) and row.base("G.critic") == "target":
        critic = "state.critic_target"
    else:
        critic = "state.critic" if facts.phased(row) else "critic"
    return f"{critic}[:, :1]" if row.base("G.estimate.clipped_double.policy") == "first" else critic


def _head(row: Row) -> str:
    if facts.discrete(row):
        return "softmax"
    if facts.deterministic(row):
        return "mean"
    return "full" if facts.full_covariance(row) else "normal"


def _fragments(row: Row, constants: Constants) -> dict[str, str]:
    """The template that fills each slot."""
    estimate = row.base("G.estimate")
    if estimate == "td" and facts.looks_ahead(row):
        estimate = "lambda_returns"
    return {
        "next_value": facts.critic(row),
        "target": estimate,
        "policy_loss": _policy_loss(row),
        "weights": weights.weights(row, constants),
        "bounds": row.base("bounds"),
        "after": row.base("target") or "none",
        "exploration": row.base("exploration"),
    }


def _policy_loss(row: Row) -> str:
    if facts.natural(row):
        return "natural"
    if facts.kl_control(row):
        return "ratio" if facts.likelihood_ratio(row) else "objective"
    if facts.in_sequences(row):
        return "sequences"
    return "likelihood_fresh" if facts.fresh_support(row) else "likelihood_data"


def _data(row: Row) -> dict[str, str]:
    """The fields of the module's declaration of its data."""
    if facts.on_policy(row):
        return {
            "environments": number(_count(row, "data.environments")),
            "steps": number(_count(row, "data.steps")),
            "batch": "BATCH" if "data.batch" in row else number(1),
            "restarts": str(facts.restarts(row)),
            "group": number(_count(row, "data.restarts.group") or 1),
        }
    return {
        "capacity": number(_count(row, "data.capacity")),
        "batch": "BATCH",
        "warmup": number(_count(row, "data.warmup")),
        "random_warmup": str(row["data.random_warmup"]),
        "steps_per_update": number(_count(row, "data.steps_per_update")),
        "sequence": "LENGTH" if row.has("data", "sequences") else "1",
        "episodes": str(row.has("data", "episodes")),
        "environments": number(_count(row, "data.environments")),
    }
