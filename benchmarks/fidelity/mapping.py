"""From a row to the arguments of Stable-Baselines3: every number is the row's own, and is written down nowhere else.

What the library cannot do is refused by its path. Where an argument means something else there than the row's choice
does here, that is said: `differences`, which a comparison prints.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.fidelity.reading import CannotError, Reading
from taxon.taxonomy.schema import Row

UNBOUNDED = 1e30  # a norm that no gradient has


@dataclass(frozen=True)
class Peer:
    """How a row is trained by the library: plain data.

    arguments: of the algorithm's class. policy: its policy_kwargs. start: how each network's layers begin, by network
    and part. noise: the deviation of the exploration, of the scaled action. environments: stepped side by side.
    """

    algorithm: str
    arguments: dict[str, Any]
    policy: dict[str, Any]
    start: dict[str, dict[str, dict[str, Any]]]
    noise: float | None = None
    environments: int = 1
    differences: tuple[str, ...] = field(default=(), compare=False)


def peer(row: Row) -> Peer:
    """How Stable-Baselines3 trains a row. Raises CannotError where it cannot."""
    read = Reading(row)
    if row.base("data") == "rollouts":
        build: Callable[[Reading], Peer] = _clipped
    else:
        build = _deterministic if row.base("pi_theta") == "mean(s)" else _soft
    found = build(read)
    read.done()
    return found


def _soft(read: Reading) -> Peer:
    """SAC, whose class has a squashed Gaussian, two critics, and a multiplier on the log scale."""
    _off_policy(read, "Q_soft[pi_q]", "td + clipped_double")
    read.expect("G.estimate.samples", "1")
    read.expect("G.estimate.clipped_double.policy", "min")
    read.expect("pi_theta", "tanh")
    _normal(read, "pi_theta.base", "cov(s)")
    read.expect("bounds", "none")
    read.expect("eta", "entropy")
    for path, usual in (("direction", "reverse"), ("gradient", "reparameterised"), ("samples", "1")):
        read.expect(f"pi_q.update.{path}", usual)
    read.expect("divergence", "kl")
    read.expect("divergence.estimate", "sampled", why="the peer averages log pi over the actions drawn")
    read.expect("network.policy.mean", "linear")
    read.expect("optimizer.policy_every", "1")
    read.expect("target.policy", "false")
    for name, usual in (("", "adam"), (".beta1", "0.9"), (".beta2", "0.999"), (".eps", "1e-8"), (".weight_decay", "0")):
        read.expect(f"optimizer.dual{name}", usual, why="the multiplier's optimiser is Adam as torch has it there")
    target, init = read.number("eta.target"), read.number("eta.init")
    arguments = _replay(read) | {
        "learning_rate": read.same("optimizer.policy.lr", "optimizer.value.lr", "optimizer.dual.lr"),
        "ent_coef": f"auto_{init!r}",
        "target_entropy_of_each": target,
        "tau": read.number("target.tau"),
    }
    return Peer("SAC", arguments, _networks(read, "qf"), _start(read))


def _deterministic(read: Reading) -> Peer:
    """TD3, whose class has a tanh on the mean, two critics of which the first trains the policy, and smoothing."""
    _off_policy(read, "Q[pi_q]", "td + smoothing + clipped_double")
    read.expect("G.estimate.clipped_double.policy", "first")
    read.expect("pi_theta", "mean(s)")
    read.expect("eta", "0")
    read.expect("network.policy.mean", "tanh")
    read.expect("target.policy", "true")
    arguments = _replay(read) | {
        "learning_rate": read.same("optimizer.policy.lr", "optimizer.value.lr"),
        "tau": read.number("target.tau"),
        "policy_delay": read.whole("optimizer.policy_every"),
        "target_policy_noise": read.number("G.estimate.smoothing.std"),
        "target_noise_clip": read.number("G.estimate.smoothing.clip"),
    }
    noise = None
    if read.base("exploration") != "none":
        read.expect("exploration", "gaussian")
        noise = read.number("exploration.std")
    return Peer("TD3", arguments, _networks(read, "qf"), _start(read), noise)


def _clipped(read: Reading) -> Peer:
    """PPO, whose class has a Gaussian with one deviation for all states."""
    for path, text in (("pi_q", "pi_theta"), ("pi_p", "pi_q"), ("pi_p.update", "pi_q"), ("G", "A[pi_p]")):
        read.expect(path, text)
    read.expect("pi_q.update", "sg + clipped")
    read.expect("G.estimate", "gae")
    read.expect("pi_theta", "normal")
    _normal(read, "pi_theta", "cov")
    read.expect("bounds", "none")
    read.expect("network.policy.mean", "linear")
    read.expect("data", "rollouts")
    read.expect("target", "none")
    differences = []
    standardise = read.yes("pi_q.update.standardise")
    if standardise:
        differences.append("advantages are standardised over each minibatch there, over the whole round here")
    norm = UNBOUNDED
    if read.base("optimizer.clip") != "none":
        norm = read.number("optimizer.clip")
        differences.append("the gradients of both networks are cut to one norm there, each network's apart here")
    arguments = {
        "gamma": read.number("gamma"),
        "gae_lambda": read.number("G.estimate.lambda"),
        "clip_range": read.number("pi_q.update.clipped.ratio"),
        "normalize_advantage": standardise,
        "n_steps": read.whole("data.steps"),
        "batch_size": read.whole("data.batch"),
        "n_epochs": int(read.same("data.policy_epochs", "data.value_epochs")),
        "learning_rate": read.same("optimizer.policy.lr", "optimizer.value.lr"),
        "max_grad_norm": norm,
        "vf_coef": 0.5,  # the row's loss of a critic is half the squared error
        "ent_coef": 0.0,
    }
    policy = _networks(read, "vf") | {"log_std_init": 0.0, "ortho_init": False}
    environments = read.whole("data.environments")
    return Peer("PPO", arguments, policy, _start(read), None, environments, tuple(differences))


def _off_policy(read: Reading, value: str, estimate: str) -> None:
    """What the off-policy classes have in common."""
    for path, text in (("pi_q", "pi_theta"), ("pi_p", "fixed"), ("pi_q.update", "sg"), ("pi_p.update", "fixed")):
        read.expect(path, text)
    read.expect("G", value)
    read.expect("G.critic", "online")
    read.expect("G.estimate", estimate)
    read.expect("G.estimate.lambda", "0", why="the peer looks one step ahead")
    read.expect("optimizer.clip", "none", why="the peer bounds no gradient")
    read.expect("target", "polyak")


def _replay(read: Reading) -> dict[str, Any]:
    read.expect("data", "replay")
    read.expect("data.random_warmup", "true", why="the peer's first actions are uniform")
    read.expect("data.environments", "1", why="one environment is what is compared")
    return {
        "gamma": read.number("gamma"),
        "buffer_size": read.whole("data.capacity"),
        "batch_size": read.whole("data.batch"),
        "learning_starts": read.whole("data.warmup"),
        "train_freq": read.whole("data.steps_per_update"),
        "gradient_steps": read.whole("data.updates"),
    }


def _normal(read: Reading, path: str, covariance: str) -> None:
    """A Gaussian whose log-deviation is bounded as the classes have it."""
    if path != "pi_theta":
        read.expect(path, "normal")
    read.expect(f"{path}.mean", "mean(s)")
    read.expect(f"{path}.cov", covariance)
    read.expect(f"{path}.structure", "diagonal")
    read.expect("network.policy.std", "exp")
    read.expect("network.policy.std.low", "-20", why="the peer's log-deviation is bounded by -20 and 2, or not at all")
    read.expect("network.policy.std.high", "2", why="the peer's log-deviation is bounded by -20 and 2, or not at all")


def _networks(read: Reading, value: str) -> dict[str, Any]:
    """The policy_kwargs; value: what the class calls the critic's widths."""
    for network in ("policy", "value"):
        read.expect(f"network.{network}.features", "identity")
        read.expect(f"network.{network}.layer_norm", "none")
        read.expect(f"optimizer.{network}", "adam")
    read.expect("network.value.scale", "1")
    read.expect("network.input", "raw", why="VecNormalize keeps observations as they were normalised when first seen")
    activation = read.base("network.policy.activation")
    read.expect("network.value.activation", activation, why="the peer has one activation for both networks")
    betas = [read.same(f"optimizer.policy.{beta}", f"optimizer.value.{beta}") for beta in ("beta1", "beta2")]
    rest = ("eps", "weight_decay")
    optimizer = {name: read.same(f"optimizer.policy.{name}", f"optimizer.value.{name}") for name in rest}
    return {
        "net_arch": {"pi": read.widths("network.policy.hidden"), value: read.widths("network.value.hidden")},
        "activation": activation,
        "optimizer_kwargs": {"betas": betas, **optimizer},
    }


def _start(read: Reading) -> dict[str, dict[str, dict[str, Any]]]:
    """How the weights and biases of each network's layers are drawn."""
    return {
        network: {part: _drawn(read, f"network.{network}.{part}") for part in ("init", "bias", "head", "head_bias")}
        for network in ("policy", "value")
    }


def _drawn(read: Reading, path: str) -> dict[str, Any]:
    kind = read.base(path)
    match kind:
        case "xavier_uniform" | "orthogonal":
            return {"kind": kind, "gain": read.number(f"{path}.gain")}
        case "uniform":
            return {"kind": kind, "bound": read.number(f"{path}.bound")}
        case "variance_scaling":
            read.expect(f"{path}.distribution", "uniform", "normal")
            mode, shape = read.base(f"{path}.mode"), read.base(f"{path}.distribution")
            return {"kind": kind, "scale": read.number(f"{path}.scale"), "mode": mode, "distribution": shape}
        case "zeros" | "fan_in_uniform":
            return {"kind": kind}
    raise CannotError(f"{read.said(path)}: the driver draws no such weights")
