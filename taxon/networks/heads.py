"""Policies that are no single Gaussian: a choice among A, a plain function, Beta distributions, a mixture."""

import torch
from torch import Tensor

from taxon.networks.full_covariance import StateDependentFull, StateIndependentFull
from taxon.networks.gaussian import FixedNormal, Map, StateDependentNormal, StateIndependentNormal
from taxon.networks.mlp import Trunk
from taxon.operators.functional import softplus


class Categorical:
    """softmax(logits(s)) over A actions: the trunk has A outputs."""

    def __init__(self, trunk: Trunk) -> None:
        self.trunk = trunk
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """flat [S, P], x [S, ..., O] -> logits [S, ..., A], not normalised."""
        return self.trunk.apply(flat, x)


class Deterministic:
    """a = mean(trunk(s)), in [-1, 1] with the default: the trunk has A outputs."""

    def __init__(self, trunk: Trunk, mean: Map = torch.tanh) -> None:
        self.trunk, self.mean = trunk, mean
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """flat [S, P], x [S, ..., O] -> action [S, ..., A]."""
        return self.mean(self.trunk.apply(flat, x))


class Beta:
    """Beta(alpha(s), beta(s)) for each action: the trunk has 2A outputs, alpha's before beta's.

    Each is 1 + softplus(output), so that the density has one peak (Chou et al. 2017, Section 3.3).
    """

    def __init__(self, trunk: Trunk) -> None:
        self.trunk = trunk
        self.size = trunk.size

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return self.trunk.init(generator)

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> alpha and beta, both [S, ..., A]."""
        concentration1, concentration0 = (1 + softplus(self.trunk.apply(flat, x))).chunk(2, -1)
        return concentration1, concentration0


class Outputs:
    """A trunk without parameters, whose outputs are what it is given: of a head that stands within another."""

    size = 0

    def __init__(self, outputs: int) -> None:
        self.outputs = outputs

    def init(self, generator: torch.Generator) -> Tensor:
        """An empty row: [0]."""
        return torch.empty(0)

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """x."""
        return x


# The head of a component; those with a trained covariance have a `project`.
StateIndependent = StateIndependentNormal | StateIndependentFull
Component = StateDependentNormal | StateDependentFull | FixedNormal | StateIndependent


class Mixture:
    """Weights softmax(logits(s)) and K components of one kind, whose head `each` stands over `Outputs`.

    The trunk's outputs are K logits, then those of each component; other numbers of them raise ValueError. The row
    ends in what `each` has of its own, which the components share.
    """

    def __init__(self, trunk: Trunk, components: int, each: Component) -> None:
        self.trunk, self.components, self.each = trunk, components, each
        needed = components * (1 + each.trunk.outputs)
        if trunk.outputs != needed:
            raise ValueError(f"the trunk needs {needed} outputs for {components} components, not {trunk.outputs}")
        self.splits = [trunk.size, each.size]
        self.size = sum(self.splits)

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        return torch.cat([self.trunk.init(generator), self.each.init(generator)])

    def apply(self, flat: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """flat [S, P], x [S, ..., O] -> logits [S, ..., K], and the components' parameters [S, ..., K, A] or
        [S, ..., K, A, A]."""
        row, own = torch.split(flat, self.splits, -1)
        logits, rest = torch.split(
            self.trunk.apply(row, x), [self.components, self.components * self.each.trunk.outputs], -1
        )
        return logits, *self.each.apply(own, rest.reshape(*rest.shape[:-1], self.components, -1))

    def project(self, flat: Tensor, low: float, high: float) -> Tensor:
        """What `each` projects of its own: [S, P] -> [S, P]. One without a trained covariance raises TypeError."""
        if not isinstance(self.each, StateIndependent):
            raise TypeError(f"{type(self.each).__name__} has nothing of its own to project")
        row, own = torch.split(flat, self.splits, -1)
        return torch.cat([row, self.each.project(own, low, high)], -1)
