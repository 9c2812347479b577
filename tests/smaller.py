"""Overrides that make a row small."""

from collections.abc import Mapping
from typing import Any


def smaller(row: Any, values: Mapping[str, Any]) -> list[str]:
    """`PATH=VALUE` for every path that the row has; a replay keeps its one environment."""
    return [
        f"{path}={value}"
        for path, value in values.items()
        # A network without hidden layers stays linear: there are rows that solve for it.
        if path in row and row[path] != () and (path != "data.environments" or "data.steps" in row)
    ]
