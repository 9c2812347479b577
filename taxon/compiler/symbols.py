"""What several axes share: columns of the data, who may rework which symbol, and the orders that seeds depend on.

A block's code is written with symbols. A name that is no symbol here is a local of the block that writes it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A symbol that is collected with every step: its name in the data, its shape behind [S, B], its meaning."""

    name: str
    shape: str
    meaning: str

    def axes(self, leading: str) -> str:
        """All of its axes."""
        return f"{leading}, {self.shape}" if self.shape else leading


DATA = {
    "raw_observation": Column("observation", "O", "s as it was stored"),
    "raw_next_observation": Column("next_observation", "O", "s' as it was stored"),
    "taken": Column("action", "A", "the action that was taken"),
    "reward": Column("reward", "", "r"),
    "terminated": Column("terminated", "", "1 where the episode ended and so did the sum of rewards"),
    "truncated": Column("truncated", "", "1 where the episode was cut"),
    "ended": Column("ended", "", "1 at the last stored step of an episode"),
    "valid": Column("valid", "", "0 at padding"),
    "begins": Column("begins", "", "1 at the first step of an episode"),
}

# A symbol, and the stages at which one block each may rework it after its writer.
STAGES = {
    "next_action": ("smoothing",),
    "next_value": ("prior",),
    "score": ("baseline", "standardise"),
    "advantage": ("standardise",),
    "returns": ("standardise",),
    "weights": ("normalise", "clip", "bounds"),
    "loss": ("divergence", "prior", "region", "bounds"),
}

# The stages of any other symbol, among them the field of every role: its parameters are held where they must be, and
# its lagged copy follows.
LAG = "lag"
_FIELD = ("project", LAG)

# Columns of minibatches that are computed of all data, and what they have behind [S, B].
COMPUTED = {"old_mean": "A", "old_std": "A", "old_logits": "A", "old_scale": "A, A", "old_alpha": "A", "old_beta": "A"}

# The order of the state's fields is that of the draws of `init`; a field's memory and lagged copy follow it. Further
# roles stand behind these two in the order in which choices add them, so that what those draw stays as it is.
ROLES = ("policy", "critic")
FIELDS = (
    *("eta_raw", "log_eta", "alpha_raw", "alpha_mean_raw", "alpha_cov_raw", "bounds_raw"),
    *("eta", "beta", "statistics", "value_updates", "updates", "policy_updates"),
)
# The order of the draws of an update.
NOISE = ("next_action", "smoothing", "action", "baseline", "bounds")
# The order of a minibatch's columns and of the metrics, for readers alone; any other comes behind.
COLUMNS = ("observation", "action", "reward", "next_observation", "terminated", "truncated", "log_prob")
METRICS = ("value_loss", "policy_loss", "value_gradient", "policy_gradient")


def stages_of(name: str) -> tuple[str, ...]:
    """The stages at which a symbol is reworked, in order."""
    return STAGES.get(name, _FIELD)


def ranked(names: tuple[str, ...], name: str) -> int:
    """The place of a name in an order; behind all others where it has none."""
    return names.index(name) if name in names else len(names)
