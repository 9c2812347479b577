"""What several choices and rules read of a row: each fact is found here once."""

from __future__ import annotations

from taxon.taxonomy.schema import Row

# ---- control


def em_control(row: Row) -> bool:
    """pi_q is nonparametric: E-step weights, then a weighted likelihood."""
    return row.base("pi_q") == "nonparametric"


def kl_control(row: Row) -> bool:
    """pi_q = pi_theta ascends the objective itself."""
    return row.base("pi_q") == "pi_theta"


def trailing(row: Row) -> bool:
    """pi_p is the pi_q of the update before."""
    return row.base("pi_p") == "pi_q"


def fixed_prior(row: Row) -> bool:
    """pi_p is uniform, and never moves."""
    return row.base("pi_p") == "fixed"


def separate_prior(row: Row) -> bool:
    """pi_p is a density beside the policy's: neither uniform nor an older policy."""
    return row.says("pi_p", "separate")


def learned_prior(row: Row) -> bool:
    """pi_p has a network of its own."""
    return row.says("pi_p", "own_network")


def likelihood_ratio(row: Row) -> bool:
    """The gradient of a parametric pi_q is taken at the actions in the data, not through an action of the policy."""
    return kl_control(row) and critic(row) != "q"


def through_action(row: Row) -> bool:
    """The gradient of Q runs through an action of a parametric pi_q into its parameters."""
    return kl_control(row) and row.says("pi_q.update.gradient", "through_action")


def forward(row: Row) -> bool:
    """A parametric pi_q is fitted to pi_p exp(G/eta) / Z: the divergence is taken in the forward direction."""
    return kl_control(row) and row.says("pi_q.update.direction", "fits_target")


def from_prior(row: Row) -> bool:
    """The actions that pi_q is fitted at are those of pi_p."""
    return forward(row) and row.says("pi_q.update.proposal", "of_prior")


def by_samples(row: Row, within: str = "") -> bool:
    """A discrepancy of samples stands in the place of a KL: in the objective, or within a trust region."""
    return row.says(f"{within}divergence", "by_samples")


def natural(row: Row) -> bool:
    """pi_q steps along the natural gradient."""
    return kl_control(row) and row.says("pi_q.update", "solves")


def solved(row: Row) -> bool:
    """The M-step is solved, not followed by gradients: in closed form, or as the projection of pi_q."""
    return em_control(row) and row.says("pi_p.update", "solves")


def in_sequences(row: Row) -> bool:
    """The weights are those of whole action sequences that began alike."""
    return row.base("pi_q.update.normalise") == "group"


def descends(row: Row) -> bool:
    """The policy follows a stochastic gradient."""
    return not natural(row) and not solved(row)


def whole_batch(row: Row) -> bool:
    """The policy is updated once on all that was collected, not on minibatches."""
    return not descends(row) or in_sequences(row)


# ---- G


def critic(row: Row) -> str:
    """The network behind G: `q` for Q(s, a), `v` for V(s), empty where G is the estimate itself."""
    if row.says("G", "state_value"):
        return "v"
    return "q" if row.says("G", "scores_actions") and not row.says("G.critic", "untrained") else ""


def uses_q(row: Row) -> bool:
    """G scores actions by a network Q(s, a)."""
    return critic(row) == "q"


def logarithm(row: Row) -> bool:
    """G is eta times a logarithm: the weights exp(G/eta) are what the logarithm is taken of."""
    return row.says("G", "logarithm")


def dual_value(row: Row) -> bool:
    """V minimises the E-step's dual together with eta."""
    return row.base("G.fit") == "dual"


def fitted_critic(row: Row) -> bool:
    """A critic follows the gradient of its squared error."""
    return critic(row) != "" and not dual_value(row)


def bare_return(row: Row) -> bool:
    """G is the discounted sum of the rewards to the end of the episode, without a critic."""
    return critic(row) == "" and row.base("G.estimate") == "td" and row.number("G.estimate.lambda") == 1


def looks_ahead(row: Row) -> bool:
    """The estimator reads more than one step."""
    by_lambda = row.says("G.estimate", "by_lambda") and row.number("G.estimate.lambda") > 0
    return by_lambda or row.says("G.estimate", "looks_ahead")


def temperature(row: Row) -> bool:
    """The weights f(G) of the E-step have a temperature."""
    return row.says("pi_q.update.f", "temperature")


# ---- the support of pi_q


def mixture(row: Row) -> bool:
    """pi_p is the average of the past policies, by the actions in the data."""
    return row.has("pi_p.update", "mixture")


def data_support(row: Row) -> bool:
    """The support of pi_q is the actions in the data."""
    return em_control(row) and (mixture(row) or critic(row) != "q")


def fresh_support(row: Row) -> bool:
    """The support of pi_q is actions of the old pi_p: drawn now, or all of them where they are finitely many."""
    return em_control(row) and not data_support(row)


# ---- pi_theta


def can(row: Row, capability: str, path: str = "pi_theta") -> bool:
    """Whether the policy's distribution has one of `properties.CAPABILITIES`, its own or from what it stands over."""
    chosen = row.chosen(path)
    if chosen is None:
        return False
    return capability in chosen.capabilities or (capability in chosen.keeps and can(row, capability, f"{path}.base"))


