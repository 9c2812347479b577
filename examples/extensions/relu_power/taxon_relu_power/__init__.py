"""Powers of the advantage as weights of the E-step."""

from taxon.taxonomy.extension import Extension
from taxon.taxonomy.ranges import Range
from taxon.taxonomy.schema import Choice, Slot

RELU_POWER = Choice(
    "relu_power",
    "the positive part of G to a power: 0 is nearly the indicator, 1 is relu",
    (Slot("p", "the power", "2", Range(0, 10, low_open=True)),),
    equation="f(G) = max(G, 0)^p",
    source="between Wang et al. 2020 and Oh et al. 2018",
    operator="taxon_relu_power.operators.powered",
)

EXTENSION = Extension(
    choices={"pi_q.update.f": (RELU_POWER,)},
    blocks="taxon_relu_power.blocks",
    operators=("taxon_relu_power.operators",),
)
