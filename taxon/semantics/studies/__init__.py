"""Studies: what they vary and claim, checked and expanded to cells, runs and contrasts. Nothing here runs them."""

from taxon.semantics.studies.data import claim_meanings, study_data, study_hash
from taxon.semantics.studies.expanding import EDITED, Expanded, expand
from taxon.semantics.studies.model import Cell, Claim, Difference, Factor, Run, Rung, Score, Seeds, Study, contrast
from taxon.semantics.studies.rows import Space
from taxon.semantics.studies.summary import summary

__all__ = [
    "EDITED",
    "Cell",
    "Claim",
    "Difference",
    "Expanded",
    "Factor",
    "Run",
    "Rung",
    "Score",
    "Seeds",
    "Space",
    "Study",
    "claim_meanings",
    "contrast",
    "expand",
    "study_data",
    "study_hash",
    "summary",
]
