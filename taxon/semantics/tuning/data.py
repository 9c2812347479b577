"""A tune as plain data, which its record keeps: all that decides which trials are proposed and what they come to."""

from __future__ import annotations

from typing import Any

from taxon.semantics.tuning.model import Dimension, Tune


def tune_data(tune: Tune, bases: dict[str, str]) -> dict[str, Any]:
    """All that a tune resolves to, for JSON, but for the number of its trials, to which more may be added.

    bases: by environment the hash of the base's row.
    """
    return {
        "tune": tune.name,
        "bases": bases,
        "search": [_dimension(dimension) for dimension in tune.dimensions],
        "environments": list(tune.environments),
        "seeds": list(tune.seeds),
        "steps": tune.steps,
        "at_once": tune.at_once,
        "score": str(tune.score),
        "failure": tune.failure,
        "scale": {environment: list(ends) for environment, ends in tune.scale.items()},
        "sampler": str(tune.sampler),
        "pruner": str(tune.pruner),
    }


def _dimension(dimension: Dimension) -> dict[str, Any]:
    numbers = dimension.numbers
    if numbers is None:
        return {"name": dimension.name, "levels": list(dimension.levels)}
    return {"name": dimension.name, "low": numbers.low, "high": numbers.high,
            "integer": numbers.integer, "log": numbers.log, "step": numbers.step}  # fmt: skip
