"""The taxonomy of Furuta et al. 2021 as typed choices, and the rules that relate them."""

from collections.abc import Mapping

from taxon.taxonomy.language import Schema
from taxon.taxonomy.schema import Slot

# Every path of the language, in the order in which a row is printed.
SCHEMA: Mapping[str, Slot] = Schema()

# The seven factors: the columns of Table 1.
FACTORS = ("pi_q", "pi_p", "pi_q.update", "pi_p.update", "G", "G.estimate", "pi_theta")
