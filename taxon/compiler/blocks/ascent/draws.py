"""Actions that an ascent draws at each state: of the policy as it stands, or of its prior."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.metrics import Metrics, entropy
from taxon.compiler.blocks.policy import family
from taxon.compiler.blocks.priors.density import prior_parameters
from taxon.compiler.choices import Choices


@dataclass(frozen=True)
class Draws:
    """M actions of a state: [S, M, B, A], or [S, B, A] where M is 1."""

    count: int

    @property
    def axis(self) -> str:
        """What gives the policy's parameters the axis of the draws."""
        return ".unsqueeze(1)" if self.count > 1 else ""

    @property
    def mean(self) -> str:
        """What takes the mean over the draws."""
        return ".mean(1)" if self.count > 1 else ""

    @property
    def words(self) -> str:
        return f"{self.count} actions" if self.count > 1 else "an action"

    def noise(self, c: Choices, *axes: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What the draws are made from, its last axes as given."""
        each = (c.take(data).steps, *axes)
        return (("action", (str(self.count), *each) if self.count > 1 else each),)


def draws(c: Choices) -> Draws:
    """How many actions the ascent draws at a state."""
    return Draws(c.count("pi_q.update.samples"))


def held(c: Choices, prefix: str = "") -> str:
    """Lines that draw actions without a gradient: of the policy, or of one whose parameters have a prefix."""
    made, axis = c.take(family), c.take(draws).axis
    text = made.write(made.need("sample", "an action of the policy"), prefix, axis, noise="noise.action")
    text += ".detach()" if made.pathwise and not prefix else ""
    return f"u = {text}\naction = {made.squash}(u)" if made.squash else f"action = {text}"


def of_prior(c: Choices) -> tuple[str, tuple[str, ...]]:
    """Lines that draw actions of the prior, and the last axes of their noise. A uniform one is that of the box."""
    made, prefix = c.take(family), prior_parameters(c)
    if prefix:
        return held(c, prefix), made.noise_axes
    lines = "action = box_sample(noise.action)"
    return lines + (f"\nu = {made.unsquash.format(x='action')}" if made.unsquash else ""), ("2", "self.actions")


def names(c: Choices) -> tuple[str, ...]:
    """The symbols that draws write."""
    return ("action", "u") if c.take(family).squash else ("action",)


def drawn_entropy(c: Choices) -> Metrics:
    """The entropy in closed form, or by the density of the policy's own draws."""
    return entropy(c) or (("entropy", "-seed_average(log_prob)" if c.take(draws).count > 1 else "-average(log_prob)"),)
