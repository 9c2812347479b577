"""What tools show of a spec: its leaves, and what sets it apart from its parent."""

from pathlib import Path

import pytest

from taxon.cli.specs.loading import load
from taxon.cli.specs.tracking import difference_to_parent, leaves
from taxon.runtime.environments.recipe import Recipe
from taxon.semantics.parents import parent_of

CHILD = """taxon 1
import "mine.tx"

/// A child.
algorithm child extends mine {
  network { activation = elu }
}
"""
MINE = """taxon 1

/// A variant.
algorithm mine extends std.sac {
  optimizer.policy.lr = 1e-4
}

/// A second one.
algorithm other extends mine {
  data.batch = 128
}
"""
ENVIRONMENT = Recipe("Pendulum-v1")


@pytest.fixture
def child(tmp_path: Path) -> Path:
    (tmp_path / "mine.tx").write_text(MINE)
    (tmp_path / "child.tx").write_text(CHILD)
    return tmp_path / "child.tx"


def test_a_parent_is_named_as_it_can_be_loaded(child: Path) -> None:
    mine = parent_of(child)
    assert mine is not None
    assert load(mine).name == "mine"
    sac = parent_of(mine)
    assert sac is not None
    assert load(sac).hash == load("sac").hash
    assert parent_of(f"{child.parent / 'mine.tx'}:other") == mine
    assert parent_of("sac") is None
    assert parent_of(child.parent / "mine.tx") is None  # it has two
    assert parent_of("no_such_spec") is None


def test_texts_stand_for_files(child: Path) -> None:
    unsaved = CHILD.replace("extends mine", "extends other")
    found = parent_of(child, {child.resolve(): unsaved})
    assert found is not None
    assert load(found).name == "other"


def test_what_sets_a_row_apart(child: Path) -> None:
    row = load(str(child)).row
    lines = difference_to_parent(str(child), row, ENVIRONMENT, changed=False).splitlines()
    assert lines == [
        "mine -> child: same algorithm, same implementation; 2 code-level differences",
        "network.policy.activation: relu -> elu",
        "network.value.activation: relu -> elu",
    ]
    changed = load(str(child), ["optimizer.policy.lr = 1e-3"]).row
    assert "optimizer.policy.lr: 1e-4 -> 1e-3" in difference_to_parent(str(child), changed, ENVIRONMENT, changed=True)


def test_a_row_without_a_parent_is_apart_from_its_spec_where_it_was_changed() -> None:
    row = load("sac", ["data.batch = 64"], ENVIRONMENT).row
    text = difference_to_parent("sac", row, ENVIRONMENT, changed=True)
    assert text.splitlines()[1:] == ["data.batch: 256 -> 64"]
    assert difference_to_parent("sac", load("sac").row, ENVIRONMENT, changed=False) == ""


def test_the_leaves_have_their_values() -> None:
    found = leaves(load("sac").row)
    assert found["pi_q"] == "pi_theta"
    assert found["data.batch"] == "256"
    assert all(isinstance(value, str) for value in found.values())
