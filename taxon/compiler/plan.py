"""From a row to a plan: which networks, data, phases and losses the module has, each slot by the choice that fills it.

A plan is a fixed, short sequence of slots. For each the row's choice names a template of `templates/` and, here, the
state, the noise and the constants that it brings along. Nothing but the row's choices is looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import cast

from taxon.compiler.literals import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row


@dataclass(frozen=True)
class Network:
    """How a network is built, as Python expressions."""

    sizes: str
    activation: str
    layer_norm: str
    weight_init: str
    bias_init: str
    head_init: str
    head_bias: str


@dataclass(frozen=True)
class Optimiser:
    """A choice of `optimizer.*` as the call it becomes."""

    kind: str  # "adam" or "sgd"
    prefix: str  # of its constants: POLICY, VALUE, DUAL
    arguments: tuple[str, ...]  # beyond the learning rate
    schedule: str  # the expression of the learning rate, if it is no constant
    memory: str  # "moments" or "velocity"
    zero: str


@dataclass(frozen=True)
class Dual:
    """A multiplier trained by descent of its dual."""

    name: str  # the state field of its raw value
    value: str  # the local name of its value
    size: str  # of its last axis
    init: float
    positive: str  # the expression of its value from the raw one
    loss: str  # the dual, as an expression of `value`
    comment: str


@dataclass
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
    dual_optimiser: Optimiser | None
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
    constants: dict[str, tuple[str, str]] = field(default_factory=dict)
    noise: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def trained(self) -> tuple[str, ...]:
        """The state fields that an update moves by a gradient."""
        return ("policy", "critic", *(dual.name for dual in self.duals))

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
    builder = _Builder(row)
    return builder.plan()


class _Builder:
    """Reads a row leaf by leaf; collects constants as they are met."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.constants: dict[str, tuple[str, str]] = {}

    # -- reading leaves -----------------------------------------------------------------------------------------------

    def number(self, path: str) -> float:
        return self.row.number(path)

    def count(self, path: str) -> int:
        return int(self.row.number(path))

    def constant(self, name: str, path_or_value: str | float, comment: str = "") -> str:
        """Give a leaf's number (or a number) a name at the top of the module, once; returns the name."""
        value = self.row.number(path_or_value) if isinstance(path_or_value, str) else path_or_value
        self.constants[name] = (number(value), comment)
        return name

    # -- the plan -----------------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        row = self.row
        em, q, fresh = facts.em_control(row), facts.uses_q(row), facts.fresh_support(row)
        lagged_critic = row.base("target") != "none"
        lagged_policy = facts.lagged_policy(row)
        episodic = facts.episodic(row)
        value_samples = self.count("G.estimate.samples") if q else 0
        samples = self.count("pi_q.update.samples") if fresh else 0
        fit = "next_observation" if fresh and row.base("pi_q.update.states") == "next" else "observation"
        baseline = self.count("pi_q.update.baseline") if "pi_q.update.baseline" in row else 0
        scorer = "online" if not q or row.base("G.critic") == "online" else "target"
        # One draw serves the target and the E-step where both ask for as many actions of the same policy at the same
        # states and score them by the same critic, as in Hoffman et al. 2020.
        shared = (
            fresh
            and not episodic
            and fit == "next_observation"
            and samples == value_samples
            and scorer == "target"
            and row.base("G") == "Q[pi_p]"
        )
        self.constant("GAMMA", "gamma", "discount")
        if row.base("target") == "copy":
            self.constant("COPY_EVERY", "target.every", "updates between hard copies")
        elif row.base("target") == "polyak":
            self.constant("TAU", "target.tau", "step of the lagged copies")
        if row.base("G.estimate") == "retrace" or self.number("G.estimate.lambda") > 0:
            self.constant("LAMBDA", "G.estimate.lambda", "how far the estimate looks ahead")
        if row.has("data", "sequences"):
            self.constant("LENGTH", "data.sequences.length", "steps of a window")
        self.constant("BATCH", "data.batch", "windows of a minibatch" if row.has("data", "sequences") else "minibatch")
        if self.number("network.value.scale") != 1:
            self.constant("VALUE_SCALE", "network.value.scale", "the critic is this times its network")
        if row.base("optimizer.clip") != "none":
            self.constant("CLIP_NORM", "optimizer.clip", "largest norm of a gradient")
        if row.base("network.input") == "normalised":
            self.constant("INPUT_EPS", "network.input.eps", "added to the observations' deviation")
            self.constant("INPUT_UNTIL", "network.input.until", "observations after which the statistics stand still")
            if row.base("network.input.clip") != "none":
                self.constant("INPUT_CLIP", "network.input.clip", "largest normalised observation")
        duals = self.duals()
        plan = Plan(
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
            fragments=self.fragments(),
            old="state.policy_target" if lagged_policy else "state.policy",
            bootstrap="state.critic_target" if lagged_critic else "state.critic",
            scorer="state.critic_target" if scorer == "target" else ("state.critic" if episodic else "critic"),
            eta=self.eta(),
            policy=self.network("policy", "observation", "2 * action" if self.covariance() == "cov(s)" else "action"),
            policy_class=self.policy_class(),
            critic=self.network("value", "observation + action" if q else "observation", "1"),
            policy_optimiser=self.optimiser("policy"),
            value_optimiser=self.optimiser("value"),
            dual_optimiser=self.optimiser("dual") if duals else None,
            duals=duals,
            value_samples=value_samples,
            samples=samples,
            shared=shared,
            fit=fit,
            region=facts.trust_region_m(row),
            per_dimension=facts.trust_region_m(row) and row["pi_p.update.trust_region.per_dimension"] is True,
            likelihood=row.base("pi_p.update.likelihood") or "joint",
            standardise=row["pi_q.update.standardise"] is True if "pi_q.update.standardise" in row else False,
            baseline=baseline,
            bound_samples=self.count("bounds.samples") if "bounds.samples" in row else 0,
            clip=row.base("optimizer.clip") != "none",
            replay=self.replay(),
            updates=self.count("data.updates") if "data.updates" in row else 0,
            value_updates=self.count("data.episodes.value_updates") if episodic else 0,
            policy_updates=self.count("data.episodes.policy_updates") if episodic else 0,
            constants=self.constants,
        )
        plan.noise = self.noise(plan)
        return plan

    def fragments(self) -> dict[str, str]:
        """The template that fills each slot."""
        row = self.row
        estimate = row.base("G.estimate")
        if estimate == "td":
            estimate = "lambda_returns" if self.number("G.estimate.lambda") > 0 else "td"
        if facts.kl_control(row):
            policy = "objective"
        else:
            policy = "likelihood_fresh" if facts.fresh_support(row) else "likelihood_data"
        return {
            "next_value": "q" if facts.uses_q(row) else "v",
            "target": estimate,
            "policy_loss": policy,
            "weights": self.weights(),
            "bounds": row.base("bounds"),
            "after": row.base("target"),
        }

    def weights(self) -> str:
        row = self.row
        if not facts.em_control(row):
            return ""
        if facts.fresh_support(row):
            return f"softmax_weights(score, {self.eta()}, dim=1)"
        batch = row.base("pi_q.update.normalise") == "batch"
        if row.base("pi_q.update.clip") == "none":
            return f"batch_weights(score, {self.eta()})" if batch else f"exponential(score, {self.eta()})"
        clip = self.constant("WEIGHT_CLIP", "pi_q.update.clip", "largest weight")
        if batch:
            return f"clip_weights(batch_weights(score, {self.eta()}), {clip})"
        return f"exponential_weights(score, {self.eta()}, {clip})"

    def eta(self) -> str:
        if facts.trust_region_e(self.row) or self.row.base("eta") == "entropy":
            return "eta"
        return self.constant("ETA", "eta", "temperature")

    def covariance(self) -> str:
        return self.row.base(f"{facts.normal_path(self.row)}.cov")

    def policy_class(self) -> str:
        """The Gaussian around the policy's trunk, as the call that builds it."""
        row = self.row
        mean = ", mean=torch.tanh" if row.base("network.policy.mean") == "tanh" else ""
        covariance = self.covariance()
        if not covariance:
            std = number(math.sqrt(self.number(f"{facts.normal_path(row)}.cov")))
            return f"FixedNormal(trunk, std={std}{mean})"
        head = self.deviation()
        if covariance == "cov":
            return f"StateIndependentNormal(trunk, {head}, initial=0.0{mean})"
        return f"StateDependentNormal(trunk, {head}{mean})"

    def deviation(self) -> str:
        """What turns the head's output into a standard deviation, as the call that builds it."""
        path = "network.policy.std"
        kind = self.row.base(path)
        parameters = {"exp": ("low", "high"), "softplus": ("init", "floor"), "softplus_variance": ()}[kind]
        numbers = ", ".join(number(self.number(f"{path}.{parameter}")) for parameter in parameters)
        return f"{kind}({numbers})" if kind == "softplus_variance" else f"{kind}_std({numbers})"

    def network(self, kind: str, inputs: str, outputs: str) -> Network:
        row, prefix = self.row, f"network.{kind}"
        hidden = ", ".join(str(width) for width in cast(tuple[int, ...], row[f"{prefix}.hidden"]))
        activation = {"relu": "F.relu", "elu": "elu", "tanh": "torch.tanh"}[row.base(f"{prefix}.activation")]
        return Network(
            f"[{inputs}, {hidden}, {outputs}]",
            activation,
            row.base(f"{prefix}.layer_norm"),
            self.initialiser(f"{prefix}.init"),
            row.base(f"{prefix}.bias"),
            self.initialiser(f"{prefix}.head"),
            row.base(f"{prefix}.head_bias"),
        )

    def initialiser(self, path: str) -> str:
        row = self.row
        kind = row.base(path)
        if kind == "variance_scaling":
            mode, distribution = row.base(f"{path}.mode"), row.base(f"{path}.distribution")
            return f'variance_scaling({number(self.number(f"{path}.scale"))}, "{mode}", "{distribution}")'
        parameter = {"xavier_uniform": "gain", "uniform": "bound"}[kind]
        return f"{'uniform_init' if kind == 'uniform' else kind}({number(self.number(f'{path}.{parameter}'))})"

    def optimiser(self, kind: str) -> Optimiser:
        row, path, prefix = self.row, f"optimizer.{kind}", kind.upper()
        name = {"policy": "policy", "value": "critic", "dual": "multipliers"}[kind]
        schedule = ""
        if row.base(f"{path}.lr") == "linear":
            start, end, over = (number(self.number(f"{path}.lr.{part}")) for part in ("start", "end", "over"))
            schedule = f"linear_schedule({self.steps(kind)}, {start}, {end}, {over})"
        else:
            self.constant(f"{prefix}_LR", f"{path}.lr", f"learning rate of the {name}")
        if row.base(path) == "sgd":
            arguments = []
            if momentum := self.number(f"{path}.momentum"):
                arguments.append(self.constant(f"{prefix}_MOMENTUM", momentum, f"momentum of the {name}"))
            return Optimiser("sgd", prefix, tuple(arguments), schedule, "velocity", "zero_velocity")
        arguments = ["updates"] + [
            f"{parameter}={number(self.number(f'{path}.{parameter}'))}"
            for parameter, usual in (("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8))
            if self.number(f"{path}.{parameter}") != usual
        ]
        if decay := self.number(f"{path}.weight_decay"):
            arguments.append(f"weight_decay={self.constant(f'{prefix}_DECAY', decay, f'L2 penalty of the {name}')}")
        return Optimiser("adam", prefix, tuple(arguments), schedule, "moments", "zero_moments")

    def steps(self, kind: str) -> str:
        """Environment steps so far, from the count of updates before this one: schedules run in environment steps."""
        every, warmup = self.count("data.steps_per_update"), self.count("data.warmup")
        counter, path = "updates", "data.updates"
        if facts.episodic(self.row):
            counter = "value_updates" if kind == "value" else "policy_updates"
            path = f"data.episodes.{counter}"
        updates = self.count(path)
        rate = number(every) if updates == 1 else f"({number(every)} / {number(updates)})"
        return f"{number(warmup)} + state.{counter} * {rate}"

    def duals(self) -> list[Dual]:
        row = self.row
        found: list[Dual] = []
        if facts.trust_region_e(row):
            kl = self.constant("EPSILON", "pi_q.update.trust_region.kl", "bound on KL(pi_q || pi_p)")
            dim = 1 if facts.fresh_support(row) else -1
            found.append(
                Dual(
                    "eta_raw",
                    "eta",
                    "1",
                    self.number("pi_q.update.trust_region.init"),
                    "positive",
                    f"temperature_dual(score, eta, {kl}, dim={dim})",
                    "eta: dual of the E-step, eta epsilon + eta E_s log E_{pi_p} exp(G/eta)",
                )
            )
        if row.base("eta") == "entropy":
            found.append(
                Dual(
                    "log_eta",
                    "eta",
                    "1",
                    math.log(self.number("eta.init")),
                    "torch.exp",
                    "entropy_dual(eta, log_prob, self.target_entropy)",
                    "eta: dual of the entropy constraint, -eta H - eta E[log pi_q]",
                )
            )
            self.constant("TARGET_ENTROPY", "eta.target", "target entropy of one action dimension, in nats")
        if facts.trust_region_m(row):
            path = "pi_p.update.trust_region"
            size = "self.actions" if row[f"{path}.per_dimension"] is True else "1"
            parts = [("mean", "EPSILON_MEAN", "mean's")]
            if facts.learned_covariance(row):
                parts.append(("cov", "EPSILON_COV", "covariance's"))
            for part, constant, whose in parts:
                epsilon = self.constant(constant, f"{path}.kl_{part}", f"bound on the {whose} part of the KL")
                found.append(
                    Dual(
                        f"alpha_{part}_raw",
                        f"alpha_{part}",
                        size,
                        self.number(f"{path}.init_{part}"),
                        "positive",
                        f"lagrange_dual(alpha_{part}, {epsilon}, {part}_kl)",
                        f"alpha_{part}: multiplier of the {whose} part of KL(pi_old || pi_theta) <= epsilon",
                    )
                )
        if row.base("bounds") == "penalty":
            epsilon = self.constant("EPSILON_BOUNDS", "bounds.kl", "epsilon of the penalty's dual")
            found.append(
                Dual(
                    "bounds_raw",
                    "bounds_eta",
                    "1",
                    self.number("bounds.init"),
                    "positive",
                    f"temperature_dual(cost, bounds_eta, {epsilon}, dim=1)",
                    "bounds_eta: the penalty's own dual",
                )
            )
        if row.base("bounds") == "quadratic":
            self.constant("BOUNDS_WEIGHT", "bounds.weight", "of the squared distance to the box")
        return found

    def replay(self) -> dict[str, str]:
        row = self.row
        return {
            "capacity": number(self.count("data.capacity")),
            "batch": "BATCH",
            "warmup": number(self.count("data.warmup")),
            "random_warmup": str(row["data.random_warmup"]),
            "steps_per_update": number(self.count("data.steps_per_update")),
            "sequence": "LENGTH" if row.has("data", "sequences") else "1",
            "episodes": str(row.has("data", "episodes")),
        }

    def noise(self, plan: Plan) -> dict[str, tuple[str, ...]]:
        """The normal draws of one update: field -> shape after S."""
        batch = "BATCH * LENGTH" if plan.windows else "BATCH"

        def shape(samples: int) -> tuple[str, ...]:
            return (str(samples), batch, "self.actions") if samples > 1 else (batch, "self.actions")

        fields: dict[str, tuple[str, ...]] = {}
        if plan.q and not plan.episodic:
            fields["next_action"] = shape(plan.value_samples)
        if plan.fresh and not plan.shared:
            fields["action"] = (str(plan.samples), batch, "self.actions")
        if not plan.em:
            fields["action"] = (batch, "self.actions")
        if plan.baseline:
            fields["baseline"] = shape(plan.baseline)
        if plan.bound_samples:
            fields["bounds"] = (str(plan.bound_samples), batch, "self.actions")
        return fields
