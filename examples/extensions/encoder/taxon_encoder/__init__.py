"""An encoder of the observation, shared by policy and critic and trained by the critic's loss alone."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.axes.network import BASE
from taxon.taxonomy.extension import Extension
from taxon.taxonomy.ranges import Range
from taxon.taxonomy.rule import Conflict, Rule, registrar
from taxon.taxonomy.schema import Choice, Row, Slot

ENCODER = Choice(
    "encoder",
    "a learned code of the observation, normalised and bounded, which the critic's loss alone trains",
    (Slot("size", "numbers of the code", "50", Range(1, 65_536, integer=True)), BASE),
    equation="s = tanh(norm(W o + b))",
    source="Yarats et al. 2021",
    operator="taxon_encoder.network.Encoder",
)

RULES: list[Rule] = []
rule = registrar(RULES)


@rule(
    "taxon_encoder_untrained",
    "an encoder that nothing trains",
    "The encoder follows the gradient of the critic's loss. Without a critic that follows one it would stay as it "
    "began.",
    "Yarats et al. 2021",
)
def _untrained(row: Row) -> Conflict | None:
    if facts.fitted_critic(row):
        return None
    return Conflict(
        "no critic follows a gradient, and the encoder is trained by the critic's loss",
        (("network.input", "is trained by the critic's loss"), ("G", "has no critic that follows a gradient")),
        "write `network.input = raw`",
    )


EXTENSION = Extension(
    choices={"network.input": (ENCODER,)},
    blocks="taxon_encoder.blocks",
    operators=("taxon_encoder.network",),
    rules=tuple(RULES),
)
