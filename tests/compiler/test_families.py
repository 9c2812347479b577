"""Distributions by capability: what a choice declares to the rules is what the compiler's family has."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import updates
from tiny import build, leaf_of, row_of
from torch.distributions import (
    AffineTransform,
    Beta,
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    TransformedDistribution,
    kl_divergence,
)

from taxon.compiler.block import ContractError
from taxon.compiler.blocks.policy import family
from taxon.compiler.choices import Choices
from taxon.compiler.families.family import Family
from taxon.semantics.space.entries import entries
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.axes import facts
from taxon.taxonomy.properties import CAPABILITIES
from taxon.taxonomy.schema import Choice, Row, Slot

DISTRIBUTIONS = sorted({entry.text for entry in entries("pi_theta")})
FULL = [
    "normal(mean(s), cov(s), structure = full)",
    "tanh(normal(mean(s), cov, structure = full))",
    "mixture(3, normal(mean(s), cov(s), structure = full))",
    "tanh(mixture(3, normal(mean(s), cov, structure = full)))",
]
# A row that takes every distribution with a density, and one for the function of the state.
PLAIN = "pi_p = fixed, pi_p.update = fixed, G = A[pi_q], eta = 0, pi_q.update = sg, bounds = none"


def row_with(distribution: str, *more: str) -> Row:
    if distribution == "mean(s)":
        return row_of("td3", *more)
    finite = distribution.startswith("softmax")
    return row_of("ppo", *(PLAIN.split(", ")[: 5 if finite else 6]), f"pi_theta = {distribution}", *more)


def choices(slot: Slot) -> list[Choice]:
    below = [other for choice in slot.choices for part in choice.parameters for other in choices(part)]
    return [*slot.choices, *below]


@pytest.mark.parametrize("distribution", [*DISTRIBUTIONS, *FULL])
def test_the_rules_know_what_the_compiler_has(distribution: str) -> None:
    row = row_with(distribution)
    made = Choices(row).take(family)
    assert made.capabilities - {"box"} == {name for name in CAPABILITIES if facts.can(row, name)} - {"box"}
    assert made.box == facts.boxed(row)


def test_a_mean_behind_tanh_is_in_the_box() -> None:
    for mean, inside in (("tanh", True), ("linear", False)):
        row = row_with("mean(s)", f"network.policy.mean = {mean}")
        assert Choices(row).take(family).box == facts.boxed(row) == inside


def test_capabilities_are_declared_by_their_names() -> None:
    found = choices(SCHEMA["pi_theta"])
    assert set(CAPABILITIES) == {name for choice in found for name in choice.capabilities}
    assert {name for choice in found for name in choice.keeps} <= set(CAPABILITIES)
    others = [choice for path, slot in SCHEMA.items() if path != "pi_theta" for choice in choices(slot)]
    assert not any(choice.capabilities or choice.keeps for choice in others)


def test_what_is_missing_is_refused_by_both_names() -> None:
    made: Family = Choices(row_with("mixture(3, normal(mean(s), 0.5))")).take(family)
    with pytest.raises(ContractError, match=r"a trust region needs `kl`, which the distribution mixture\(normal\)"):
        _ = made.divergences
    with pytest.raises(ContractError, match="a gradient needs `pathwise`"):
        made.need("pathwise", "a gradient")


# ---- the new distributions, trained

NEW = {
    "beta": "beta",
    "mixture": "mixture(12, normal(mean(s), cov(s)))",
    "full": "mixture(12, normal(mean(s), cov(s), structure = full))",
    "vector": "mixture(12, normal(mean(s), cov))",
    "full_vector": "mixture(12, normal(mean(s), cov, structure = full))",
    "constant": "mixture(12, normal(mean(s), 0.3))",
    "tanh": "tanh(mixture(12, normal(mean(s), cov(s))))",
}
UNIFORM = ("pi_p = fixed", "pi_p.update = fixed", "G = A[pi_q]", "pi_q.update = sg")
# By the ratio of likelihoods, with each kind of entropy; by weights on drawn actions, on stored ones, on sequences.
KINDS = {
    "clip": ("ppo_clip",),
    "bonus": ("ppo", *UNIFORM, "eta = 0.1"),
    "temperature": ("ppo", *UNIFORM, "eta = entropy(target = -1)"),
    "drawn": ("mpo", "bounds = none", "pi_p.update = sg"),
    "drawn_again": ("mpo", "bounds = none", "pi_p.update = sg", "pi_q.update.states = current"),
    "data": ("awac",),
    "episodes": ("awr", "bounds = none"),
    "sequences": ("urex",),
    "penalised": ("mpo", "pi_p.update = sg"),
}


# What a shipped row says of a Gaussian, which other distributions have no use for.
OF_GAUSSIANS = {
    "beta": ("network.policy.std", "network.policy.mean", "pi_p.update.likelihood"),
    NEW["constant"]: ("network.policy.std",),
}


def trained(folder: Path, distribution: str, spec: str, *entries: str) -> Row:
    """A child of a shipped row at the sizes of `updates`, which takes back what the distribution has no use for."""
    leaves, told = row_of(spec, actions="continuous").leaves, " ".join(entries)
    idle = [
        path for path in OF_GAUSSIANS.get(distribution, ()) if path in leaves and path.rpartition(".")[0] not in told
    ]
    body = [f"pi_theta = {distribution}", *entries]
    body += [f"unset {path}" for path in idle if leaves[path].origin.layer != "default"]
    file = folder / "ours.tx"
    file.write_text("\n".join(["taxon 1", f"import std.{spec}", f"algorithm ours extends {spec} {{", *body, "}"]))
    row = row_of(file, actions="continuous")
    sizes = (f"{at} = {size}" for at, size in updates.SIZES.items() if updates.sized(row, at))
    return row_of(file, *sizes, actions="continuous")


class Watched:
    """A module's functions and its policy's update, with what they were called with and what they gave."""

    def __init__(self, built: ModuleType, *names: str) -> None:
        self.calls: dict[str, list[tuple[tuple[Any, ...], Any]]] = {}
        for owner in (built, built.Agent):
            for name in names:
                if hasattr(owner, name):
                    self.calls[name] = []
                    setattr(owner, name, self._watched(name, getattr(owner, name)))

    def _watched(self, name: str, function: Any) -> Any:
        def watched(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named)
            self.calls[name].append((arguments, result))
            return result

        return watched


def plain(distribution: str, parameters: tuple[torch.Tensor, ...]) -> Distribution:
    """torch's own, of the action, or of the action before tanh."""
    if distribution == "beta":
        return Independent(TransformedDistribution(Beta(*parameters), AffineTransform(-1.0, 2.0)), 1)
    logits, mean, spread = parameters
    full = spread.dim() > mean.dim()
    each = MultivariateNormal(mean, scale_tril=spread) if full else Independent(Normal(mean, spread), 1)
    return MixtureSameFamily(Categorical(logits=logits), each)


