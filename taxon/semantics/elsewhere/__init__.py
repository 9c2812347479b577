"""What is called otherwise elsewhere: methods, algorithms, and the hyperparameters of other libraries."""

from taxon.semantics.elsewhere.hyperparameters import hyperparameter
from taxon.semantics.elsewhere.methods import algorithm, method

__all__ = ["about", "algorithm", "hyperparameter", "method"]


def about(name: str) -> str:
    """What a name from elsewhere is here, or is at all; empty for a name that is in no table."""
    parameter, other = hyperparameter(name), method(name)
    return parameter.help(name) if parameter is not None else other.help("", name) if other is not None else ""
