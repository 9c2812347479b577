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


CLAIMS = GOOD | {
    "base": "base = [a, c]",
    "vary": "vary act = net.act in [relu, elu]",
    "more": "vary net.a.norm in [none, first]",
    "on": 'on = ["Hopper-v5", "Ant-v5"]',
}


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("claim k = main(act, above = 0)", []),
        ("claim k = main(net.a.norm, base = a, below = -1)", []),
        ("claim k = main(act, levels = [elu, relu], within = 1)", []),
        ("claim k = interaction(act, base, net.a.norm, above = 0)", []),
        ("claim k = effect(act, base = a, above = 0)", ["TX223"]),
        ("claim k = effect(above = 0)", ["TX223"]),
        ("claim k = main(act)", ["TX223"]),
        ("claim k = main(act, above = 0, below = 0)", ["TX223"]),
        ("claim k = main(act, above = relu)", ["TX203"]),
        ("claim k = main(act, within = 0)", ["TX204"]),
        ("claim k = main(ackt, above = 0)", ["TX221"]),
        ("claim k = main(act, base = b, above = 0)", ["TX221"]),
        ("claim k = main(act, bass = a, above = 0)", ["TX221"]),
        ("claim k = main(act, act = relu, above = 0)", ["TX223"]),
        ("claim k = main(act, levels = [relu, relu], above = 0)", ["TX223"]),
        ("claim k = main(act, levels = [relu], above = 0)", ["TX223"]),
        ("claim k = main(act, levels = [relu, tanh], above = 0)", ["TX221"]),
        ("claim k = main(act, base = a, base = c, above = 0)", ["TX223"]),
        ("claim k = main(act, act, above = 0)", ["TX223"]),
        ("claim k = total(above = 0)", ["TX223"]),
        ("claim k = mane(act, above = 0)", ["TX223"]),
        ("claim k = act", ["TX223"]),
        ("claim k = main(act, above = 0), claim k = main(base, above = 0)", ["TX111"]),
        ("score = best, claim k = main(act, above = 0)", ["TX225"]),
        ("exclude { base = a, act = elu }, claim k = main(act, above = 0)", ["TX224"]),
        ("exclude { base = a, act = elu }, claim k = main(act, base = c, above = 0)", []),
        ("exclude { base = a, bet = elu }", ["TX221"]),
        ("exclude { base = a, base = c }", ["TX111"]),
        ("exclude { base = a }, exclude { base = c }", ["TX217"]),
        ('when env = "Ant-*" { steps = 2 }, when env = "*" { steps = 3 }', ["TX110"]),
        ('when env = "Ant-*" { steps = 2 }, when env = "*" { steps = 2 }', []),
        ("when env = 3 { steps = 2 }", ["TX216"]),
        ('when env = "*" { steps = 2, steps = 3 }', ["TX111"]),
        ('scale = { "Hopper-v5" = [1, 2] }', ["TX217"]),
        ('scale = { "Hopper-v5" = [1, 2], "Ant-v5" = [1, 1] }', ["TX217"]),
        ('scale = { "Hopper-v5" = [1, 2], "Hopper-v5" = [1, 2], "Ant-v5" = 3 }', ["TX217", "TX217"]),
        ("scale = 3", ["TX217"]),
        ("vary levels = decay in [0.5]", ["TX217"]),
        ("vary base = decay in [0.5]", ["TX111"]),
        ("vary n with [g, h]", []),
        ("vary n with [g, g]", ["TX217"]),
        ("vary n with [g, a]", ["TX106"]),
        ("vary n with [g, 3]", ["TX217"]),
        ("vary n with []", ["TX217"]),
        ("vary act with [g]", ["TX111"]),
        ("ladder = walk(a, c)", ["TX217", "TX217", "TX217"]),
        ("score = final(0.5), failure = last, refused = leave_out", []),
        ("score = mean", ["TX205"]),
    ],
)
def test_claims_and_what_they_stand_on(write: Write, entry: str, codes: list[str]) -> None:
    entries = "\n  ".join((*CLAIMS.values(), entry))
    path = write(
        "architecture g { net.a.widths = [3] }\narchitecture h { net.a.widths = [4] }\n"
        f"algorithm a {{ method = plain }}\nalgorithm c {{ method = plain + twice }}\nstudy s {{\n  {entries}\n}}"
    )
    assert codes_of(check_file(path, SMALL_SCHEMA, no_rules)) == codes


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("ladder = walk(std.sac, std.td3)", []),
        ("ladder = walk(std.sac, to = std.td3, orders = 2, together = network)", []),
        ("ladder = walk(std.sac, std.td3), claim k = rung(pi_theta, above = 0), claim l = total(below = 0)", []),
        ("ladder = walk(std.sac, std.sac)", ["TX217"]),
        ("ladder = walk(std.sac, 3)", ["TX217"]),
        ("ladder = std.sac", ["TX217"]),
        ("ladder = walk(std.sac, std.td3, std.mpo)", ["TX206"]),
        ("ladder = walk(std.sac, std.td3, order = 2)", ["TX206"]),
        ("ladder = walk(std.sac, std.td3, to = std.mpo)", ["TX207"]),
        ("ladder = walk(std.sac, std.td3, orders = 0)", ["TX204"]),
        ("ladder = walk(std.sac, std.td3, orders = edns)", ["TX205"]),
        ("ladder = walk(std.sac, std.td3, together = [nets])", ["TX201"]),
        ("ladder = walk(std.sac, std.td4)", ["TX103"]),
        ("ladder = walk(std.sac, twin)", ["TX217"]),
        ("ladder = walk(std.sac, std.td3), refused = leave_out", ["TX217"]),
        ("ladder = walk(std.sac, std.td3), claim k = rung(gamma, above = 0)", ["TX221"]),
        ("ladder = walk(std.sac, std.td3), claim k = rung(above = 0)", ["TX223"]),
        ("ladder = walk(std.sac, std.td3), claim k = total(network, above = 0)", ["TX223"]),
        ("ladder = walk(std.sac, std.td3), claim k = total(env = 3, above = 0)", ["TX223"]),
        ("ladder = walk(std.sac, std.td3), claim k = effect(gamma, above = 0)", ["TX223"]),
        ("ladder = walk(std.sac, std.mpo, orders = ends), claim k = rung(pi_q, above = 0)", []),
    ],
)
def test_ladders(write: Write, entry: str, codes: list[str]) -> None:
    path = write(f'algorithm twin extends std.sac {{}}\nstudy s {{ {entry}, on = ["E"], seeds = 1, steps = 1M }}')
    assert codes_of(check_file(path)) == codes
