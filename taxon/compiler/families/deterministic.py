"""A function of the state: one action, and no density."""

from __future__ import annotations

from taxon.compiler.families.family import Family


def deterministic(head: str, box: bool) -> Family:
    return Family(
        "mean(s)",
        ("mean",),
        head,
        "action",
        (r"a = \mu_\theta(s)",),
        "A function of the state.",
        "{p}",
        box=box,
        mean="mean",
        drawn=r"\mu_\theta(s)",
    )
