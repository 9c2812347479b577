"""Runs that end before they learn: every shipped spec at the last such step and at the one after it."""

from __future__ import annotations

import re

import pytest
from shipped import shipped_rows

from taxon.runtime.options import parse_count
from taxon.semantics import load_spec
from taxon.taxonomy.axes import facts
from taxon.taxonomy.rules import check_duration
from taxon.taxonomy.schema import Row

ROWS = shipped_rows()


def fewest(row: Row, round: int = 1) -> int:
    """The fewest steps that make a round of that number: the last step is one of every environment."""
    together = int(row.number("data.environments")) if facts.on_policy(row) else 1
    return facts.steps_of_rounds(row, round) - together + 1


@pytest.mark.parametrize("name", ROWS)
def test_a_spec_learns_from_its_first_round_on(name: str) -> None:
    row = ROWS[name]
    least = fewest(row)
    assert check_duration(row, least) == []
    (found,) = check_duration(row, least - 1)
    assert found.code.id == "TX403"
    assert found.labels
    assert f"at step {facts.steps_of_rounds(row, 1):,}" in found.message
    asked = re.search(r"--steps (\w+)", found.help)
    assert asked is not None
    assert check_duration(row, parse_count(asked[1], "--steps")) == []


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("done", [1, 3])
def test_more_steps_of_a_finished_run_reach_another_round(name: str, done: int) -> None:
    row = ROWS[name]
    made = facts.steps_of_rounds(row, done)
    assert facts.rounds(row, made) == done
    least = fewest(row, done + 1)
    assert check_duration(row, least, made) == []
    if least - 1 > made:
        (found,) = check_duration(row, least - 1, made)
        assert f"after step {made:,}" in found.message
        assert f"the next is at step {facts.steps_of_rounds(row, done + 1):,}" in found.message


@pytest.mark.parametrize("name", ["sac", "mpo", "awr", "power", "vmpo", "ppo"])
@pytest.mark.parametrize("steps", [2, 12, 60, 400])
def test_what_is_advised_instead_is_enough(name: str, steps: int) -> None:
    (found,) = check_duration(ROWS[name], steps)
    for path, text in re.findall(r"write `([\w.]+) = (\w+)`", found.help):
        resolution = load_spec(name, [f"{path}={text}"])
        assert resolution.row is not None, resolution.diagnostics[0].message
        assert check_duration(resolution.row, steps) == []
