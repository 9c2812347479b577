"""data: what is collected, kept and drawn."""

from taxon.taxonomy.axes import facts
from taxon.taxonomy.ranges import COUNT, Range
from taxon.taxonomy.schema import Choice, Row, Slot

_SIZE = Range(1, 1e6, integer=True)


def _no_episodes(row: Row) -> str | None:
    return "`episodes` counts the updates of critic and policy apart" if facts.episodic(row) else None


def _policy_on_minibatches(row: Row) -> str | None:
    return "the policy is updated once, on all that was collected" if facts.whole_batch(row) else None


def _needs_fitted_critic(row: Row) -> str | None:
    return None if facts.fitted_critic(row) else "no critic follows a gradient"


def _needs_minibatches(row: Row) -> str | None:
    some = facts.fitted_critic(row) or not facts.whole_batch(row)
    return None if some else "nothing is fitted on minibatches"


REPLAY = Choice(
    "replay",
    "the last steps of all policies so far, drawn uniformly",
    (
        Slot("capacity", "steps kept, for each seed", "1M", COUNT),
        Slot("batch", "items in a minibatch: steps, or windows with `sequences`", "256", _SIZE),
        Slot("warmup", "environment steps before the first update", "1k", COUNT),
        Slot("random_warmup", "actions of the warm-up are uniform instead of the policy's", "false", boolean=True),
        Slot("steps_per_update", "environment steps between updates", "1", COUNT),
        Slot("updates", "updates each time", "1", COUNT, applies=_no_episodes),
        Slot("environments", "environments of each seed, stepped side by side", "1", Range(1, 10_000, integer=True)),
    ),
    source="Lin 1992; Mnih et al. 2015",
    properties=frozenset({"replayed"}),
)

ROLLOUTS = Choice(
    "rollouts",
    "segments that the present policy has just collected, used for one round of updates and dropped",
    (
        Slot("environments", "environments of each seed, stepped side by side", "8", Range(1, 10_000, integer=True)),
        Slot("steps", "steps of each environment in a segment", "256", _SIZE),
        Slot(
            "policy_epochs",
            "passes of the policy over the segment",
            "10",
            Range(1, 10_000, integer=True),
            applies=_policy_on_minibatches,
        ),
        Slot(
            "value_epochs",
            "passes of the critic over the segment",
            "10",
            Range(1, 10_000, integer=True),
            applies=_needs_fitted_critic,
        ),
        Slot("batch", "steps in a minibatch", "64", _SIZE, applies=_needs_minibatches),
    ),
    source="Schulman et al. 2017",
    properties=frozenset({"on_policy"}),
)

DATA = Slot(
    "data",
    "where the states and actions of an update come from",
    choices=(
        REPLAY,
        ROLLOUTS,
        Choice(
            "sequences",
            "windows of consecutive steps, with the log-probability of each action when it was taken",
            (Slot("length", "steps in a window", "8", Range(2, 10_000, integer=True)),),
            modifier=True,
            bases=("replay",),
            source="Munos et al. 2016",
        ),
        Choice(
            "episodes",
            "whole episodes: targets are computed over all of them, then critic and policy are fitted in turn",
            (
                Slot(
                    "value_updates",
                    "minibatch updates of the critic each time",
                    "200",
                    COUNT,
                    applies=_needs_fitted_critic,
                ),
                Slot(
                    "policy_updates",
                    "minibatch updates of the policy each time",
                    "1k",
                    COUNT,
                    applies=_policy_on_minibatches,
                ),
            ),
            modifier=True,
            bases=("replay",),
            source="Peng et al. 2019",
        ),
        Choice(
            "restarts",
            "every segment starts the environments anew; each runs one episode and waits for the others",
            (Slot("group", "environments that begin their episode alike", "1", Range(1, 10_000, integer=True)),),
            modifier=True,
            bases=("rollouts",),
            source="Nachum et al. 2017",
        ),
    ),
)
