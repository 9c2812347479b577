"""Tunes are checked like studies: every key, every end of a range, and every value in the row that it makes."""

from __future__ import annotations

import pytest
from small_schema import SMALL_SCHEMA, Write, codes_of, no_rules

from taxon.semantics import check_file, load_study, load_tune

GOOD = {
    "base": "base = a",
    "search": "search net.act in [relu, elu]",
    "on": 'on = ["Hopper-v5"]',
    "steps": "steps = 1M",
    "trials": "trials = 10",
}


@pytest.mark.parametrize(
    ("key", "entry", "codes"),
    [
        ("base", "base = b", ["TX101"]),
        ("base", "base = g", ["TX106"]),
        ("base", "base = [a]", ["TX217"]),
        ("base", "", ["TX217"]),
        ("search", "", ["TX217"]),
        ("search", "search net.akt in [relu]", ["TX201"]),
        ("search", "search net in [relu]", ["TX202"]),
        ("search", "search net.act in []", ["TX217"]),
        ("search", "search net.act in [relu, relu]", ["TX217"]),
        ("search", "search net.act in uniform(0, 1)", ["TX203"]),
        ("search", "search opt.a.rate in log_uniform(1e-5, 1)", []),
        ("search", "search opt.a.rate in log_uniform(high = 1, low = 1e-5)", []),
        ("search", "search opt.a.rate in log_uniform(1, 1)", ["TX217"]),
        ("search", "search opt.a.rate in log_uniform(-1, 1)", ["TX217"]),
        ("search", "search opt.a.rate in uniform(-1, 1)", ["TX204"]),
        ("search", "search opt.a.rate in uniform(0.1)", ["TX208"]),
        ("search", "search opt.a.rate in uniform(0.1, 1, step = 2)", ["TX217"]),
        ("search", "search opt.a.rate in uniform(0.1, 1, log = true)", ["TX206"]),
        ("search", "search opt.a.rate in normal(0, 1)", ["TX205"]),
        ("search", "search opt.a.rate in integer(1, 4)", []),
        ("search", "search opt.a.rate in integer(1.5, 4)", ["TX217"]),
        ("search", "search opt.a.rate in integer(1, 4, step = 1, log = true)", ["TX217"]),
        ("search", "search method.power in integer(1, 4)", ["TX226"]),
        ("search", "search method.power in uniform(1, 4)", ["TX203"]),
        ("search", "search decay in uniform(0.5, 1)", ["TX204"]),
        ("search", "search method.heat in uniform(1, 2)", ["TX226"]),
        ("search", "search method in [plain, heated]", ["TX226"]),
        ("search", "search method in [plain, heated(3)]", []),
        ("search", "search net with [g]", []),
        ("search", "search net with [a]", ["TX106"]),
        ("search", "search net with [g, g]", ["TX217"]),
        ("search", "search net.act in [relu], search net.act in [elu]", ["TX111"]),
        ("search", "vary net.act in [relu]", ["TX016"]),
        ("on", "on = []", ["TX217"]),
        ("on", 'on = ["A", "B"]', ["TX217"]),
        ("on", 'on = ["A", "B"], scale = { "A" = [0, 1], "B" = [0, 1] }', []),
        ("steps", "", ["TX217"]),
        ("trials", "", ["TX217"]),
        ("trials", "sampler = grid", []),
        ("trials", "sampler = grid(points = 1), trials = 3", ["TX204"]),
        ("trials", "trials = 10, sampler = cma_es", ["TX205"]),
        ("trials", "trials = 10, pruner = asha(first = 2)", []),
        ("trials", "trials = 10, seeds = adaptive(1, 2, 1)", ["TX203"]),
        ("trials", "trials = 10, first_seed = -1", ["TX204"]),
        ("trials", "trials = 10, trials = 11", ["TX111"]),
        ("trials", "trials = 10, decay = 0.5", ["TX217"]),
    ],
)
def test_keys_and_searches(write: Write, key: str, entry: str, codes: list[str]) -> None:
    entries = "\n".join({**GOOD, key: entry}.values())
    text = f"algorithm a {{ method = plain }}\narchitecture g {{ net.act = elu }}\ntune s {{\n{entries}\n}}"
    path = write(text)
    assert codes_of(check_file(path, SMALL_SCHEMA, no_rules)) == codes


