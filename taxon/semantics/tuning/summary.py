"""What a tune comes to, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.semantics.tuning.model import Tune


def summary(tune: Tune) -> Iterator[str]:
    """Its size, what it searches, and how."""
    seeds = f"seed {tune.seeds[0]}" if len(tune.seeds) == 1 else f"seeds {tune.seeds[0]} to {tune.seeds[-1]}"
    where = f"{len(tune.environments)} environment{'s' * (len(tune.environments) != 1)}"
    yield f"tune {tune.name}: {tune.trials:,} trial{'s' * (tune.trials != 1)} of {tune.base} on {where}, {seeds}"
    yield from (f"  {dimension}" for dimension in tune.dimensions)
    yield f"  by {tune.sampler}, at most {tune.at_once} at a time; pruner {tune.pruner}; score {tune.score}"
