"""Rows found by their levels, orders of ladders, and power."""

from __future__ import annotations

import itertools

import pytest

from taxon.studies.statistics.comparison import Comparison, weights
from taxon.studies.statistics.designs import effect, interaction
from taxon.studies.statistics.errors import StatisticsError
from taxon.studies.statistics.ladders import admissible, contributions, ends
from taxon.studies.statistics.power import INTERACTION, SIMPLE, power, required, table

BASES, DOUBLE, NETS = ("kl", "em"), ("off", "on"), ("small", "large")
ROWS = {
    f"{base}_{double}_{net}": {"base": base, "double": double, "net": net}
    for base, double, net in itertools.product(BASES, DOUBLE, NETS)
}


def test_a_simple_effect_is_the_second_level_less_the_first() -> None:
    found = effect(ROWS, "double", DOUBLE, {"base": "kl", "net": "large"})
    assert found == (Comparison("kl_on_large", "kl_off_large", 1.0, "kl, large"),)
    assert weights(found) == {"kl_on_large": 1, "kl_off_large": -1}


def test_a_main_effect_averages_over_the_other_levels() -> None:
    found = weights(effect(ROWS, "double", DOUBLE))
    assert found == {row: (0.25 if "_on_" in row else -0.25) for row in ROWS}


def test_an_interaction_is_the_difference_of_the_effects() -> None:
    found = weights(interaction(ROWS, "double", DOUBLE, "base", BASES, {"net": "small"}))
    assert found == {"kl_on_small": 1, "kl_off_small": -1, "em_on_small": -1, "em_off_small": 1}
    averaged = weights(interaction(ROWS, "double", DOUBLE, "base", BASES))
    assert averaged["kl_on_small"] == averaged["kl_on_large"] == 0.5


def test_a_row_without_its_partner_is_left_out() -> None:
    """Else the main effect would compare means over different bases."""
    rows = {row: levels for row, levels in ROWS.items() if row != "em_on_small"}
    found = effect(rows, "double", DOUBLE)
    assert len(found) == 3
    assert "em_off_small" not in weights(found)


def test_no_pair_is_refused() -> None:
    with pytest.raises(StatisticsError, match="differ in double alone"):
        effect(ROWS, "double", ("off", "never"))


def test_orders() -> None:
    assert [*admissible("abc")] == [*itertools.permutations("abc")]
    assert [*admissible("ab", {frozenset("a"), frozenset("b")})] == []


def test_rungs_of_one_walk() -> None:
    found = contributions(["ba"])
    assert found == {
        "b": (Comparison(frozenset("b"), frozenset(), 1.0, ""),),
        "a": (Comparison(frozenset("ab"), frozenset("b"), 1.0, "b"),),
    }


def test_contributions_add_up_to_the_whole_difference() -> None:
    """Whatever the orders are: each walk goes from the first row to the last."""
    orders = ["abcd", "bdca", "dcba"]
    total = weights([rung for rungs in contributions(orders).values() for rung in rungs])
    assert total == {frozenset("abcd"): pytest.approx(1), frozenset(): pytest.approx(-1)}


@pytest.mark.parametrize("orders", [[], ["ab", "a"], ["ab", "aa"], ["ab", "abc"]])
def test_refused_orders(orders) -> None:
    with pytest.raises(StatisticsError, match="order"):
        contributions(orders)


def test_the_cheap_bracket() -> None:
    every = frozenset("abc")
    found = ends("abc", {frozenset("b"), frozenset("ab")})
    assert found["a"] == (
        Comparison(frozenset("a"), frozenset(), 0.5, "first"),
        Comparison(every, frozenset("bc"), 0.5, "last"),
    )
    assert found["b"] == (Comparison(every, frozenset("ac"), 1.0, "last"),)
    assert found["c"] == (Comparison(frozenset("c"), frozenset(), 1.0, "first"),)


# ---- power


def test_the_printed_table() -> None:
    assert [*table()["simple effect"].values()] == [64, 29, 17, 9, 6]
    assert [*table()["interaction"].values()] == [127, 57, 32, 15, 9]


@pytest.mark.parametrize("cells", [SIMPLE, INTERACTION])
@pytest.mark.parametrize("ratio", [0.3, 0.5, 1.0, 1.5, 2.0, 5.0, -1.0])
def test_required_seeds_are_the_fewest(ratio: float, cells: int) -> None:
    n = required(ratio, cells)
    assert power(ratio, n, cells) >= 0.8
    assert n == 3 or power(ratio, n - 1, cells) < 0.8


def test_the_power_of_nothing_is_alpha() -> None:
    assert power(0.0, 10, SIMPLE, 0.01) == pytest.approx(0.01)
    with pytest.raises(StatisticsError, match="other than 0"):
        required(0.0)
