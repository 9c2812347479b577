"""Rows: defaults, what applies, what is open, and what is said once."""

from __future__ import annotations

import pytest
from small_schema import SMALL_SCHEMA, Load, Write, codes_of, no_rules

from taxon.diagnostics.model import Code, Diagnostic, Severity
from taxon.semantics import check_file, load_spec
from taxon.taxonomy.schema import Row

PROBE = Code("TX399", "probe", "")
HINT = Code("TX599", "hint", "", Severity.WARNING)


def test_leaves_stand_in_the_order_of_the_schema_and_shared_paths_are_none(load: Load) -> None:
    row = load("algorithm x { net.act = elu, method = heated(power = 2) + bounded }").row
    assert row is not None
    assert list(row.leaves)[:5] == ["method", "method.power", "method.even", "method.bounded.by", "method.heat"]
    assert "net.act" not in row


def test_what_does_not_apply_is_dropped_with_all_below(load: Load) -> None:
    row = load("algorithm x { method = plain }").row
    assert row is not None
    assert not [path for path in row.leaves if path.startswith(("opt.hot", "method.heat"))]


def test_a_setting_without_effect_is_an_error(load: Load) -> None:
    found = load("algorithm x { method = plain, method.heat = 2, opt.hot.rate = 3 }")
    assert codes_of(found) == ["TX210", "TX210"]
    assert [d.message for d in found.diagnostics] == [
        "`method.heat` has no effect: nothing is heated",
        "`opt.hot.rate` has no effect: nothing is heated",
    ]
    assert found.diagnostics[0].help == "remove it"


def test_an_inherited_one_is_taken_back_by_unset(load: Load) -> None:
    parent = "algorithm p { method = heated(power = 2), opt.hot = sgd(rate = 3, momentum = 0.5) }\n"
    found = load(parent + "algorithm x extends p { method = plain }")
    assert codes_of(found) == ["TX210"]
    assert "unset opt.hot" in found.diagnostics[0].help
    assert load(parent + "algorithm x extends p { method = plain, unset opt.hot }").row is not None


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("method.heat = 1", None),
        ("method.heat = 2", "TX210"),
        ("opt.hot = sgd", None),
        ("opt.hot = sgd(rate = 0.1)", None),
        ("opt.hot = sgd(rate = 0.2)", "TX210"),
        ("opt.hot = sgd + clip", "TX210"),
        ("opt.hot = adam", "TX210"),
        ("opt.hot.momentum = 0", None),
        ("opt.hot.momentum = 0.5", "TX210"),
    ],
)
def test_an_inherited_default_is_no_setting_without_effect(load: Load, said: str, code: str | None) -> None:
    """The parent's row is the same whether it spells a default out or leaves it, so an heir is accepted alike. What
    the heir itself says is its author's to remove."""
    parent = f"algorithm p {{ method = heated(power = 2), {said} }}\n"
    assert codes_of(load(parent + "algorithm x extends p { method = plain }")) == ([] if code is None else [code])
    assert codes_of(load(f"algorithm x {{ method = plain, {said} }}")) == ["TX210"]
    mixin = f"architecture m {{ {said} }}\n"
    assert codes_of(load(mixin + "algorithm x with m { method = plain }")) == ([] if code is None else [code])


def test_an_open_factor_names_the_path_what_it_takes_and_an_example(load: Load) -> None:
    (found,) = load("algorithm x { }").diagnostics
    assert found.code.id == "TX214"
    assert "`method`" in found.message
    assert "`method = plain`" in found.help


def test_a_missing_parameter_is_asked_for_at_its_constructor(load: Load) -> None:
    (found,) = load("algorithm x { method = heated }").diagnostics
    assert found.code.id == "TX208"
    assert found.primary is not None
    assert found.primary.text == "heated"
    assert load("algorithm x { method = heated, method.power = 3 }").row is not None


def test_an_error_hides_what_would_follow_from_it(load: Load) -> None:
    assert codes_of(load("algorithm x { method = heatd(power = 2), method.heat = 2, method.power = 3 }")) == ["TX205"]
    assert codes_of(load("algorithm x { decay = 7 }")) == ["TX214", "TX204"]
    assert codes_of(load("algorithm x { method = \n method.heat = 2 }")) == ["TX001"]


def test_rules_are_asked_of_whole_rows_only(write: Write) -> None:
    asked: list[str] = []

    def rules(row: Row) -> list[Diagnostic]:
        asked.append(row.name)
        return [Diagnostic(HINT, "careful"), *([Diagnostic(PROBE, "refused")] if row["decay"] == 0 else [])]

    path = write("algorithm a { method = plain }\nalgorithm b { }\nalgorithm c { method = plain, decay = 0 }")
    assert codes_of(check_file(path, SMALL_SCHEMA, rules)).count("TX399") == 1
    assert asked == ["a", "c"]
    fine = load_spec(f"{path}:a", schema=SMALL_SCHEMA, rules=rules)
    assert (fine.row is not None, codes_of(fine)) == (True, ["TX599"])
    assert load_spec(f"{path}:c", schema=SMALL_SCHEMA, rules=rules).row is None


def test_an_heir_repeats_nothing_that_is_said_of_its_parent(write: Write) -> None:
    text = (
        "algorithm a { method.heat = 2, decay = 7 }\n"
        "algorithm b extends a { }\n"
        "algorithm c extends b { method = plain }"
    )
    assert codes_of(check_file(write(text), SMALL_SCHEMA, no_rules)) == ["TX214", "TX204"]
    text = "algorithm a { method = plain, method.heat = 2 }\nalgorithm b extends a { decay = 0.5 }"
    assert codes_of(check_file(write(text), SMALL_SCHEMA, no_rules)) == ["TX210"]


def test_every_declaration_of_a_file_is_checked_in_order(write: Write) -> None:
    path = write(
        "architecture g { decay = 7 }\nstudy s { }\nalgorithm a with g { method = plin }\narchitecture h { nope = 1 }"
    )
    found = check_file(path, SMALL_SCHEMA, no_rules)
    assert codes_of(found) == ["TX204", "TX217", "TX217", "TX217", "TX217", "TX205", "TX201"]
    assert check_file(path, SMALL_SCHEMA, no_rules) == found


def test_paths(load: Load) -> None:
    found = load(
        "algorithm x { method = plain, net.a.akt = relu, net = relu, norm = true, opt.a.adam = 1, opt.a.clip = 2\n"
        " nett { a.act = relu, b.act = elu } }"
    )
    assert codes_of(found) == ["TX201", "TX202", "TX201", "TX201", "TX202", "TX201"]
    by_text = {d.primary.text: d for d in found.diagnostics if d.primary is not None}
    assert by_text["akt"].help == "did you mean `net.a.act`?"
    assert "`net.a.norm`" in by_text["norm"].help
