"""TX4xx: a row against how long it is to be trained."""

from __future__ import annotations

from taxon.diagnostics.model import Code, Diagnostic
from taxon.syntax.printing import number
from taxon.taxonomy.axes import facts
from taxon.taxonomy.rule import Conflict, finding
from taxon.taxonomy.schema import Row

NO_UPDATE = Code(
    "TX403",
    "a run without an update",
    "Updates begin once the warm-up is stored, or once a round of rollouts is full, and go on at intervals. A run that "
    "ends before one has collected steps and learnt nothing from them: its policy is the one that it began with.",
)

CODES = (NO_UPDATE,)


def check_duration(row: Row, steps: int, done: int = 0, option: str = "--steps {}") -> list[Diagnostic]:
    """What keeps a run from learning.

    Args:
        row: what is trained.
        steps: how many environment steps each seed makes, in all.
        done: how many of them are made already, with the updates that follow them.
        option: how the number of steps is said, for the way out.
    """
    if facts.rounds(row, steps) > facts.rounds(row, done):
        return []
    first = facts.steps_of_rounds(row, facts.rounds(row, done) + 1)
    after = f" after step {done:,}" if done else ""
    message = f"a run of {steps:,} steps makes no update{after}: the {'next' if done else 'first'} is at step {first:,}"
    sites: tuple[tuple[str, str], ...]
    if facts.on_policy(row):
        sites = (("data.steps", "steps of each environment in a round"), ("data.environments", "environments"))
    elif done:
        sites = (("data.steps_per_update", "steps between updates"),)
    else:
        sites = (("data.warmup", "steps before the first update"),)
    help = f"ask for more, as in `{option.format(number(_round_number(2 * first)))}`"
    fewer = steps // (int(row.number("data.environments")) if facts.on_policy(row) else 1) // 2
    if fewer >= _least(row) and not done:
        help += f", or write `{sites[0][0]} = {fewer}` or less"
    return [finding(NO_UPDATE, Conflict(message, sites, help), row)]


def _least(row: Row) -> int:
    """How short a warm-up or a segment may be: as long as the window that is drawn, or the return that is summed."""
    path = "G.estimate.n" if facts.on_policy(row) else "data.sequences.length"
    return int(row.number(path)) if path in row else 1


def _round_number(steps: int) -> int:
    """A number of one or two digits and zeros, at least as large."""
    scale = int(10 ** max(len(str(steps)) - 2, 0))
    return -(-steps // scale) * scale
