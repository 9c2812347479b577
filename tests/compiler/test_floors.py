"""No parameter of an emitted module stays where nothing has a gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import SMALL, build, leaf_of, loop_of, row_of, with_leaf

from taxon.compiler.assemble import assemble
from taxon.operators.optimisers import trained

ROUND = (
    "network.hidden = [8, 6]",
    "data.batch = 8",
    "data.policy_epochs = 2",
    "data.environments = 4",
    "data.steps = 6",
)
DUALS = [
    ("mpo", (*SMALL, "data.sequences.length = 4"), None),
    ("mpo_joint", SMALL, None),
    ("mpo_onestep", SMALL, "discrete"),
    ("sac", SMALL, None),
    ("vmpo", ROUND, "continuous"),
    ("vmpo", ROUND, "discrete"),
]


def begun(built: Any) -> Any:
    """A loop whose first updates are about to run."""
    loop = loop_of(built, (3, 4), 400)
    while not any(loop.updates.values()):
        loop.step()
    return loop


def put(loop: Any, name: str, value: torch.Tensor) -> None:
    loop.carry = loop.carry._replace(state=with_leaf(loop.state, name, value))


@pytest.mark.parametrize(("spec", "sets", "actions"), DUALS)
def test_every_multiplier_has_a_gradient_at_its_floor_and_is_held_there(
    spec: str, sets: tuple[str, ...], actions: str | None, tmp_path: Path
) -> None:
    row = row_of(spec, *sets, actions=actions)
    names = [block.writes[0] for block in assemble(row).choices.blocks if block.part == "multipliers"]
    loop = begun(build(row, tmp_path))
    # the policy has moved since, so that no divergence is 0
    policy = loop.state.policy.params
    put(loop, "policy", policy + 0.1 * torch.randn(policy.shape, generator=torch.Generator().manual_seed(0)))
    fresh = {name: trained(torch.full_like(leaf_of(loop.state, name), -18.0)) for name in names}
    loop.carry = loop.carry._replace(state=loop.state._replace(**fresh))
    before = dict(loop.updates)
    while loop.updates == before:
        loop.step()
    for name in names:
        raw = getattr(loop.state, name)
        assert (raw.moments[0] != 0).all(), name
        assert (raw.params >= -18).all(), name


def test_a_multiplier_that_starts_at_the_floor_rises_when_its_bound_is_broken(tmp_path: Path) -> None:
    region = "pi_p.update.trust_region"
    start = (
        f"{region}.init_mean = -18",
        f"{region}.per_dimension = false",
        "target.every = 1000",
        "optimizer.dual.lr = 1",
    )
    sizes = (*SMALL, "data.sequences.length = 4", "data.steps_per_update = 1", "optimizer.policy.lr = 1e-2")
    loop = begun(build(row_of("mpo", *sizes, *start), tmp_path))
    while loop.updates["update"] < 300 and not (loop.state.alpha_mean_raw.params > -17).all():
        loop.step()
    assert (loop.state.alpha_mean_raw.params > -17).all()


@pytest.mark.parametrize("structure", ["diagonal", "full"])
@pytest.mark.parametrize("spec", ["ppo", "trpo"])
def test_a_vector_of_log_deviations_is_held_where_it_has_a_gradient(spec: str, structure: str, tmp_path: Path) -> None:
    sets = tuple(setting for setting in ROUND if spec == "ppo" or "policy_epochs" not in setting)
    row = row_of(spec, *sets, f"pi_theta.structure = {structure}", actions="continuous")
    loop = begun(build(row, tmp_path))
    policy = loop.agent.policy
    size = policy.trunk.size
    flat = leaf_of(loop.state, "policy").clone()
    flat[:, size], flat[:, size + 1] = 5.0, -30.0
    put(loop, "policy", flat)
    before = dict(loop.updates)
    while loop.updates == before:
        loop.step()
    held = leaf_of(loop.state, "policy")[:, size : size + 2]
    assert (held[:, 0] <= 2).all()
    assert (held[:, 1] >= -20).all()
