"""What every section asks of a row: its symbols, its numbers, its sources."""

from __future__ import annotations

import re
from dataclasses import dataclass

from taxon.compiler.plan import Plan
from taxon.derivation.notation import fill, number
from taxon.semantics import leaf_text
from taxon.taxonomy.row import Composition, Row

# A choice that has no source of its own may cite one at the end of its sentence.
_CITED = re.compile(r"\(([A-Z][^()]* \d{4}[a-z]?)\)$")

OLD = r"\pi_{\mathrm{old}}"


@dataclass(frozen=True)
class Case:
    """A row, the plan that it compiles to, and the names of both in LaTeX."""

    row: Row
    plan: Plan

    def number(self, path: str) -> str:
        """The number at a path."""
        return number(self.row.number(path))

    def count(self, path: str) -> str:
        """The number at a path as a spec writes it: `1M`, `10k`."""
        return leaf_text(self.row[path])

    def source(self, *paths: str) -> str:
        """The sources of the choices at these paths, each once."""
        found: list[str] = []
        for path in paths:
            leaf = self.row.leaves.get(path)
            if leaf is None or not isinstance(leaf.value, Composition):
                continue
            for key in (leaf.value.base, *leaf.value.modifiers):
                choice = leaf.slot.choice(key)
                if choice is not None:
                    found += choice.source.split("; ") if choice.source else _CITED.findall(choice.doc)
        return "; ".join(dict.fromkeys(found))

    def present(self, *paths: str) -> tuple[str, ...]:
        """Those of the paths that the row has."""
        return tuple(path for path in paths if path in self.row)

    @property
    def gamma(self) -> str:
        """The discount as a factor: nothing where it is 1."""
        return "" if self.row.number("gamma") == 1 else rf"{self.number('gamma')} \, "

    @property
    def eta(self) -> str:
        """The temperature; empty where the row has none, or where it is 0."""
        if self.plan.penalty or self.plan.eta == "eta":
            return r"\eta"
        return self.number("eta") if self.plan.eta else ""

    def over_eta(self, what: str) -> str:
        """`what` divided by the temperature."""
        return what if self.eta == "1" else fill(r"\frac{@what}{@eta}", what=what, eta=self.eta)

    def times_eta(self, what: str) -> str:
        """`what` times the temperature."""
        return what if self.eta == "1" else rf"{self.eta} \, {what}"

    @property
    def old(self) -> str:
        """The policy that actions are drawn from, or held close to: a copy where there is one."""
        return OLD if self.plan.lagged_policy or self.plan.rollouts else r"\pi_\theta"

    def q(self, lagged: bool, first: bool = False) -> str:
        """The critic's name: the smaller of two, the first, or the only one."""
        phi = r"\phi'" if lagged else r"\phi"
        if self.plan.critics == 1:
            return f"Q_{{{phi}}}"
        return f"Q_{{{phi}_1}}" if first else rf"\min_{{i=1,2}} Q_{{{phi}_i}}"

    @property
    def scorer(self) -> str:
        """The critic that scores actions for the policy."""
        lagged = self.row.base("G.critic") == "target"
        return self.q(lagged, self.row.base("G.estimate.clipped_double.policy") == "first")

    @property
    def bootstrap(self) -> str:
        """The critic behind the target."""
        if self.plan.q:
            return self.q(self.plan.lagged_critic)
        return r"V_{\phi'}" if self.plan.lagged_critic else r"V_\phi"

    @property
    def batch(self) -> str:
        """The steps that one update of the policy reads: their number, or n where it is all that was collected."""
        if self.plan.whole:
            return "n"
        length = self.row.number("data.sequences.length") if self.plan.windows else 1
        return number(self.row.number("data.batch") * length)

    def optimiser(self, kind: str) -> str:
        """How parameters follow their gradient, in words."""
        path = f"optimizer.{kind}"
        name = {"adam": "Adam", "sgd": "gradient descent"}[self.row.base(path)]
        rate = f"{path}.lr"
        if self.row.base(rate) == "linear":
            start, end, over = (f"${self.number(f'{rate}.{part}')}$" for part in ("start", "end", "over"))
            speed = f"a rate from {start} to {end} over {over} environment steps"
        else:
            speed = f"rate ${self.number(rate)}$"
        momentum = f"{path}.momentum"
        if momentum in self.row and self.row.number(momentum):
            speed += f" and momentum ${self.number(momentum)}$"
        if self.plan.clip:
            speed += f", gradients cut to norm ${self.number('optimizer.clip')}$"
        return f"{name} at {speed}"


def positive(start: float) -> str:
    """A multiplier's free parameter, its start and what holds it, in words."""
    return (
        rf"$\mathrm{{softplus}}(x) + 10^{{-8}}$, $x$ from ${number(start)}$ and held at $-18$ or more after each step"
    )
