"""What the choice means to the compiler."""

from taxon.compiler.blocks.estimate import AHEAD, Estimate
from taxon.compiler.choices import Choices, choice


@choice("G.estimate", "averaged")
def averaged(c: Choices) -> Estimate:
    constants = (
        "GAMMA",
        c.constant("SHORT", "G.estimate.short", "steps of the short return"),
        c.constant("LONG", "G.estimate.long", "steps of the long return"),
        c.constant("WEIGHT", "G.estimate.weight", "of the long return"),
    )
    return Estimate("averaged_returns", AHEAD, constants, "G_t = (1 - w) G_t^(short) + w G_t^(long)", equation)


def equation(c: Choices) -> tuple[str, str]:
    short, long, weight = (c.tex(f"G.estimate.{name}") for name in ("short", "long", "weight"))
    text = "The mean of two $n$-step returns $G^{(n)}$, each with fewer steps where the episode ends."
    return text, rf"y_t = (1 - {weight}) \, G_t^{{({short})}} + {weight} \, G_t^{{({long})}}"
