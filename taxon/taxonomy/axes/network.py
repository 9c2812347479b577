"""network: sizes, activations, norms and initialisers (Furuta et al. 2021, Table 4)."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import NON_NEGATIVE, POSITIVE, Choice, Range, Slot

_WIDTH = Range(1, 65_536, integer=True)


def _needs_learned_covariance(row: Row) -> str | None:
    return None if facts.learned_covariance(row) else "Sigma is a constant: no head computes it"


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
    prefix = f"network.{network}"
    return (
        Slot(f"{prefix}.hidden", "the width of each hidden layer", hidden, integers=_WIDTH),
        Slot(f"{prefix}.activation", "the activation of the hidden layers", "relu", choices=_ACTIVATIONS),
        Slot(f"{prefix}.layer_norm", "layer normalisation (Ba et al. 2016)", "none", choices=_LAYER_NORMS),
        Slot(f"{prefix}.init", "the weights of the hidden layers", "xavier_uniform", choices=_INITIALISERS),
        Slot(f"{prefix}.bias", "the biases of the hidden layers", "zeros", choices=_BIASES),
        Slot(f"{prefix}.head", "the weights of the output layer", "xavier_uniform", choices=_INITIALISERS),
        Slot(f"{prefix}.head_bias", "the biases of the output layer", "zeros", choices=_BIASES),
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
    ),
)

_INPUT = Slot(
    "network.input",
    "what the networks see of an observation",
    "raw",
    choices=(
        Choice("raw", "the observation"),
        Choice(
            "normalised",
            "the observation minus its running mean, over its running deviation",
            (
                Slot("eps", "added to the deviation", "0.01", POSITIVE),
                Slot("clip", "the largest absolute value", "none", POSITIVE, choices=(Choice("none", "no bound"),)),
                Slot(
                    "until", "observations after which the statistics stand still", "300k", Range(1, 1e12, integer=True)
                ),
            ),
            source="Peng et al. 2019",
            operator="taxon.operators.normaliser.normalise",
        ),
    ),
)

SLOTS = (*_POLICY, *_VALUE, _INPUT)

# `network.activation` sets the activation of both networks, and so on.
SPREADS = tuple(
    Slot(f"network.{leaf}", f"`{leaf}` of every network", spread=(f"network.policy.{leaf}", f"network.value.{leaf}"))
    for leaf in ("hidden", "activation", "layer_norm", "init", "bias", "head", "head_bias")
)