def distribution(row: Row, path: str = "pi_theta") -> str:
    """The policy's distribution by its name: `normal`, `tanh(mixture(normal))`."""
    below = f"{path}.base"
    return f"{row.base(path)}({distribution(row, below)})" if below in row else row.base(path)


def missing(row: Row, who: str, capability: str) -> str:
    """What a distribution is refused with, in words."""
    return f"{who} needs `{capability}`, which `{distribution(row)}` does not have"


def discrete(row: Row) -> bool:
    """The policy chooses among finitely many actions."""
    return can(row, "finite")


def innermost(row: Row) -> str:
    """Where the distribution stands that no other is below: what the network gives the parameters of."""
    path = "pi_theta"
    while f"{path}.base" in row:
        path += ".base"
    return path


def squashed(row: Row) -> bool:
    """The policy's actions stand behind tanh."""
    return row.says("pi_theta", "squashed")


def boxed(row: Row) -> bool:
    """The policy's actions lie in [-1, 1] whatever its parameters."""
    one_action = not can(row, "sample") and row.base("network.policy.mean") == "tanh"
    return one_action or can(row, "box")


def has_covariance(row: Row) -> bool:
    """A Gaussian stands in the policy, by itself or within another distribution."""
    return f"{innermost(row)}.cov" in row


def covariance(row: Row) -> str:
    """`cov(s)`, `cov`, or the empty string where the covariance is a number or there is none."""
    return row.base(f"{innermost(row)}.cov")


def learned_covariance(row: Row) -> bool:
    """Sigma has parameters: `cov(s)` or `cov`, not a number."""
    return row.says(f"{innermost(row)}.cov", "learned")


def full_covariance(row: Row) -> bool:
    """Sigma is a full matrix."""
    return row.base(f"{innermost(row)}.structure") == "full"


def linear(row: Row, network: str) -> bool:
    """The network has no hidden layer."""
    path = f"network.{network}.hidden"
    return path in row and row[path] == ()


# ---- trust regions and duals


def solved_eta(row: Row) -> bool:
    """eta minimises the E-step's dual anew on every batch."""
    return row.base("eta") == "dual"


def trust_region_e(row: Row) -> bool:
    """The dual of a bound on the E-step's divergence finds eta."""
    return row.has("pi_q.update", "trust_region") and row.says("pi_q.update", "weighs")


def trust_region_q(row: Row) -> bool:
    """Multipliers bound how far a parametric pi_q is from pi_p."""
    return row.has("pi_q.update", "trust_region") and not row.says("pi_q.update", "weighs")


def trust_region_m(row: Row) -> bool:
    return row.has("pi_p.update", "trust_region")


def penalised(row: Row) -> bool:
    """An adaptive coefficient holds KL(pi_p || pi_q) near its target."""
    return row.has("pi_q.update", "penalty")


def lagged_policy(row: Row) -> bool:
    """A lagged copy of the policy is kept: the old pi_p."""
    return "target.policy" in row and row["target.policy"] is True


def reads_old_policy(row: Row) -> bool:
    """Something draws from pi_old, or stays close to it."""
    decoupled = row.base("pi_p.update.likelihood") == "decoupled"
    return uses_q(row) or trust_region_m(row) or decoupled or (kl_control(row) and trailing(row))


def has_dual(row: Row) -> bool:
    """A temperature or a trust region's multiplier is trained by gradient."""
    return row.has("pi_q.update", "trust_region") or trust_region_m(row) or row.base("eta") == "entropy"


# ---- data


def on_policy(row: Row) -> bool:
    """Every update reads what the present policy has just collected."""
    return row.says("data", "on_policy")


def replayed(row: Row) -> bool:
    """The data are those of all policies so far."""
    return row.says("data", "replayed")


def restarts(row: Row) -> bool:
    return row.has("data", "restarts")


def episodic(row: Row) -> bool:
    return row.has("data", "episodes")


def contiguous(row: Row) -> bool:
    """The data keep steps in order: windows, whole episodes or rollouts."""
    return row.has("data", "sequences") or episodic(row) or on_policy(row)


def whole_episodes(row: Row) -> bool:
    """Every return can be summed to the end of its episode."""
    return restarts(row) if on_policy(row) else episodic(row)


def phased(row: Row) -> bool:
    """Critic and policy are updated in turn on columns computed over all steps."""
    return episodic(row) or on_policy(row)


def rounds(row: Row, steps: int) -> int:
    """How many rounds of updates a run of so many environment steps of a seed makes. The last step is whole: every
    environment makes it."""
    if not on_policy(row):
        since = steps - int(row.number("data.warmup"))
        return 0 if since < 0 else 1 + since // int(row.number("data.steps_per_update"))
    environments = int(row.number("data.environments"))
    return -(-steps // environments) // int(row.number("data.steps"))


def steps_of_rounds(row: Row, count: int) -> int:
    """After how many environment steps a run makes its round of that number, from 1."""
    if not on_policy(row):
        return int(row.number("data.warmup")) + (count - 1) * int(row.number("data.steps_per_update"))
    return count * int(row.number("data.environments")) * int(row.number("data.steps"))
