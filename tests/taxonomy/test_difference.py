"""What sets two rows apart."""

import dataclasses

import pytest

from taxon.diagnostics.source import Source, Span
from taxon.semantics import canonical, load_spec, row_hash
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.difference import Difference, compare, counts, verdict
from taxon.taxonomy.schema import Leaf, Origin, Row


def row_of(spec: str, *sets: str) -> Row:
    row = load_spec(spec, sets).row
    assert row is not None
    return row


def differing(left: Row, right: Row) -> list[Difference]:
    return [difference for difference in compare(left, right) if difference.differs]


def paths(left: Row, right: Row) -> list[str]:
    return [difference.path for difference in differing(left, right)]


@pytest.mark.parametrize("name", ["mpo", "awr", "awac", "sac"])
def test_a_spec_against_itself(name: str) -> None:
    row = row_of(name)
    assert paths(row, row_of(name)) == []
    assert [difference.path for difference in compare(row, row)] == list(row.leaves)


def test_elu_and_layer_norm_are_four_leaves_of_the_code() -> None:
    left, right = row_of("sac"), row_of("sac_el")
    found = differing(left, right)
    assert [(d.path, d.level, d.factor) for d in found] == [
        (f"network.{network}.{leaf}", "code", False)
        for network in ("policy", "value")
        for leaf in ("activation", "layer_norm")
    ]
    assert [(left.base(d.path), right.base(d.path)) for d in found] == [("relu", "elu"), ("none", "first")] * 2


def test_mpo_against_sac() -> None:
    found = differing(row_of("mpo"), row_of("sac"))
    by_level = {level: [d.path for d in found if d.level == level] for level in ("algorithm", "implementation", "code")}
    assert by_level["algorithm"] == ["pi_q", "pi_p"]
    assert by_level["implementation"] == [
        "pi_q.update",
        "pi_p.update",
        "G",
        "G.estimate",
        "pi_theta",
        "eta",
        "divergence",
    ]
    assert by_level["code"][:3] == ["G.critic", "bounds", "data"]
    assert {"optimizer.policy.lr", "network.value.hidden", "target"} <= set(by_level["code"])
    assert not {"gamma", "network.input", "optimizer.policy"} & set(by_level["code"])
    assert [d.path for d in found] == sorted((d.path for d in found), key=order)
    eta = next(d for d in found if d.path == "eta")
    assert eta.left is None  # the trust region finds it
    assert eta.right is not None


def order(path: str) -> int:
    """Where a path stands in the schema, by its longest prefix there."""
    return max((i for i, slot in enumerate(SCHEMA) if path == slot or path.startswith(f"{slot}.")), default=-1)


def test_a_parameter_alone() -> None:
    assert paths(row_of("mpo"), row_of("mpo", "pi_q.update.trust_region.kl=0.2")) == ["pi_q.update.trust_region.kl"]


def test_a_factor_stands_for_its_parameters() -> None:
    (found,) = differing(row_of("mpo"), row_of("mpo", "G.estimate=td(0, samples = 5)"))
    assert (found.path, found.factor, found.level) == ("G.estimate", True, "implementation")


def test_a_factor_whose_entry_is_the_same_shows_what_differs_below() -> None:
    """TD(0.95) and TD(0.5) are both TD(lambda) in the table."""
    (found,) = differing(row_of("awr"), row_of("awr", "G.estimate.lambda=0.5"))
    assert (found.path, found.factor) == ("G.estimate.lambda", False)


def test_a_replaced_constructor_stands_for_its_parameters() -> None:
    assert paths(row_of("sac"), row_of("sac", "optimizer.value=sgd(lr = 1e-2, momentum = 0.9)")) == ["optimizer.value"]


def test_a_path_of_one_side_only() -> None:
    row = row_of("sac")
    less = dataclasses.replace(row, leaves={path: leaf for path, leaf in row.leaves.items() if path != "gamma"})
    (found,) = differing(row, less)
    assert (found.path, found.right) == ("gamma", None)
    assert found.left == row.leaves["gamma"]


def test_names_docs_and_origins_do_not_count() -> None:
    row = row_of("sac")
    elsewhere = Origin("parent", "other", Span(Source("other.tx", "taxon 1"), 0, 5))
    moved = {path: Leaf(path, leaf.value, elsewhere, leaf.slot) for path, leaf in row.leaves.items()}
    renamed = Row("foo", "another text", moved)
    assert renamed == row
    assert row_hash(renamed) == row_hash(row)
    assert paths(row, renamed) == []
    assert canonical(renamed) != canonical(row)
    assert row_of("sac", "gamma=0.98") != row
    assert row_hash(row_of("sac", "gamma=0.98")) != row_hash(row)


def test_more_than_two_rows() -> None:
    found = {d.path: d for d in compare(row_of("sac"), row_of("sac_e"), row_of("sac_el")) if d.differs}
    norm = found["network.policy.layer_norm"]
    assert [leaf.value.base for leaf in norm.leaves if leaf is not None] == ["none", "none", "first"]
    assert (norm.left, norm.right) == (norm.leaves[0], norm.leaves[2])
    assert len(found) == 4
    assert not any(d.differs for d in compare(row_of("sac"), row_of("sac"), row_of("sac")))


def test_a_path_that_only_the_middle_row_has() -> None:
    (found,) = [d for d in compare(row_of("mpo"), row_of("awr"), row_of("mpo")) if d.path == "eta"]
    assert found.differs
    assert (found.left, found.right) == (None, None)


@pytest.mark.parametrize(
    ("levels", "line"),
    [
        ("", "same algorithm, same implementation, same code-level choices"),
        ("iccc", "same algorithm; 1 implementation and 3 code-level differences"),
        ("aaic", "2 algorithm, 1 implementation and 1 code-level differences"),
        ("c", "same algorithm, same implementation; 1 code-level difference"),
        ("i", "same algorithm, same code-level choices; 1 implementation difference"),
    ],
)
def test_the_verdict(levels: str, line: str) -> None:
    names = {"a": "algorithm", "i": "implementation", "c": "code"}
    found = [Difference("x", names[level], "x", (None, row_of("sac").leaves["gamma"])) for level in levels]
    assert verdict(found) == line
    assert sum(counts(found).values()) == len(levels)
