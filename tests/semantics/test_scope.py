"""Files, imports and names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_schema import SMALL_SCHEMA, Write, codes_of, no_rules

from taxon.diagnostics.model import Diagnostic
from taxon.semantics import check_file, load_spec


def check(path: Path) -> list[Diagnostic]:
    return check_file(path, SMALL_SCHEMA, no_rules)


def test_names_of_direct_and_indirect_imports_are_visible(write: Write) -> None:
    write("algorithm a { method = plain }", "deep/a.tx")
    write('import "deep/a.tx"\narchitecture g { decay = 0.5 }', "b.tx")
    path = write('import "../b.tx"\nalgorithm c extends a with g { }', "sub/c.tx")
    assert check(path) == []
    row = load_spec(str(path), schema=SMALL_SCHEMA, rules=no_rules).row
    assert row is not None
    assert row["decay"] == 0.5


def test_a_file_imported_along_two_ways_is_one_file(write: Write, tmp_path: Path) -> None:
    write("algorithm a { method = plain }", "a.tx")
    (tmp_path / "link.tx").symlink_to("a.tx")
    write('import "a.tx"', "b.tx")
    assert check(write('import "a.tx"\nimport "b.tx"\nimport "link.tx"\nalgorithm c extends a { }', "c.tx")) == []


def test_a_name_declared_twice_labels_both(write: Write) -> None:
    (found,) = check(write("algorithm a { method = plain }\narchitecture a { decay = 0.5 }"))
    assert found.code.id == "TX102"
    assert [label.span.text for label in found.labels] == ["a", "a"]


def test_a_name_of_two_imports_is_reported_where_they_meet_and_once(write: Write) -> None:
    write("algorithm a { method = plain }", "one.tx")
    write("algorithm a { method = plain }", "two.tx")
    middle = write('import "one.tx"\nimport "two.tx"', "middle.tx")
    path = write(f'import "{middle.name}"', "top.tx")
    found = check(path)
    assert codes_of(found) == ["TX102"]
    assert len(found[0].labels) == 3


@pytest.mark.parametrize("clause", ["extends basse", "with groop"])
def test_an_unknown_name_suggests_the_meant_one(write: Write, clause: str) -> None:
    path = write(
        f"algorithm base {{ method = plain }}\narchitecture group {{ }}\nalgorithm x {clause} {{ method = plain }}"
    )
    (found,) = check(path)
    assert found.code.id == "TX101"
    assert found.edit is not None
    assert found.edit.replacement in ("base", "group")


def test_another_kind_of_declaration(write: Write) -> None:
    found = check(
        write(
            "architecture g { }\n"
            "algorithm a { method = plain }\n"
            "algorithm x extends g { method = plain }\n"
            "algorithm y with a { method = plain }"
        )
    )
    assert codes_of(found) == ["TX106", "TX106"]


def test_a_missing_import_suggests_a_sibling_and_silences_what_it_would_have_named(write: Write) -> None:
    write("algorithm a { method = plain }", "parent.tx")
    (found,) = check(write('import "parnt.tx"\nalgorithm x extends a { }'))
    assert found.code.id == "TX103"
    assert found.edit is not None
    assert found.edit.replacement == '"parent.tx"'


@pytest.mark.parametrize("target", ["/etc/hostname", "", ".", "no/such.tx", "a\\tb" * 2000, "nul\\\\0.tx"])
def test_what_is_no_file_to_import(write: Write, target: str) -> None:
    assert codes_of(check(write(f'import "{target}"'))) == ["TX103"]


def test_pipes_and_loops_of_links_are_no_files(write: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tx")
    (tmp_path / "loop.tx").symlink_to("loop.tx")
    assert codes_of(check(write('import "pipe.tx"\nimport "loop.tx"'))) == ["TX103", "TX103"]


def test_an_import_cycle_shows_the_chain_once(write: Write) -> None:
    write('import "b.tx"\nalgorithm a extends c { }', "a.tx")
    write('import "c.tx"', "b.tx")
    path = write('import "a.tx"\nalgorithm c { method = plain }', "c.tx")
    (found,) = check(path)
    assert found.code.id == "TX104"
    assert found.notes[0].count("->") == 3


def test_a_file_that_imports_itself(write: Write) -> None:
    assert codes_of(check(write('import "spec.tx"\nalgorithm a { method = plain }'))) == ["TX104"]


def test_an_inheritance_cycle_is_reported_once_and_poisons_its_heirs(write: Write) -> None:
    path = write(
        "algorithm a extends b { }\n"
        "algorithm b extends c { }\n"
        "algorithm c extends a { }\n"
        "algorithm d extends a { }\n"
        "algorithm e extends e { }"
    )
    found = check(path)
    assert codes_of(found) == ["TX105", "TX105"]
    assert found[0].notes == ("a -> b -> c -> a",)
    assert load_spec(f"{path}:d", schema=SMALL_SCHEMA, rules=no_rules).row is None


def test_shipped_specs_are_named_with_and_without_an_import(write: Write) -> None:
    path = write(
        "import std.sac\n"
        "algorithm x extends sac { }\n"
        "algorithm y extends std.awr { }\n"
        "algorithm z extends std.mpo with std.architectures.awr_net { }"
    )
    assert [d for d in check_file(path) if d.code.id < "TX3"] == []


@pytest.mark.parametrize(
    ("clause", "code"),
    [("extends std.sacc", "TX103"), ("extends std", "TX101"), ("with std.architectures.nett", "TX101")],
)
def test_unknown_shipped_names(write: Write, clause: str, code: str) -> None:
    assert codes_of(check_file(write(f"algorithm x {clause} {{ }}"))) == [code]


class TestNamingASpec:
    def test_by_path_by_name_and_shipped(self, write: Write) -> None:
        path = write("algorithm a { method = plain }\nalgorithm b { method = plain, decay = 0.5 }")
        row = load_spec(f"{path}:b", schema=SMALL_SCHEMA, rules=no_rules).row
        assert row is not None
        assert (row.name, row["decay"]) == ("b", 0.5)
        shipped = load_spec("mpo").row
        assert shipped is not None
        assert shipped.name == "mpo"
        assert load_spec("std.mpo").row == shipped

    def test_which_algorithm(self, write: Write) -> None:
        path = write("algorithm a { method = plain }\nalgorithm b { method = plain }")
        found = load_spec(path, schema=SMALL_SCHEMA, rules=no_rules)
        assert codes_of(found) == ["TX114"]
        assert f"{path}:b" in found.diagnostics[0].help
        assert codes_of(load_spec(f"{path}:c", schema=SMALL_SCHEMA, rules=no_rules)) == ["TX113"]
        assert codes_of(load_spec(write("architecture g { }"), schema=SMALL_SCHEMA, rules=no_rules)) == ["TX114"]

    def test_no_such_spec(self, tmp_path: Path) -> None:
        (found,) = load_spec("mpoo").diagnostics
        assert (found.code.id, found.help) == ("TX113", "did you mean `mpo`?")
        for name in (tmp_path / "no.tx", tmp_path, "a\0b", "x" * 10_000, ""):
            resolution = load_spec(name)
            assert resolution.row is None
            assert len(resolution.diagnostics) == 1
