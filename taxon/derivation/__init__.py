"""What a row computes, in equations: the row's numbers in them, their sources, and the lines that compute them."""

from taxon.derivation.derive import derive, equations
from taxon.derivation.section import Derivation

__all__ = ["Derivation", "derive", "equations"]
