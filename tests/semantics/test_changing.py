"""`+ modifier` and `- modifier`: what else the base says at the path stays."""

from __future__ import annotations

import pytest
from small_schema import SMALL_SCHEMA, Write, codes_of, no_rules

from taxon.semantics import leaf_text, load_study
from taxon.semantics.checking import check_file


def study(level: str, path: str = "method") -> str:
    return f'study s {{ base = a, vary {path} in [{level}], on = ["E"], seeds = 1, steps = 1 }}'


@pytest.mark.parametrize(
    ("base", "level", "leaves"),
    [
        ("method = plain", "+ twice", {"method": "plain + twice"}),
        ("method = plain", "+ bounded", {"method": "plain + bounded", "method.bounded.by": "1"}),
        ("method = plain", "+ bounded(by = 2)", {"method": "plain + bounded", "method.bounded.by": "2"}),
        ("method = plain + bounded(by = 3)", "+ bounded", {"method": "plain + bounded", "method.bounded.by": "3"}),
        (
            "method = plain + bounded(by = 3)",
            "+ bounded(by = 2)",
            {"method": "plain + bounded", "method.bounded.by": "2"},
        ),
        ("method = plain + bounded(by = 3)", "- bounded", {"method": "plain"}),
        ("method = plain + bounded(by = 3)", "- twice", {"method": "plain + bounded", "method.bounded.by": "3"}),
        ("method = plain + bounded(by = 3)", "- bounded + twice", {"method": "plain + twice"}),
        (
            "method = heated(power = 7) + twice",
            "- twice",
            {"method": "heated", "method.power": "7", "method.even": "false", "method.heat": "1"},
        ),
        ("method = Q[pi_p]", "+ twice", {"method": "Q[pi_p] + twice"}),
    ],
)
def test_a_change(write: Write, base: str, level: str, leaves: dict[str, str]) -> None:
    found = load_study(write(f"algorithm a {{ {base} }}\n{study(level)}"), None, SMALL_SCHEMA, no_rules)
    assert found.study is not None, codes_of(found.diagnostics)
    row = found.study.cells[0].row
    assert row is not None
    assert {path: leaf_text(leaf.value) for path, leaf in row.leaves.items() if path.startswith("method")} == leaves


def test_a_default_is_changed_where_it_stands(write: Write) -> None:
    text = f"algorithm a {{ method = plain }}\n{study('+ clip(norm = 2)', 'opt.b')}"
    found = load_study(write(text), None, SMALL_SCHEMA, no_rules).study
    assert found is not None
    row = found.cells[0].row
    assert row is not None
    shown = {path: leaf_text(leaf.value) for path, leaf in row.leaves.items() if path.startswith("opt.b")}
    assert shown == {"opt.b": "adam + clip", "opt.b.rate": "0.5", "opt.b.decay": "0", "opt.b.clip.norm": "2"}


@pytest.mark.parametrize(
    ("level", "path", "code"),
    [
        ("+ twicee", "method", "TX205"),
        ("+ plain", "method", "TX205"),
        ("- bounded(by = 2)", "method", "TX209"),
        ("+ bounded(of = 2)", "method", "TX206"),
        ("+ bounded(by = -1)", "method", "TX204"),
        ("+ twice - twice", "method", "TX213"),
        ("+ twice", "decay", "TX205"),
        ("+ twice, + twice", "method", "TX217"),
    ],
)
def test_a_change_that_is_none(write: Write, level: str, path: str, code: str) -> None:
    found = check_file(write(f"algorithm a {{ method = plain }}\n{study(level, path)}"), SMALL_SCHEMA, no_rules)
    assert codes_of(found) == [code]


def test_a_change_belongs_in_a_study(write: Write) -> None:
    (found,) = check_file(write("algorithm a { method = + twice }"), SMALL_SCHEMA, no_rules)
    assert found.code.id == "TX203"
    assert "a study's `vary`" in found.help