def spread(parameters: tuple[torch.Tensor, ...], drawn: bool) -> tuple[torch.Tensor, ...]:
    return tuple(part.unsqueeze(1) for part in parameters) if drawn else parameters


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("kind", KINDS)
def test_updates_are_finite_and_of_the_likelihood_that_torch_has(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "penalised" and name in ("beta", "tanh"):
        return  # no action of theirs leaves the box
    monkeypatch.setattr(updates, "UPDATES", 2)
    built = build(trained(tmp_path, NEW[name], *KINDS[kind]), tmp_path)
    fitted = ("surrogate", "clipped_surrogate", "weighted_likelihood")
    watched = Watched(built, *fitted, "update_policy", "update", "beta_sample", "mixture_sample")
    made = updates.run(built, f"{kind} {name}")
    assert [key for key, value in made.items() if not np.isfinite(value).all()] == []
    assert not np.array_equal(made["initial/policy"], made["final/policy"])
    if kind == "sequences":
        return  # by whole sequences: `by_episode` has summed the likelihoods
    calls = watched.calls
    (agent, state, batch, _), _ = (calls.get("update_policy") or calls["update"])[0]
    log_prob = next(calls[function] for function in fitted if calls.get(function))[0][0]
    log_prob = untracked(log_prob[1 if kind in ("drawn", "drawn_again", "data", "episodes", "penalised") else 0])
    drawn = kind in ("drawn", "drawn_again", "penalised")
    seen = batch.next_observation if kind in ("drawn", "penalised") else batch.observation
    if seen.dim() == 4:  # windows
        seen = seen.flatten(1, 2)
    parameters = agent.policy.apply(
        leaf_of(state, "policy"), agent.normalise(state, seen) if hasattr(agent, "normalise") else seen
    )
    if drawn:
        draws = calls.get("beta_sample") or calls["mixture_sample"]
        action = next(result for _, result in draws if result.dim() == 4 and result.shape[1] == log_prob.shape[1])
    else:
        action = batch.action
        if name == "tanh":
            action = torch.atanh(action.clamp(-1 + 1e-6, 1 - 1e-6))
    expected = plain(NEW[name], spread(parameters, drawn)).log_prob(action)
    torch.testing.assert_close(log_prob, expected, atol=1e-9, rtol=1e-9)


def untracked(x: torch.Tensor) -> torch.Tensor:
    """The numbers of a tensor that a gradient is being taken of."""
    functorch = torch._C._functorch
    return functorch.get_unwrapped(x) if functorch.is_gradtrackingtensor(x) else x


def run_with_beta(
    folder: Path, monkeypatch: pytest.MonkeyPatch, spec: str, *entries: str
) -> tuple[Any, dict[str, Any]]:
    """The watched policy updates of a row with a Beta policy, and its record."""
    monkeypatch.setattr(updates, "UPDATES", 3)
    built = build(trained(folder, "beta", spec, *entries), folder)
    watched = Watched(built, "update_policy", "update_penalty")
    made = updates.run(built, spec)
    assert [key for key, value in made.items() if not np.isfinite(value).all()] == []
    return watched.calls, made


def divergence(agent: Any, old: Any, new: Any, observation: torch.Tensor) -> torch.Tensor:
    """KL between the policies of two states, by torch, over the states of a batch: [S, n]."""
    seen = agent.normalise(old, observation) if hasattr(agent, "normalise") else observation
    pair = (Independent(Beta(*agent.policy.apply(leaf_of(state, "policy"), seen)), 1) for state in (old, new))
    return kl_divergence(*pair)


def test_a_natural_gradient_bounds_the_divergence_of_beta(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, made = run_with_beta(tmp_path, monkeypatch, "trpo")
    assert (made["metric/policy/step_fraction"] > 0).any()
    for (agent, state, batch, _), (after, metrics) in calls["update_policy"]:
        kl = (divergence(agent, state, after, batch.observation) * batch.valid).sum(1) / batch.valid.sum(1)
        torch.testing.assert_close(kl, metrics["kl"], atol=1e-10, rtol=1e-8)
        assert (kl <= 0.01 * (1 + 1e-9)).all()


def test_a_penalty_measures_the_divergence_of_beta(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, _ = run_with_beta(tmp_path, monkeypatch, "ppo")
    (agent, state, batch, _), (_, metrics) = calls["update_penalty"][0]
    old = Independent(Beta(batch.old_concentration1, batch.old_concentration0), 1)
    now = Independent(Beta(*agent.policy.apply(leaf_of(state, "policy"), agent.normalise(state, batch.observation))), 1)
    kl = (kl_divergence(old, now) * batch.valid).sum(1) / batch.valid.sum(1)
    assert (kl > 0).all()
    torch.testing.assert_close(metrics["kl"], kl, atol=1e-12, rtol=1e-8)


def test_a_trust_region_of_beta_has_one_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = ("pi_p.update = sg + trust_region(kl = 0.01)", "bounds = none")
    calls, made = run_with_beta(tmp_path, monkeypatch, "vmpo", *entries)
    assert made["final/alpha_raw"].shape == (updates.SEEDS, 1)
    (agent, state, batch, _), (_, metrics) = calls["update_policy"][1]
    old = Independent(Beta(batch.old_concentration1, batch.old_concentration0), 1)
    now = Independent(Beta(*agent.policy.apply(leaf_of(state, "policy"), agent.normalise(state, batch.observation))), 1)
    kl = kl_divergence(old, now).mean(-1)
    assert (kl > 0).all()
    torch.testing.assert_close(metrics["kl"], kl, atol=1e-12, rtol=1e-9)
