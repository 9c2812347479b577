"""data: what is collected, kept and drawn."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import COUNT, Choice, Range, Slot


def _no_episodes(row: Row) -> str | None:
    return "`episodes` counts the updates of critic and policy apart" if facts.episodic(row) else None


DATA = Slot(
    "data",
    "where the states and actions of an update come from",
    choices=(
        Choice(
            "replay",
            "the last steps of all policies so far, drawn uniformly",
            (
                Slot("capacity", "steps kept, for each seed", "1M", COUNT),
                Slot(
                    "batch",
                    "items in a minibatch: steps, or windows with `sequences`",
                    "256",
                    Range(1, 1e6, integer=True),
                ),
                Slot("warmup", "environment steps before the first update", "1k", COUNT),
                Slot(
                    "random_warmup", "actions of the warm-up are uniform instead of the policy's", "false", boolean=True
                ),
                Slot("steps_per_update", "environment steps between updates", "1", COUNT),
                Slot("updates", "updates each time", "1", COUNT, applies=_no_episodes),
            ),
            source="Lin 1992; Mnih et al. 2015",
        ),
        Choice(
            "sequences",
            "windows of consecutive steps, with the log-probability of each action when it was taken",
            (Slot("length", "steps in a window", "8", Range(2, 10_000, integer=True)),),
            modifier=True,
            source="Munos et al. 2016",
        ),
        Choice(
            "episodes",
            "whole episodes: targets are computed over all of them, then critic and policy are fitted in turn",
            (
                Slot("value_updates", "minibatch updates of the critic each time", "200", COUNT),
                Slot("policy_updates", "minibatch updates of the policy each time", "1k", COUNT),
            ),
            modifier=True,
            source="Peng et al. 2019",
        ),
    ),
)
