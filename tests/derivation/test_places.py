"""Where something stands in a module."""

from __future__ import annotations

from taxon.derivation.places import Module

TEXT = """LIMIT = 3

class Agent:
    def update(self):
        def loss(policy):
            cost = f(
                policy,
            )
            return cost

        weights = 1
        return loss

    def act(self):
        return weights
"""


def found(anchor: str) -> list[str]:
    return [str(place) for place in Module(TEXT).find(anchor)]


def test_statements_are_found_with_all_their_lines() -> None:
    assert found("LIMIT") == ["module 1"]
    assert found("cost") == ["update.loss 6-8"]
    assert found("weights") == ["update 11"]
    assert found("loss") == ["update.loss 5-9"]


def test_a_name_may_stand_in_a_function() -> None:
    assert found("return") == ["update.loss 9", "update 12", "act 15"]
    assert found("act: return") == ["act 15"]
    assert found("init: return") == []


def test_only_what_a_statement_assigns_counts() -> None:
    assert found("policy") == []
    assert found("f") == []
