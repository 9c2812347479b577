"""Suggestions and the registry."""

from __future__ import annotations

import pytest

from taxon.diagnostics.model import Code
from taxon.diagnostics.registry import by_id
from taxon.diagnostics.suggest import did_you_mean, distance, nearest
from taxon.syntax import codes

CHOICES = ["relu", "elu", "tanh", "nonparametric", "trust_region"]


@pytest.mark.parametrize(
    ("left", "right", "steps"),
    [("", "abc", 3), ("abc", "", 3), ("abc", "acb", 1), ("relu", "elu", 1), ("kitten", "sitting", 3)],
)
def test_distance(left: str, right: str, steps: int) -> None:
    assert distance(left, right) == distance(right, left) == steps


@pytest.mark.parametrize(
    ("word", "meant"),
    [("rleu", "relu"), ("TANH", "tanh"), ("nonparametrik", "nonparametric"), ("non_param", None), ("x", None),
     ("trustregion", "trust_region"), ("gelu", "elu")],
)  # fmt: skip
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, CHOICES) == meant


def test_did_you_mean_lists_a_small_set() -> None:
    assert did_you_mean("tnah", ["tanh", "elu"]) == "did you mean `tanh`? one of `elu`, `tanh`"
    assert did_you_mean("zzz", ["tanh", "elu"]) == "one of `elu`, `tanh`"
    assert did_you_mean("zzz", [f"name{i}" for i in range(9)]) == ""
    assert did_you_mean("zzz", []) == ""


def test_registry() -> None:
    assert list(by_id(reversed(codes.CODES))) == sorted(code.id for code in codes.CODES)
    with pytest.raises(ValueError, match="TX001"):
        by_id([*codes.CODES, Code("TX001", "another", "")])


def test_every_syntax_code_is_listed() -> None:
    defined = {value for value in vars(codes).values() if isinstance(value, Code)}
    assert defined == set(codes.CODES)
