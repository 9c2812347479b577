"""What a prior offers: to the ascent of a parametric pi_q, to V(s'), and to the derivation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.blocks.critic import FURUTA
from taxon.compiler.choices import Choices

# Text, equations, the lines that compute it, the leaves that decide it.
Description = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Prior:
    """What pi_p is, and its density, which a parametric pi_q is held against. It is of the policy's family."""

    describe: Callable[[Choices], Description]  # adds what it adds
    prefix: str = ""  # of its parameters' names; none where it is uniform, and log pi_p a constant
    name: Callable[[Choices], None] | None = None  # adds what names those parameters at the states of the update
    following: Callable[[Choices], None] | None = None  # of a prior beside the policy: the same at s', `next_<prefix>`
    collected: Callable[[Choices], None] | None = None  # and at all states of a round, `round_<prefix>`
    tex: str = r"\pi_p"
    acts: bool = False  # it is the policy that collects the data

    @property
    def uniform(self) -> bool:
        return not self.prefix

    @property
    def separate(self) -> bool:
        """It is a density beside the policy, no policy of an earlier update."""
        return self.following is not None


def prior_of(c: Choices) -> Prior:
    """The prior of the row."""
    made: Prior = c.meaning("pi_p")
    return made


def prior(c: Choices) -> None:
    """What the prior is, and how it is updated where that is no M-step."""
    text, lines, at, paths = prior_of(c).describe(c)
    source = c.source("pi_p") or f"{FURUTA}, Table 1"
    c.sections.append(Section("The prior", c.present(*paths), text, lines, source, at))
