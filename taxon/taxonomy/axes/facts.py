"""Questions about a row that several choices and rules ask: each is answered here once."""

from __future__ import annotations

from taxon.taxonomy.row import Row


def em_control(row: Row) -> bool:
    """pi_q is nonparametric: E-step weights, then a weighted likelihood."""
    return row.base("pi_q") == "nonparametric"


def kl_control(row: Row) -> bool:
    """pi_q = pi_theta ascends the objective itself."""
    return row.base("pi_q") == "pi_theta"


def uses_q(row: Row) -> bool:
    """The critic is a Q(s, a); otherwise it is a V(s)."""
    return row.base("G") != "A[pi_p]"


def mixture(row: Row) -> bool:
    """The support of pi_q is the actions in the data."""
    return row.has("pi_p.update", "mixture")


def fresh_support(row: Row) -> bool:
    """The support of pi_q is actions drawn now from the old pi_p."""
    return em_control(row) and not mixture(row)


def normal_path(row: Row) -> str:
    """Where the Gaussian of pi_theta stands, squashed or not."""
    return "pi_theta.base" if row.base("pi_theta") == "tanh" else "pi_theta"


def squashed(row: Row) -> bool:
    return row.base("pi_theta") == "tanh"


def learned_covariance(row: Row) -> bool:
    """Sigma has parameters: `cov(s)` or `cov`, not a number."""
    return row.base(f"{normal_path(row)}.cov") in ("cov(s)", "cov")


def trust_region_e(row: Row) -> bool:
    return row.has("pi_q.update", "trust_region")


def trust_region_m(row: Row) -> bool:
    return row.has("pi_p.update", "trust_region")


def lagged_policy(row: Row) -> bool:
    """A lagged copy of the policy is kept: the old pi_p."""
    return "target.policy" in row and row["target.policy"] is True


def reads_old_policy(row: Row) -> bool:
    """Something draws from pi_old, or stays close to it."""
    decoupled = row.base("pi_p.update.likelihood") == "decoupled"
    return uses_q(row) or trust_region_m(row) or decoupled


def has_dual(row: Row) -> bool:
    """A temperature or a trust region's multiplier is trained by gradient."""
    return trust_region_e(row) or trust_region_m(row) or row.base("eta") == "entropy"


def episodic(row: Row) -> bool:
    return row.has("data", "episodes")


def contiguous(row: Row) -> bool:
    """The data keep steps in order: windows or whole episodes."""
    return row.has("data", "sequences") or episodic(row)


def looks_ahead(row: Row) -> bool:
    """The estimator reads more than one step."""
    return row.base("G.estimate") == "retrace" or row.number("G.estimate.lambda") > 0
