"""taxon list: what ships."""

from __future__ import annotations

import json

import pytest
from program import taxon

from taxon.cli.commands.list_ import first_sentence
from taxon.semantics import load_spec
from taxon.semantics.loading import shipped_names


def test_every_shipped_algorithm_is_listed_and_nothing_else() -> None:
    listed = json.loads(taxon("list", "--json").stdout)
    assert listed["format_version"] == 1
    assert [each["name"] for each in listed["algorithms"]] == [
        name for name in shipped_names() if load_spec(name).row is not None
    ]
    assert all(each["doc"] for each in (*listed["algorithms"], *listed["architectures"]))


def test_architectures_stand_apart() -> None:
    called = taxon("list")
    assert called.exit_code == 0
    algorithms, *architectures = called.stdout.split("\n\n")
    names = [line.split()[0] for line in algorithms.splitlines()]
    assert "sac" in names
    assert "sac_net" not in names
    assert "  sac_net " in architectures[0]
    assert architectures[0].startswith("architectures, with `import std.architectures`\n")


@pytest.mark.parametrize(
    ("doc", "first"),
    [
        ("One. Two.", "One"),
        ("One\nline. Two.", "One line"),
        ("As Furuta et al. Table 1 has it. Two.", "As Furuta et al. Table 1 has it"),
        ("With tau = 0.5 and more. Two.", "With tau = 0.5 and more"),
        ("No end", "No end"),
        ("", ""),
    ],
)
def test_the_first_sentence(doc: str, first: str) -> None:
    assert first_sentence(doc) == first
