"""Independent Laplace distributions of the actions, whose tails are heavier than a Gaussian's."""

from taxon.taxonomy.extension import Extension
from taxon.taxonomy.ranges import POSITIVE
from taxon.taxonomy.schema import Choice, Slot

LAPLACE = Choice(
    "laplace",
    "independent Laplace distributions, with tails heavier than a Gaussian's",
    (Slot("floor", "the smallest scale", "1e-3", POSITIVE),),
    term="Laplace(mu_theta(s), b_theta(s))",
    equation="a_d ~ Laplace(mu_d(s), b_d(s))",
    source="Kotz et al. 2001",
    operator="taxon_laplace.operators",
    capabilities=frozenset({"sample", "log_prob", "pathwise", "mean", "entropy", "kl"}),
)

EXTENSION = Extension(
    choices={"pi_theta": (LAPLACE,)},
    blocks="taxon_laplace.blocks",
    operators=("taxon_laplace.operators", "taxon_laplace.head"),
)
