"""Studies are checked like specs."""

from __future__ import annotations

import pytest
from small_schema import SMALL_SCHEMA, Write, codes_of, no_rules

from taxon.semantics import check_file

GOOD = {
    "base": "base = a",
    "vary": "vary net.act in [relu, elu]",
    "more": "vary opt.a.rate in [1e-3, linear(1e-3, 0, 1M)]",
    "on": 'on = ["Hopper-v5"]',
    "seeds": "seeds = 10",
    "steps": "steps = 1M",
}


@pytest.mark.parametrize(
    ("key", "entry", "codes"),
    [
        ("base", "base = a", []),
        ("base", "base = b", ["TX101"]),
        ("base", "base = g", ["TX106"]),
        ("base", "base = 3", ["TX217"]),
        ("base", "base = std.nope", ["TX103"]),
        ("base", "", ["TX217"]),
        ("vary", "", []),
        ("vary", "vary net.act in [rellu, 3, elu]", ["TX205", "TX203"]),
        ("vary", "vary net.akt in [relu]", ["TX201"]),
        ("vary", "vary net in [relu]", ["TX202"]),
        ("vary", "vary net.act in []", ["TX217"]),
        ("vary", "vary net.act in [relu, relu]", ["TX217"]),
        ("vary", "vary opt.a.rate in [1, 2]", ["TX111"]),
        ("on", "on = []", ["TX217"]),
        ("on", "on = Hopper", ["TX217"]),
        ("on", 'on = ["A", "A", 3]', ["TX217", "TX217"]),
        ("seeds", "seeds = 0", ["TX204"]),
        ("seeds", "seeds = 1.5", ["TX203"]),
        ("steps", "steps = -1", ["TX204"]),
        ("steps", 'steps = "many"', ["TX203"]),
        ("steps", "stepps = 3, steps = 1", ["TX217"]),
        ("steps", "steps = 3, decay = 0.5", ["TX217"]),
        ("steps", "steps = 3, steps = 3", ["TX111"]),
    ],
)
def test_study(write: Write, key: str, entry: str, codes: list[str]) -> None:
    entries = "\n  ".join((GOOD | {key: entry}).values())
    path = write(f"architecture g {{ }}\nalgorithm a {{ method = plain }}\nstudy s {{\n  {entries}\n}}")
    assert codes_of(check_file(path, SMALL_SCHEMA, no_rules)) == codes
