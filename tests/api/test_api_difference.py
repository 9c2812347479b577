"""Differences and derivations, as programs and notebooks read them."""

from __future__ import annotations

import pytest
from cli.program import taxon as command

import taxon


def test_it_says_what_the_command_line_says() -> None:
    import json

    found = taxon.diff("sac", "mpo")
    said = json.loads(command("diff", "sac", "mpo", "--json").stdout)
    assert found.verdict == said["verdict"]
    assert [(each.path, each.level, each.left, each.right) for each in found] == [
        (
            each["path"],
            each["level"],
            *("-" if side is None else side["value"] for side in (each["left"], each["right"])),
        )
        for each in said["differences"]
    ]
    assert [None if each.left_origin is None else str(each.left_origin) for each in found] == [
        None if each["left"] is None else each["left"]["origin"] for each in said["differences"]
    ]


def test_equal_specs_do_not_differ() -> None:
    spec = taxon.load("sac")
    same = taxon.diff(spec, spec.extend(name="other"))
    assert not same
    assert (len(same), list(same)) == (0, [])
    assert str(same).splitlines()[0] == "sac -> other"


def test_one_value() -> None:
    spec = taxon.load("sac")
    (found,) = taxon.diff(spec, spec.set("gamma", 0.9))
    assert (found.path, found.level, found.left, found.right) == ("gamma", "code", "0.99", "0.9")
    assert str(found.right_origin) == "set()"
    difference = taxon.diff(spec, spec.set("gamma", 0.9))
    assert "- 0.99" in str(difference)
    assert "+ 0.9" in str(difference)
    shown = difference._repr_html_()
    assert "0.99</code>" in shown
    assert "background" in shown


def test_what_is_no_spec() -> None:
    with pytest.raises(taxon.SpecError, match="did you mean `sac`"):
        taxon.diff("sca", "mpo")
    with pytest.raises(taxon.Error, match="int names no spec"):
        taxon.diff("sac", 3)  # type: ignore[arg-type]


def test_a_derivation_is_what_the_command_line_prints() -> None:
    found = taxon.load("mpo").derive()
    assert str(found).rstrip("\n") == command("derive", "mpo").stdout.rstrip("\n")
    assert found.markdown.rstrip("\n") == command("derive", "mpo", "--format", "markdown").stdout.rstrip("\n")
    assert found.latex.rstrip("\n") == command("derive", "mpo", "--format", "latex").stdout.rstrip("\n")
    assert found._repr_markdown_() == found.markdown
    assert len(found) == len(list(found)) == len(found.steps)
    assert all(step.title and step.text and step.source for step in found)
    module = taxon.load("mpo").emit().splitlines()
    assert all(int(place.rpartition(" ")[2].partition("-")[0]) <= len(module) for step in found for place in step.code)
    assert "mpo" in repr(found)