def tuned(write: Write, entries: str):
    text = f"algorithm a {{ method = plain }}\narchitecture g {{ net.act = elu }}\ntune s {{\nbase = a\n{entries}\n}}"
    expanded = load_tune(write(f"{text}\n"), schema=SMALL_SCHEMA, rules=no_rules)
    assert expanded.diagnostics == []
    assert expanded.tune is not None
    return expanded.tune


def test_what_a_tune_comes_to(write: Write) -> None:
    tune = tuned(write, 'search opt.a.rate in uniform(0.1, 0.9)\non = ["A"]\nsteps = 1k\ntrials = 7')
    assert (tune.seeds, tune.steps, tune.trials, tune.at_once) == (range(100_000, 100_003), 1_000, 7, 4)
    assert (str(tune.sampler), str(tune.pruner), str(tune.score)) == ("tpe(startup = 10)", "none", "final(0.1)")
    assert str(tune.dimensions[0]) == "opt.a.rate in uniform(0.1, 0.9)"


def test_the_trials_of_a_grid_are_its_combinations(write: Write) -> None:
    entries = 'search opt.a.rate in uniform(0.1, 0.9)\nsearch net.act in [relu, elu]\non = ["A"]\nsteps = 1k\n'
    assert tuned(write, f"{entries}sampler = grid(points = 4)").trials == 8
    assert tuned(write, f"{entries}sampler = grid(points = 4)\ntrials = 5").trials == 5
    assert tuned(write, f"{entries}sampler = grid\ntrials = 50").trials == 10


def test_the_row_of_some_values(write: Write) -> None:
    entries = 'search opt.a.rate in uniform(0.1, 0.9)\nsearch net with [g]\non = ["A"]\nsteps = 1k\ntrials = 1'
    tune = tuned(write, entries)
    found = tune.row({"opt.a.rate": "0.25", "net": "g"}, "A")
    assert found.row is not None
    assert (found.row["opt.a.rate"], found.row.base("net.a.act")) == (0.25, "elu")
    assert tune.row({}, "A").hash != found.hash


@pytest.mark.parametrize(
    ("seeds", "first", "environment", "base", "meets"),
    [
        (3, 0, "A", "a", True),
        (3, 4, "A", "a", True),  # seed 4 is the study's last
        (3, 5, "A", "a", False),
        (3, 0, "B", "a", False),
        (3, 0, "A", "child", True),
        (3, 0, "A", "other", False),
    ],
)
def test_tuning_seeds_meet_those_of_a_comparison(
    write: Write, seeds: int, first: int, environment: str, base: str, meets: bool
) -> None:
    path = write(
        f"""algorithm a {{ method = plain }}
algorithm child extends a {{ decay = 0.5 }}
algorithm other {{ method = plain }}
tune t {{ base = a, search decay in uniform(0, 0.9), on = ["A"], steps = 1k, trials = 2, seeds = {seeds}
  first_seed = {first} }}
study s {{ base = {base}, on = ["{environment}"], steps = 1k, seeds = 5 }}""",
    )
    assert codes_of(check_file(path, SMALL_SCHEMA, no_rules)) == (["TX227"] if meets else [])
    tune = load_tune(path, schema=SMALL_SCHEMA, rules=no_rules)
    assert (tune.tune is not None, codes_of(tune.diagnostics)) == (True, ["TX227"] if meets else [])
    study = load_study(path, schema=SMALL_SCHEMA, rules=no_rules)
    assert (study.study is not None, codes_of(study.diagnostics)) == (True, ["TX227"] if meets else [])
