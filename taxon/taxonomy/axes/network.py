"""network: sizes, activations, norms and initialisers (Furuta et al. 2021, Table 4)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.ranges import NON_NEGATIVE, POSITIVE, Range
from taxon.taxonomy.schema import Applies, Choice, Row, Slot

_WIDTH = Range(1, 65_536, integer=True)


def _needs_learned_covariance(row: Row) -> str | None:
    if not facts.has_covariance(row):
        return "only a Gaussian has a deviation"
    return None if facts.learned_covariance(row) else "Sigma is a constant: no head computes it"


def _needs_mean(row: Row) -> str | None:
    if facts.can(row, "mean", facts.innermost(row)):
        return None
    return facts.missing(row, "it", "mean")


def _needs_critic(row: Row) -> str | None:
    return None if facts.critic(row) else "the row trains no critic"


def _needs_prior(row: Row) -> str | None:
    return None if facts.learned_prior(row) else "pi_p has no network of its own"


def _always(row: Row) -> str | None:
    return None


_NETWORKS: dict[str, Applies] = {"policy": _always, "value": _needs_critic, "prior": _needs_prior}


def _exists(network: str) -> Applies:
    """Why a row has no such network, if it has none."""
    return _NETWORKS[network]


def _begins_random(network: str) -> Applies:
    def applies(row: Row) -> str | None:
        if reason := _exists(network)(row):
            return reason
        solved = network == "value" and facts.dual_value(row)
        return "V is solved for, whatever it starts from" if solved else None

    return applies


def _has_hidden(network: str) -> Applies:
    def applies(row: Row) -> str | None:
        if reason := _exists(network)(row):
            return reason
        return "the network has no hidden layer" if facts.linear(row, network) else None

    return applies


def _regresses(row: Row) -> str | None:
    return None if facts.fitted_critic(row) else "no critic follows a gradient"


_FEATURES = (
    Choice("identity", "the input as it is"),
    Choice(
        "polynomial",
        "every product of up to `degree` of its numbers",
        (Slot("degree", "the largest number of factors", "2", Range(1, 5, integer=True)),),
        operator="taxon.networks.features.polynomial",
    ),
    Choice(
        "fourier",
        "random cosines, whose inner products approximate a Gaussian kernel",
        (
            Slot("count", "how many", "100", Range(1, 100_000, integer=True)),
            Slot("width", "the kernel's width", "1", POSITIVE),
        ),
        source="Rahimi and Recht 2007",
        operator="taxon.networks.features.fourier",
    ),
)


_INITIALISERS = (
    Choice(
        "xavier_uniform",
        "U(+-gain sqrt(6 / (fan_in + fan_out)))",
        (Slot("gain", "the factor on the bound", "1", POSITIVE),),
        source="Glorot and Bengio 2010",
        operator="taxon.networks.initialisers.xavier_uniform",
    ),
    Choice(
        "variance_scaling",
        "variance scale / fan",
        (
            Slot("scale", "the factor on the variance", "1", POSITIVE),
            Slot(
                "mode",
                "which fan divides",
                "fan_in",
                choices=(Choice("fan_in", "inputs"), Choice("fan_out", "outputs"), Choice("fan_avg", "their mean")),
            ),
            Slot(
                "distribution",
                "the shape of the draw",
                "uniform",
                choices=(
                    Choice("uniform", "uniform"),
                    Choice("normal", "Gaussian"),
                    Choice("truncated_normal", "Gaussian cut at two deviations"),
                ),
            ),
        ),
        source="He et al. 2015",
        operator="taxon.networks.initialisers.variance_scaling",
    ),
    Choice(
        "orthogonal",
        "orthogonal columns of length gain, or rows where there are fewer: a weight has the variance "
        "gain^2 / max(fan_in, fan_out)",
        (Slot("gain", "the length of each", "1", POSITIVE),),
        source="Saxe et al. 2014",
        operator="taxon.networks.initialisers.orthogonal",
    ),
    Choice(
        "uniform",
        "U(+-bound)",
        (Slot("bound", "the largest weight", "0.01", POSITIVE),),
        operator="taxon.networks.initialisers.uniform_init",
    ),
)

_BIASES = (
    Choice("zeros", "zero", operator="taxon.networks.initialisers.zeros"),
    Choice(
        "fan_in_uniform",
        "U(+-1/sqrt(fan_in)), PyTorch's default",
        operator="taxon.networks.initialisers.fan_in_uniform",
    ),
)

_ACTIVATIONS = (
    Choice("relu", "max(x, 0)"),
    Choice("elu", "x or exp(x) - 1 (Clevert et al. 2016)"),
    Choice("tanh", "tanh(x)"),
)

_LAYER_NORMS = (
    Choice("none", "no normalisation", aliases=("false",)),
    Choice(
        "first",
        "the first hidden layer is linear, layer norm, tanh; the others keep the activation: what the experiments of "
        "Furuta et al. 2021 and Hoffman et al. 2020 call layer normalisation",
        aliases=("true",),
    ),
    Choice("everywhere", "every hidden layer is linear, layer norm, activation"),
)


def _body(network: str, hidden: str) -> tuple[Slot, ...]:
    """The leaves that the policy's and the critic's network share."""
    prefix, hidden_only, random = f"network.{network}", _has_hidden(network), _begins_random(network)
    return (
        Slot(
            f"{prefix}.hidden",
            "the width of each hidden layer; [] is a linear function of the features",
            hidden,
            integers=_WIDTH,
            may_be_empty=True,
            applies=_exists(network),
        ),
        Slot(
            f"{prefix}.features",
            "what the first layer reads of its input",
            "identity",
            choices=_FEATURES,
            applies=_exists(network),
        ),
        Slot(
            f"{prefix}.activation",
            "the activation of the hidden layers",
            "relu",
            choices=_ACTIVATIONS,
            applies=hidden_only,
        ),
        Slot(
            f"{prefix}.layer_norm",
            "layer normalisation (Ba et al. 2016)",
            "none",
            choices=_LAYER_NORMS,
            applies=hidden_only,
        ),
        Slot(
            f"{prefix}.init",
            "the weights of the hidden layers",
            "xavier_uniform",
            choices=_INITIALISERS,
            applies=hidden_only,
        ),
        Slot(f"{prefix}.bias", "the biases of the hidden layers", "zeros", choices=_BIASES, applies=hidden_only),
        Slot(
            f"{prefix}.head", "the weights of the output layer", "xavier_uniform", choices=_INITIALISERS, applies=random
        ),
        Slot(f"{prefix}.head_bias", "the biases of the output layer", "zeros", choices=_BIASES, applies=random),
    )


_POLICY = (
    *_body("policy", "[256, 256]"),
    Slot(
        "network.policy.mean",
        "what turns the head's output into mu",
        "linear",
        choices=(
            Choice("linear", "the output itself"),
            Choice("tanh", "its tanh: mu stays in [-1, 1] (Nair et al. 2020)"),
        ),
        applies=_needs_mean,
    ),
    Slot(
        "network.policy.std",
        "what turns the head's output into a standard deviation",
        "exp",
        choices=(
            Choice(
                "exp",
                "exp of the clamped output",
                (
                    Slot("low", "the smallest log-deviation", "-20", Range(-30, 10)),
                    Slot("high", "the largest log-deviation", "2", Range(-30, 10)),
                ),
                source="Haarnoja et al. 2018a",
                operator="taxon.networks.gaussian.exp_std",
                properties=frozenset({"log_deviation"}),
            ),
            Choice(
                "softplus",
                "softplus(x) init / ln 2 + floor: `init` where x = 0",
                (
                    Slot("init", "the deviation at the start", "0.3", POSITIVE),
                    Slot("floor", "the smallest deviation", "1e-6", NON_NEGATIVE),
                ),
                source="Hoffman et al. 2020",
                operator="taxon.networks.gaussian.softplus_std",
            ),
            Choice(
                "softplus_variance",
                "the variance is softplus(x)",
                source="Furuta et al. 2021, released code",
                operator="taxon.networks.gaussian.softplus_variance",
            ),
            Choice(
                "exploration",
                "the parameters of a linear mean are perturbed, each with a deviation of its own: "
                "sigma(s)^2 = sum_j sigma_j^2 phi_j(s)^2",
                (Slot("init", "the deviation of every parameter at the start", "1", POSITIVE),),
                source="Kober and Peters 2008",
                operator="taxon.networks.gaussian.ParameterNormal",
                properties=frozenset({"perturbed"}),
            ),
        ),
        applies=_needs_learned_covariance,
    ),
)

_VALUE = (
    *_body("value", "[256, 256]"),
    Slot(
        "network.value.scale",
        "the critic is this times its network, and the loss is measured in the network's unit "
        "(1 / (1 - gamma) in Peng et al. 2019, code)",
        "1",
        POSITIVE,
        applies=_regresses,
    ),
)

# Its head is that of the policy: pi_p is of the policy's distribution.
_PRIOR = _body("prior", "[256, 256]")

_RAW = Choice("raw", "the observation", properties=frozenset({"by_column"}))
_STATISTICS = (
    Slot("eps", "added to the deviation", "0.01", POSITIVE),
    Slot("clip", "the largest absolute value", "none", POSITIVE, choices=(Choice("none", "no bound"),)),
    Slot("until", "observations after which the statistics stand still", "300k", Range(1, 1e12, integer=True)),
)

_INPUT = Slot(
    "network.input",
    "what the networks see of an observation",
    "raw",
    choices=(
        _RAW,
        Choice(
            "normalised",
            "the observation minus its running mean, over its running deviation",
            _STATISTICS,
            source="Peng et al. 2019",
            operator="taxon.operators.normaliser.normalise",
            properties=frozenset({"by_column"}),
        ),
    ),
)

# A parameter of an encoder, a choice of `network.input` that a package adds.
BASE = Slot(
    "base",
    "what the encoder reads of an observation",
    "raw",
    choices=(
        _RAW,
        Choice(
            "normalised",
            "the observation minus its running mean, over its running deviation; integers, as those of an image, stay "
            "as they are",
            _STATISTICS,
            source="Peng et al. 2019",
            operator="taxon.operators.normaliser.normalise_real",
        ),
    ),
)

SLOTS = (*_POLICY, *_VALUE, *_PRIOR, _INPUT)

# `network.activation` sets the activation of every network, and so on.
SPREADS = tuple(
    Slot(
        f"network.{leaf}",
        f"`{leaf}` of every network",
        spread=tuple(f"network.{network}.{leaf}" for network in _NETWORKS),
    )
    for leaf in ("hidden", "features", "activation", "layer_norm", "init", "bias", "head", "head_bias")
)
