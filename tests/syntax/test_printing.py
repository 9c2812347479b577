"""A printed tree parses to itself."""

from __future__ import annotations

import pytest
import random_trees
from hypothesis import given, settings
from hypothesis import strategies as st

from taxon.diagnostics.source import Source
from taxon.syntax import literals, parse, printing
from taxon.syntax.tree import Algorithm, Assignment, File


@settings(max_examples=120, deadline=None)
@given(random_trees.files)
def test_a_printed_file_parses_to_the_same_tree(file: File) -> None:
    text = printing.file(file)
    parsed, findings = parse(Source("", text))
    assert not findings
    assert random_trees.without_places(parsed) == file
    assert printing.file(parsed) == text


@given(st.integers(-(10**38), 10**38) | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_exact(value: int | float) -> None:
    assert literals.number(printing.number(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_000_000, "1M"),
        (1_500_000, "1.5M"),
        (10_000, "10k"),
        (1_500, "1500"),
        (2048, "2048"),
        (0, "0"),
        (-3000, "-3k"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.99, "0.99"),
        (0.01, "0.01"),
        (1e-3, "1e-3"),
        (3e-4, "3e-4"),
        (1e-06, "1e-6"),
        (2.5e-05, "2.5e-5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e300, "1e300"),
    ],
)
def test_numbers_are_short(value: int | float, text: str) -> None:
    assert printing.number(value) == text


def test_aliases_are_printed_in_ascii() -> None:
    file, _ = parse(Source("", "taxon 1\nalgorithm a { π_q.λ = η * log(Q[π_p]) + std.γ }"))  # noqa: RUF001
    (algorithm,) = file.declarations
    assert isinstance(algorithm, Algorithm)
    (entry,) = algorithm.entries
    assert isinstance(entry, Assignment)
    assert entry.path.text == "pi_q.lambda"
    assert printing.expression(entry.value) == "eta * log(Q[pi_p]) + std.gamma"
