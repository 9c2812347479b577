"""The taxonomy of Furuta et al. 2021 as typed choices, and the rules that relate them."""

from taxon.taxonomy.axes import algorithm, data, network, optimizer, policy, posterior, prior, value
from taxon.taxonomy.schema import Slot

_SLOTS = (
    # Table 1
    algorithm.PI_Q,
    algorithm.PI_P,
    posterior.UPDATE,
    prior.UPDATE,
    value.G,
    value.ESTIMATE,
    policy.PI_THETA,
    # what Table 1 leaves to the text
    posterior.ETA,
    value.GAMMA,
    value.CRITIC,
    value.FIT,
    value.TRANSFORM,
    policy.EXPLORATION,
    prior.BOUNDS,
    # code
    data.DATA,
    *network.SLOTS,
    *network.SPREADS,
    *optimizer.SLOTS,
    value.TARGET,
)

# Every path of the language, in the order in which a row is printed.
SCHEMA: dict[str, Slot] = {slot.name: slot for slot in _SLOTS}

# The seven factors: the columns of Table 1.
FACTORS = ("pi_q", "pi_p", "pi_q.update", "pi_p.update", "G", "G.estimate", "pi_theta")
