"""A seed that stops being finite says where: which numbers of which update, and whether its state was broken before."""

from __future__ import annotations

from pathlib import Path

import torch
from tiny import SMALL, build, leaf_of, loop_of, row_of, with_leaf

from taxon.runtime.loop.learning import Carry, broken_numbers, freeze
from taxon.runtime.loop.loop import Loop

ROUND = (
    "network.hidden = [8, 6]",
    "data.batch = 8",
    "data.policy_epochs = 1",
    "data.environments = 4",
    "data.steps = 6",
)


def until_frozen(loop: Loop) -> dict[int, str]:
    while not loop.frozen():
        loop.step()
        assert loop.steps < 200
    return loop.diagnose()


def broken(loop: Loop, name: str, seed: int) -> Loop:
    leaf = leaf_of(loop.state, name).clone()
    leaf[seed] = torch.inf
    loop.carry = loop.carry._replace(state=with_leaf(loop.state, name, leaf))
    return loop


def test_a_broken_tensor_of_the_state_is_named_before_what_it_breaks(tmp_path: Path) -> None:
    built = build(row_of("sac", *SMALL, "data.random_warmup = false"), tmp_path)
    assert until_frozen(broken(loop_of(built, (3, 4)), "policy", 1)) == {
        1: "policy.params of its state, then its action"
    }
    said = until_frozen(broken(loop_of(built, (3, 4)), "critic.target", 0))
    assert list(said) == [0]
    assert said[0].startswith("critic.target of its state, then value_loss, ")
    assert said[0].endswith(" of the phase update")


def test_a_rate_that_overflows_says_so(tmp_path: Path) -> None:
    loop = loop_of(build(row_of("sac", *SMALL, "optimizer.value.lr = 1e18"), tmp_path), (3, 4))
    assert set(until_frozen(loop)) == {0, 1}
    assert all(what.endswith("of the phase update") for what in loop.diagnose().values())


def test_phases_are_told_apart(tmp_path: Path) -> None:
    loop = broken(loop_of(build(row_of("ppo", *ROUND, actions="continuous"), tmp_path), (3, 4)), "critic", 1)
    said = until_frozen(loop)
    assert said[1].startswith("critic.params of its state, then policy_loss")
    assert said[1].endswith("of the phase policy")


def test_each_number_has_its_bit_and_the_first_failure_stays() -> None:
    carry = Carry(
        torch.zeros(3), (), torch.ones(3, dtype=torch.bool), torch.full((3,), -1), torch.zeros(3, dtype=torch.int64)
    )
    finite = torch.ones(40, 3, dtype=torch.bool)
    finite[[0, 39], 1] = False
    carry = freeze(carry, finite, torch.tensor(7), 5)
    assert [broken_numbers(word) for word in carry.broken.tolist()] == [(0, []), (5, [0, 39]), (0, [])]
    carry = freeze(carry, ~finite, torch.tensor(8), 6)
    assert broken_numbers(int(carry.broken[1])) == (5, [0, 39])
    assert carry.frozen_at.tolist() == [8, 7, 8]
