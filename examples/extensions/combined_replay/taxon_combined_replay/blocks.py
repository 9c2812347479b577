"""What the choice means to the compiler."""

from taxon.compiler.blocks.data import Data, replay
from taxon.compiler.choices import Choices, choice


@choice("data", "combined_replay")
def combined_replay(c: Choices) -> Data:
    return replay(c, "CombinedReplay", "drawn uniformly but for its last, the newest")
