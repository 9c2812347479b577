"""One text and one hash for one row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from small_schema import SMALL_SCHEMA, Load, no_rules
from strategies import hybrids_text, rows_text

from taxon.data import specs_dir
from taxon.semantics import canonical, load_spec, row_hash
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.schema import Row, Slot


def resolved(text: str, schema: dict[str, Slot]) -> Row:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.tx"
        path.write_text(text, encoding="utf-8")
        found = load_spec(path, schema=schema, rules=no_rules)
    assert found.row is not None, text + "\n".join(d.message for d in found.diagnostics)
    return found.row


@pytest.mark.parametrize("schema", [SMALL_SCHEMA, SCHEMA], ids=["small", "real"])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_canonical_text_of_any_row_resolves_to_that_row(schema: dict[str, Slot], data: st.DataObject) -> None:
    row = resolved(data.draw(rows_text(schema)), schema)
    text = canonical(row, schema=schema)
    again = resolved(text, schema)
    assert again == row
    assert list(again.leaves) == list(row.leaves)
    assert canonical(again, schema=schema) == text
    assert row_hash(again, schema) == row_hash(row, schema)
    assert all(leaf.origin.layer == "spec" or leaf.path not in schema for leaf in again.leaves.values())


@pytest.mark.parametrize("name", sorted(path.stem for path in specs_dir().glob("*.tx") if path.stem != "architectures"))
def test_the_shipped_specs(name: str) -> None:
    row = load_spec(name, rules=no_rules).row
    assert row is not None
    assert resolved(canonical(row), SCHEMA) == row


def test_a_name_and_a_doc_change_nothing_but_themselves(load: Load) -> None:
    one = load("/// One.\nalgorithm x { method = plain }").row
    other = load("/// Another\n///\n/// text.\nalgorithm x { method = plain(), decay = 0.99 }").row
    assert one is not None
    assert other is not None
    assert one == other
    assert row_hash(one, SMALL_SCHEMA) == row_hash(other, SMALL_SCHEMA)
    renamed = canonical(replace(one, name="y"), SMALL_SCHEMA)
    assert renamed == canonical(one, SMALL_SCHEMA).replace("algorithm x", "algorithm y")


def test_any_leaf_changes_the_hash(load: Load) -> None:
    texts = [
        "decay = 0.5",
        "decay = 0.25",
        "net.a.act = elu",
        "net.a.widths = [8, 8]",
        "opt.a = adam + clip",
        "opt.a.rate = 1",
    ]
    rows = [load(f"algorithm x {{ method = plain, {text} }}").row for text in texts]
    assert len({row_hash(row, SMALL_SCHEMA) for row in rows if row is not None}) == len(texts)


def test_the_text(load: Load) -> None:
    row = load(
        "/// Doc.\n"
        "algorithm x { method = bounded(by = 2) + heated(1k), opt.a.rate = linear(3e-4, 0, 1M), net.a.norm = true }"
    ).row
    assert row is not None
    text = canonical(row, schema=SMALL_SCHEMA)
    assert text.startswith(
        "taxon 1\n\n/// Doc.\nalgorithm x {\n  # algorithm\n"
        "  method = heated(power = 1k, even = false) + bounded(by = 2)\n"
        "  # implementation\n"
        "  method.heat = 1\n"
        "  # code\n"
    )
    assert "  net.a.norm = first\n" in text
    assert "  opt.a = adam(rate = linear(start = 3e-4, end = 0, over = 1M), decay = 0)\n" in text


@given(text=hybrids_text(["mpo", "awr", "awac", "sac"]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_the_canonical_text_of_an_heir_stands_alone(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.tx"
        path.write_text(text, encoding="utf-8")
        row = load_spec(path, rules=no_rules).row
    assume(row is not None)
    assert row is not None
    assert resolved(canonical(row), SCHEMA) == row
