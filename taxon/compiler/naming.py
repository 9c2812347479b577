"""The constants at the top of a module that no single slot owns."""

from __future__ import annotations

from taxon.compiler.constants import Constants
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row

# Paths that get a name wherever a row has them as numbers.
_NUMBERS = (
    ("GAMMA", "gamma", "discount"),
    ("LAMBDA", "G.estimate.lambda", "how far the estimate looks ahead"),
    ("N_STEPS", "G.estimate.n", "steps before the estimate bootstraps"),
    ("SMOOTHING_STD", "G.estimate.smoothing.std", "deviation of the noise on the target's action"),
    ("SMOOTHING_CLIP", "G.estimate.smoothing.clip", "largest noise on the target's action"),
    ("COPY_EVERY", "target.every", "updates between hard copies"),
    ("TAU", "target.tau", "step of the lagged copies"),
    ("EXPLORATION_STD", "exploration.std", "deviation of the exploration noise"),
    ("EXPLORATION_THETA", "exploration.theta", "pull of the exploration noise towards 0"),
    ("EXPLORATION_SIGMA", "exploration.sigma", "deviation of a step of the exploration noise"),
    ("LENGTH", "data.sequences.length", "steps of a window"),
    ("DELTA", "pi_q.update.kl", "bound on KL(pi_p || pi_q) of a step"),
    ("DAMPING", "pi_q.update.damping", "added to the Fisher matrix"),
    ("CG_ITERATIONS", "pi_q.update.iterations", "of the conjugate gradients"),
    ("TRIES", "pi_q.update.tries", "step sizes of the line search"),
    ("SHRINK", "pi_q.update.shrink", "from one step size to the next"),
    ("CLIP_RATIO", "pi_q.update.clipped.ratio", "how far the likelihood ratio earns anything"),
    ("TARGET_KL", "pi_q.update.penalty.kl", "target of KL(pi_p || pi_q)"),
    ("KL_TOLERANCE", "pi_q.update.penalty.tolerance", "how far off the target eta stays, as a factor"),
    ("FACTOR", "pi_q.update.penalty.factor", "how fast eta adapts"),
    ("ETA_START", "pi_q.update.penalty.init", "eta at the start"),
    ("BETA_START", "G.transform.init", "beta of the reward's transform at the start"),
    ("BETA_LIMIT", "G.transform.limit", "the largest beta"),
    ("BONUS", "pi_p.update.expected_return.bonus", "of the reward-weighted term, as a factor on eta"),
    ("BOUNDS_WEIGHT", "bounds.weight", "of the squared distance to the box"),
    ("CLIP_NORM", "optimizer.clip", "largest norm of a gradient"),
    ("POLICY_EVERY", "optimizer.policy_every", "updates of the critic for each of the policy"),
    ("ENVIRONMENTS", "data.environments", "environments of a seed"),
    ("STEPS", "data.steps", "steps of each environment in a round"),
    ("GROUP", "data.restarts.group", "environments that begin their episode alike"),
    ("INPUT_EPS", "network.input.eps", "added to the observations' deviation"),
    ("INPUT_UNTIL", "network.input.until", "observations after which the statistics stand still"),
    ("INPUT_CLIP", "network.input.clip", "largest normalised observation"),
)


def name_constants(row: Row, constants: Constants) -> None:
    """Name every number that a template may read; what it does not read is not printed."""
    for name, path, comment in _NUMBERS:
        if path in row and not row.base(path):
            constants.name(name, path, comment)
    if "data.batch" in row:
        windows = row.has("data", "sequences")
        constants.name("BATCH", "data.batch", "windows of a minibatch" if windows else "minibatch")
    if facts.dual_value(row):
        constants.name("EPSILON", "eta.kl", "bound on KL(pi_q || pi_p)")
    scale = "network.value.scale"
    if scale in row and row.number(scale) != 1:
        constants.name("VALUE_SCALE", scale, "the critic is this times its network")
