"""A replay whose every minibatch holds the newest step."""

from dataclasses import replace

from taxon.taxonomy.axes.data import REPLAY
from taxon.taxonomy.extension import Extension

COMBINED = replace(
    REPLAY,
    key="combined_replay",
    doc="the last steps of all policies so far, drawn uniformly, and in every minibatch the newest",
    source="Zhang and Sutton 2017",
    operator="taxon_combined_replay.source.CombinedReplay",
)

EXTENSION = Extension(
    choices={"data": (COMBINED,)},
    blocks="taxon_combined_replay.blocks",
    operators=("taxon_combined_replay.source",),
)
