"""Which environments a condition means."""

import pytest

from taxon.semantics.environments import matches


@pytest.mark.parametrize(
    ("environment", "pattern", "met"),
    [
        ("Ant-v4", "Ant-*", True),
        ("Ant-v4", "ant-*", False),
        ("dm_control/walker-walk", "walker-*", False),
        ("zoo:Ant-v4", "Ant-*", True),
        ("zoo:Ant-v4", "zoo:*", True),
        ("path/to/zoo.py:Ant-v4", "Ant-v4", True),
        ("path/to/zoo.py:Ant-v4", "zoo*", False),
    ],
)
def test_the_name_behind_the_colon_is_enough(environment, pattern, met):
    assert matches(environment, pattern) == met
