"""What a row means, in equations: each with the row's numbers, its source, and the lines of the module that compute it."""

from taxon.derivation.derive import derive
from taxon.derivation.section import Derivation

__all__ = ["Derivation", "derive"]
