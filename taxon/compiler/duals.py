"""The multipliers of a row, each trained by descent of its own dual."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from taxon.compiler.constants import Constants
from taxon.compiler.optimisation import Optimiser, optimiser
from taxon.compiler.weights import top_half
from taxon.taxonomy.axes import facts
from taxon.taxonomy.row import Row


@dataclass(frozen=True)
class Dual:
    """A multiplier trained by descent of its dual."""

    name: str  # the state field of its raw value
    value: str  # the local name of its value
    size: str  # of its last axis
    init: float
    positive: str  # the function from the raw one to its value
    project: str  # what holds the raw one after its step
    loss: str  # the dual, as an expression of `value`
    comment: str
    optimiser: Optimiser


def duals(row: Row, constants: Constants) -> list[Dual]:
    """Every multiplier of the row, in the order in which they are updated."""
    return [
        *_temperature(row, constants),
        *_entropy(row, constants),
        *_region(row, constants),
        *_bounds(row, constants),
    ]


def _temperature(row: Row, constants: Constants) -> Iterator[Dual]:
    if facts.trust_region_e(row):
        kl = constants.name("EPSILON", "pi_q.update.trust_region.kl", "bound on KL(pi_q || pi_p)")
        if facts.fresh_support(row) and facts.discrete(row):
            loss = f"categorical_dual(log_prior, score, eta, {kl})"
        else:
            dim = 1 if facts.fresh_support(row) else -1
            mask = ", mask=kept" if top_half(row) else ""
            loss = f"temperature_dual(score, eta, {kl}, dim={dim}{mask})"
        yield Dual(
            "eta_raw",
            "eta",
            "1",
            row.number("pi_q.update.trust_region.init"),
            "positive",
            "project",
            loss,
            "eta: dual of the E-step, eta epsilon + eta E_s log E_{pi_p} exp(G/eta)",
            optimiser(row, "dual", constants),
        )


def _entropy(row: Row, constants: Constants) -> Iterator[Dual]:
    if row.base("eta") == "entropy":
        whose = "the choice" if facts.discrete(row) else "one action dimension"
        constants.name("TARGET_ENTROPY", "eta.target", f"target entropy of {whose}, in nats")
        yield Dual(
            "log_eta",
            "eta",
            "1",
            math.log(row.number("eta.init")),
            "torch.exp",
            "project_log",
            "entropy_dual(eta, log_prob, self.target_entropy)",
            "eta: dual of the entropy constraint, -eta H - eta E[log pi_q]",
            optimiser(row, "dual", constants),
        )


def _region(row: Row, constants: Constants) -> Iterator[Dual]:
    if not facts.trust_region_m(row):
        return
    path = "pi_p.update.trust_region"
    if facts.discrete(row):
        epsilon = constants.name("EPSILON_POLICY", f"{path}.kl", "bound on KL(pi_old || pi_theta)")
        yield Dual(
            "alpha_raw",
            "alpha",
            "1",
            row.number(f"{path}.init"),
            "positive",
            "project",
            f"lagrange_dual(alpha, {epsilon}, policy_kl)",
            "alpha: multiplier of KL(pi_old || pi_theta) <= epsilon, alpha (epsilon - KL)",
            optimiser(row, "dual", constants),
        )
        return
    each = f"{path}.per_dimension" in row and row[f"{path}.per_dimension"] is True
    parts = {"mean": "mean's", "cov": "covariance's"} if facts.learned_covariance(row) else {"mean": "mean's"}
    for part, whose in parts.items():
        epsilon = constants.name(f"EPSILON_{part.upper()}", f"{path}.kl_{part}", f"bound on the {whose} part of the KL")
        yield Dual(
            f"alpha_{part}_raw",
            f"alpha_{part}",
            "self.actions" if each else "1",
            row.number(f"{path}.init_{part}"),
            "positive",
            "project",
            f"lagrange_dual(alpha_{part}, {epsilon}, {part}_kl)",
            f"alpha_{part}: multiplier of the {whose} part of KL(pi_old || pi_theta) <= epsilon, alpha (epsilon - KL)",
            optimiser(row, "dual", constants),
        )


def _bounds(row: Row, constants: Constants) -> Iterator[Dual]:
    if row.base("bounds") == "penalty":
        epsilon = constants.name("EPSILON_BOUNDS", "bounds.kl", "epsilon of the penalty's dual")
        yield Dual(
            "bounds_raw",
            "bounds_eta",
            "1",
            row.number("bounds.init"),
            "positive",
            "project",
            f"temperature_dual(cost, bounds_eta, {epsilon}, dim=1)",
            "bounds_eta: dual of the penalty, eta_c epsilon + eta_c E_s log E exp(c/eta_c)",
            optimiser(row, "bounds", constants),
        )
