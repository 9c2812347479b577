"""The slots of the language itself, in the order in which a row is printed."""

from taxon.taxonomy.axes import algorithm, data, divergence, network, optimizer, policy, posterior, prior, value
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
    divergence.DIVERGENCE,
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
SLOTS: dict[str, Slot] = {slot.name: slot for slot in _SLOTS}
