"""The walk between two rows: what each step may be, and the specs that it is written as."""

from __future__ import annotations

import random
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest

from taxon.diagnostics.model import Severity
from taxon.semantics import load_spec, row_hash
from taxon.semantics.checking import place
from taxon.semantics.ladder.assembly import Assembler
from taxon.semantics.ladder.ladder import Between, Step, climb
from taxon.semantics.ladder.rungs import Rung, rungs, written
from taxon.semantics.layers import Target
from taxon.semantics.loading import load, shipped_names
from taxon.semantics.scope import Scope
from taxon.taxonomy.rules import check_row
from taxon.taxonomy.schema import Row

NAMES = [name for name in shipped_names() if name != "architectures"]
EXAMPLES = [str(path) for path in sorted((Path(__file__).parents[2] / "examples").glob("*.tx"))]
PAIRS = [("sac", "mpo"), ("awr", "mpo"), ("ppo", "trpo"), ("sac", "td3"), ("awac", "awr"), ("ppo", "power")]
DRAWN = random.Random(4).sample([(a, b) for a in NAMES for b in NAMES if a != b], 10)


@cache
def row(spec: str) -> Row:
    found = load_spec(spec).row
    assert found is not None
    return found


@cache
def walk(left: str, right: str) -> list[Step]:
    return climb(row(left), row(right))


@cache
def written_out(spec: str, goal: str) -> list[Rung]:
    path, _, shown = place(spec)
    library = load(path, shown)
    scope = Scope(library)
    (symbol,) = (symbol for symbol in scope.own(library.root) if symbol.name == row(spec).name)
    return rungs(symbol, scope, walk(spec, goal), row(goal).name, Target())


def means_something(found: Row) -> bool:
    return all(finding.severity is not Severity.ERROR for finding in check_row(found))


@pytest.mark.parametrize("spec", [*NAMES, *(path for path in EXAMPLES if "elu_layernorm" not in path)])
def test_a_row_is_assembled_from_its_leaves(spec: str) -> None:
    found = Assembler().assemble(row(spec).leaves)
    assert found.row == row(spec)
    assert found.refusals == ()


def test_a_refusal_tells_all_that_it_depends_on() -> None:
    between = Between(row("sac"), row("mpo"))
    (refusal,) = between.at(frozenset({"G.estimate"})).refusals
    assert {"G.estimate", "data"} <= refusal  # Retrace on single steps
    assert not {"network.policy.hidden", "optimizer.policy.lr"} & refusal


@pytest.mark.parametrize(("left", "right"), [*PAIRS, *DRAWN])
def test_every_row_on_the_way_means_something(left: str, right: str) -> None:
    steps = walk(left, right)
    rows = [row(left), *(step.after for step in steps)]
    assert [step.before for step in steps] == rows[:-1]
    assert rows[-1] == row(right)
    assert row_hash(rows[-1]) == row_hash(row(right))
    assert all(map(means_something, rows))
    assert len({row_hash(each) for each in rows}) == len(rows)
    moved = [path for step in steps for path in step.moved]
    assert sorted(moved) == sorted(Between(row(left), row(right)).choices)


@pytest.mark.parametrize(("left", "right"), [*PAIRS, *DRAWN])
def test_no_part_of_a_group_could_have_moved_alone(left: str, right: str) -> None:
    between = Between(row(left), row(right))
    moved: frozenset[str] = frozenset()
    for step in walk(left, right):
        for size in range(1, len(step.moved)):
            for part in combinations(step.moved, size):
                after = between.at(moved | set(part)).row
                assert after == step.before or not means_something(after), part
        moved |= set(step.moved)


@pytest.mark.parametrize(("left", "right"), [("ppo", "trpo"), ("reps", "rwr"), ("sac", "td3"), ("vmpo", "ppo")])
def test_the_search_finds_the_smallest_group(left: str, right: str) -> None:
    """Against every subset of the choices that rules read, from the first row."""
    between = Between(row(left), row(right))
    table = [choice for choice in between.choices if not choice.startswith(("network", "optimizer"))][:12]
    for first in table:
        others = [choice for choice in table if choice != first]
        smallest = next(
            size
            for size in range(len(others) + 1)
            if any(between.accepts(frozenset(), frozenset({first, *part})) for part in combinations(others, size))
        )
        found = between.smallest(frozenset(), first, between.choices)
        if not found:  # it has no part in the first row
            assert between.at(frozenset({first})).row == between.at(frozenset()).row
            continue
        assert len(found) == smallest + 1
        assert between.accepts(frozenset(), found)


def test_the_posterior_moves_with_its_prior() -> None:
    steps = walk("sac", "mpo")
    (group,) = [step for step in steps if len(step.moved) > 1]
    assert group.moved == ("pi_q", "pi_p", "pi_q.update", "pi_p.update", "G")
    assert group.follows == ("eta", "divergence")  # the trust region finds the one, the weights are those of the KL
    assert written(group.before, "eta") == "entropy"
    assert written(group.after, "eta") == "-"
    assert len(steps) == 23


def test_the_columns_of_the_table_come_first() -> None:
    moved = [path for step in walk("ppo", "trpo") for path in step.moved]
    assert moved == list(Between(row("ppo"), row("trpo")).choices)


def test_another_order_is_tried_where_choices_move_together() -> None:
    between = Between(row("ppo"), row("power"))
    assert len(walk("ppo", "power")) > len(between.walk(between.choices))


def test_the_same_row_is_no_walk() -> None:
    assert climb(row("sac"), row("sac")) == []


@pytest.mark.parametrize(("left", "right"), [*PAIRS, *DRAWN, ("rwr", "sac"), ("mpo", "rwr")])
def test_the_rungs_are_specs_that_extend_each_other(left: str, right: str, tmp_path: Path) -> None:
    found = written_out(left, right)
    ladder = tmp_path / "ladder.tx"
    ladder.write_text(f"taxon 1\nimport std.{left}\n\n" + "\n".join(rung.text for rung in found), encoding="utf-8")
    for rung in (found[len(found) // 2], found[-1]):
        resolution = load_spec(f"{ladder}:{rung.name}")
        assert resolution.row == rung.step.after, resolution.diagnostics
    assert [rung.parent for rung in found] == [row(left).name, *(rung.name for rung in found[:-1])]


def test_a_rung_says_no_more_than_it_has_to() -> None:
    assert [rung.text for rung in written_out("ppo", "trpo")][1] == (
        "/// Step 2 of 8 from ppo to trpo.\n"
        "/// G.estimate: gae -> td(lambda = 1)\n"
        "algorithm ppo_to_trpo_02 extends ppo_to_trpo_01 {\n"
        "  G.estimate = td(lambda = 1)\n"
        "}\n"
    )
    (second,) = (rung.text for rung in written_out("sac", "mpo") if len(rung.step.moved) > 1)
    assert "  unset eta\n" in second
    assert "/// eta: entropy -> -\n" in second


def test_the_doc_tells_what_comes_with_a_choice() -> None:
    (bounds,) = (rung for rung in written_out("sac", "mpo") if rung.step.moved == ("bounds",))
    assert bounds.step.follows == ("optimizer.bounds",)
    assert bounds.said == ()  # it holds its default


def test_steps_compare_by_value() -> None:
    step = climb(row("sac"), row("sac_el"))[0]
    assert step == Step(row("sac"), step.after, ("network.policy.activation",), ())
