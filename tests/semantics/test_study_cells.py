"""A study expands to the rows that the shipped specs have, to contrasts with the published weights, and to ladders
whose averages are Shapley values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from taxon.semantics import load_spec, load_study, row_hash
from taxon.semantics.ladder.assembly import Assembled
from taxon.semantics.ladder.ladder import Between, Choices
from taxon.semantics.studies import Claim, Expanded, Study, expanding, rows, study_data, study_hash, summary

DOUBLE_Q = """
/// Adapted.
study double_q {
  base  = [std.sac, std.mpo_onestep]
  vary  double = G.estimate in [- clipped_double, + clipped_double]
  on    = ["Hopper-v4", "Ant-v4"]
  seeds = 4
  steps = 1M
  %s
}
"""
WALK = """
algorithm left extends std.sac {}
algorithm right extends std.sac { gamma = 0.9, target = polyak(tau = 0.01), network.activation = elu }
study walk { ladder = walk(left, right, orders = %s), on = ["Hopper-v4"], seeds = 5, steps = 1M, %s }
"""

Expand = Callable[..., Expanded]


@pytest.fixture
def expanded(tmp_path: Path) -> Expand:
    def expand(text: str, **given: object) -> Expanded:
        path = tmp_path / "study.tx"
        path.write_text(f"taxon 1\n{text}", encoding="utf-8")
        return load_study(path, **given)  # type: ignore[arg-type]

    return expand


@pytest.fixture
def study(expanded: Expand) -> Callable[..., Study]:
    def expand(text: str, **given: object) -> Study:
        found = expanded(text, **given)
        assert found.study is not None, [diagnostic.message for diagnostic in found.diagnostics]
        return found.study

    return expand


def claim(study: Study, name: str) -> Claim:
    return next(claim for claim in study.claims if claim.name == name)


def hash_of(spec: str, env: str) -> str:
    row = load_spec(spec, env=env).row
    assert row is not None
    return row_hash(row)


def test_cells_are_the_shipped_ablations(study: Callable[..., Study]) -> None:
    """`- clipped_double` keeps what else the base says: MPO's 20 actions at s'."""
    specs = ("sac_single", "sac", "mpo_onestep", "mpo_double")
    cells = study(DOUBLE_Q % "").cells
    assert [(cell.hash, cell.environment) for cell in cells] == [
        (hash_of(spec, env), env) for spec in specs for env in ("Hopper-v4", "Ant-v4")
    ]
    assert cells[0].name == "base = std.sac, double = - clipped_double"
    assert cells[0].lints == ("TX501",)
    assert cells[0].row is not None
    assert cells[0].row.name == "double_q_1"


def test_mixed_levels_are_the_shipped_ablations(study: Callable[..., Study]) -> None:
    tanh = study((Path(__file__).parents[2] / "examples" / "studies" / "tanh.tx").read_text("utf-8").partition("\n")[2])
    specs = ("sac_notanh", "sac", "mpo_onestep", "mpo_tanh")
    assert [cell.hash for cell in tanh.cells] == [hash_of(spec, "Hopper-v4") for spec in specs]


# The means of KL on, KL off, EM on and EM off in golden vector B of environment E1, and what it says of them.
MEANS = {"sac": 14.0, "sac_single": 7.0, "mpo_double": 11.0, "mpo_onestep": 11.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("effect(double, base = std.sac, above = 0)", 7.0),
        ("effect(double, levels = [+ clipped_double, - clipped_double], base = std.sac, above = 0)", -7.0),
        ("effect(double, base = std.mpo_onestep, within = 1)", 0.0),
        ("effect(base, double = - clipped_double, above = 0)", 4.0),
        ("main(double, above = 0)", 3.5),
        ("main(base, below = 0)", 0.5),
        ("interaction(double, base, above = 0)", 7.0),
        ("interaction(base, double, above = 0)", 7.0),
        ("interaction(double, base, base = [std.mpo_onestep, std.sac], above = 0)", -7.0),
    ],
)
def test_contrasts(study: Callable[..., Study], text: str, value: float) -> None:
    found = claim(study(DOUBLE_Q % f"claim c = {text}"), "c")
    assert found.text == text
    for environment, weights in found.contrasts().items():
        means = {hash_of(spec, environment): mean for spec, mean in MEANS.items()}
        assert sum(weight * means[row] for row, weight in weights.items()) == pytest.approx(value, abs=1e-12)
        assert sum(weights.values()) == pytest.approx(0, abs=1e-12)


def test_an_interaction_names_its_simple_effects(study: Callable[..., Study]) -> None:
    found = claim(study(DOUBLE_Q % "/// So it does.\n  claim c = interaction(double, base, above = 0.5)"), "c")
    assert (found.sentence, found.kind, found.relation, found.margin) == ("So it does.", "interaction", "above", 0.5)
    parts = found.differences["Hopper-v4"]
    assert [(part.given, part.weight) for part in parts] == [("base = std.sac", 1.0), ("base = std.mpo_onestep", -1.0)]
    assert parts[0].high == hash_of("sac", "Hopper-v4")


def test_what_a_study_says_of_environments(study: Callable[..., Study]) -> None:
    more = """when env = "Ant-*" { steps = 3M, seeds = adaptive(5, 20, step = 5) }
      score = auc, failure = last, scale = { "Hopper-v4" = [18, 3013], "Ant-v4" = [-60, 5532] }
      claim c = main(double, above = 0)"""
    found = study(DOUBLE_Q % more)
    hopper, ant = found.runs[:2]
    assert (hopper.steps, hopper.seeds.looks) == (1_000_000, (4,))
    assert (ant.steps, ant.seeds.looks) == (3_000_000, (5, 10, 15, 20))
    assert (str(found.score), found.failure) == ("auc", "last")
    assert found.scale == {"Hopper-v4": (18, 3013), "Ant-v4": (-60, 5532)}
    assert summary(found)[0] == "study double_q: 8 cells on 2 environments, 8 runs with up to 96 seeds; 1 claim"


def test_equal_rows_are_one_run(study: Callable[..., Study]) -> None:
    twice = study('study s { base = [std.sac, std.sac_single], vary d = G.estimate in [+ clipped_double, td(0)],'
                  ' on = ["A"], seeds = 1, steps = 1M }')  # fmt: skip
    assert [len(run.cells) for run in twice.runs] == [2, 2]
    assert "one run for equal rows: base = std.sac, d = td(0) | base = std.sac_single, d = td(0)" in "\n".join(
        summary(twice)
    )


def test_what_is_left_out(study: Callable[..., Study]) -> None:
    text = """study s {
      base = [std.sac, std.mpo], vary G.estimate in [td(0), retrace(1)], on = ["A"], seeds = 1, steps = 1M
      refused = leave_out
      exclude { base = std.mpo, G.estimate = td(0) }
    }"""
    found = study(text)
    reasons = [cell.left_out.partition(":")[0] for cell in found.cells]
    assert reasons == ["", "TX312", "excluded", ""]
    assert [run.cells for run in found.runs] == [
        ("base = std.sac, G.estimate = td(0)",),
        ("base = std.mpo, G.estimate = retrace(1)",),
    ]


def test_environments_that_may_be_made(expanded: Expand) -> None:
    """With its actions known, a `when actions` applies and a row is held against its environment."""
    text = 'study s { base = %s, on = ["CartPole-v1"], seeds = 1, steps = 1M }'
    refused = expanded(text % "std.sac", space=lambda env: ("discrete", 2, 4))
    assert [diagnostic.code.id for diagnostic in refused.diagnostics] == ["TX222"]
    assert "TX401" in refused.diagnostics[0].message
    discrete = "algorithm a extends std.sac { when actions = discrete { gamma = 0.9 } }\n"
    found = expanded(discrete + text % "a", space=lambda env: ("continuous", 3, 4)).study
    assert found is not None
    assert found.cells[0].row is not None
    assert found.cells[0].row["gamma"] == 0.99


# Golden vector F, by what has moved: gamma, the target, the activation.
VALUES = {"": 0, "a": 4, "b": 2, "c": 0, "ab": 9, "ac": 4, "bc": 3, "abc": 12}
LETTERS = {"gamma": "a", "target.tau": "b", "network.policy.activation": "c", "network.value.activation": "c"}


def values_of(study: Study, moved: dict[str, Choices]) -> dict[str, float]:
    return {
        cell.hash: VALUES["".join(sorted({LETTERS[choice] for choice in moved[cell.name]}))] for cell in study.cells
    }


def moved_of(study: Study) -> dict[str, Choices]:
    """What has moved in each state, from its name."""
    every = frozenset(choice for rung in study.rungs for choice in rung.choices)
    called = {rung.name: frozenset(rung.choices) for rung in study.rungs}
    found: dict[str, Choices] = {}
    for cell in study.cells:
        _, word, names = cell.name.partition(" with")
        parts = frozenset().union(*(called[name] for name in names.removeprefix("out").strip().split(", ") if name))
        found[cell.name] = (
            every - parts
            if names.startswith("out")
            else parts
            if word
            else every
            if cell.name == "right"
            else frozenset()
        )
    return found


@pytest.mark.parametrize(
    ("refused", "shapley"),
    [((), {"a": 37 / 6, "b": 28 / 6, "c": 7 / 6}), (("b", "bc"), {"a": 4, "b": 7, "c": 1})],
)
def test_rungs_are_shapley_values(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch, refused: tuple[str, ...], shapley: dict[str, float]
) -> None:
    at = Between.at

    def narrowed(between: Between, moved: Choices) -> Assembled:
        found = at(between, moved)
        state = "".join(sorted({LETTERS[choice] for choice in moved}))
        return Assembled(found.row, (frozenset(),)) if state in refused else found

    monkeypatch.setattr(Between, "at", narrowed)
    found = study(
        WALK % ("50, together = [network]", "claim c = total(above = 0), claim t = rung(target.tau, above = 0)")
    )
    means = values_of(found, moved_of(found))
    contributions = {
        LETTERS[rung.choices[0]]: sum(d.weight * (means[d.high] - means[d.low]) for d in rung.differences["Hopper-v4"])
        for rung in found.rungs
    }
    if refused:  # golden: (a b c), (a c b), (c a b)
        assert len(found.rungs[0].differences["Hopper-v4"]) == 3
    assert contributions == pytest.approx(shapley)
    total = claim(found, "c").contrasts()["Hopper-v4"]
    assert sum(weight * means[row] for row, weight in total.items()) == 12 == pytest.approx(sum(shapley.values()))
    assert claim(found, "t").differences == next(r for r in found.rungs if r.name == "target.tau").differences


def test_a_ladder_from_both_ends(study: Callable[..., Study]) -> None:
    found = study(WALK % ("ends, together = [network]", "score = best"))
    means = values_of(found, moved_of(found))
    ends = {"gamma": [4, 9], "target.tau": [2, 8], "network": [0, 3]}
    for rung in found.rungs:
        differences = rung.differences["Hopper-v4"]
        assert [d.given for d in differences] == ["on left", "on right"]
        assert [means[d.high] - means[d.low] for d in differences] == ends.pop(rung.name)
    assert not ends
    assert len(found.cells) == 8


def test_a_row_is_resolved_once_for_all_environments(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []
    resolve = rows.resolve
    monkeypatch.setattr(
        rows, "resolve", lambda symbol, *rest: (resolved.append(symbol.name), resolve(symbol, *rest))[1]
    )
    environments = ", ".join(f'"E{number}"' for number in range(12))
    grid = "base = std.sac, vary gamma in [0.9, 0.95, 0.99], vary eta.init in [1, 2, 3]"
    text = f"study s {{ {grid}, on = [{environments}], seeds = 1, steps = 1M }}"
    assert len(study(text).cells) == 108
    assert resolved == [f"s_{number}" for number in range(1, 10)]


def test_a_grid_beyond_reason_is_not_resolved(expanded: Expand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MOST", 3)
    found = expanded(DOUBLE_Q % "")
    assert [diagnostic.message for diagnostic in found.diagnostics] == ["the grid has 4 combinations, more than 3"]


def test_the_hash_is_of_what_is_run_and_claimed(study: Callable[..., Study]) -> None:
    one = study(DOUBLE_Q % "claim c = main(double, above = 0)")
    same = study((DOUBLE_Q % "/// Said.\n  claim c = main(double, above = 0)").replace("double_q", "other"))
    assert study_hash(one) == study_hash(same) == study_data(one)["hash"]
    other = study(DOUBLE_Q % "claim c = main(double, above = 1)")
    longer = study((DOUBLE_Q % "claim c = main(double, above = 0)").replace("1M", "2M"))
    assert len({study_hash(each) for each in (one, other, longer)}) == 3
    assert study_data(same)["sentences"] == {"c": "Said."}


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (Path(__file__).parents[2] / "examples/studies").glob("*.tx"))
)
def test_shipped_studies(name: str) -> None:
    found = load_study(Path(__file__).parents[2] / "examples" / "studies" / name)
    assert found.diagnostics == []
    assert found.study is not None
    assert found.study.claims
    assert all(claim.sentence for claim in found.study.claims)
    least = {"Pendulum-v1": 10_000}  # which is learned in as many; elsewhere a claim needs more
    for run in found.study.runs:
        assert run.seeds.first >= 5
        assert run.steps >= least.get(run.environment, 100_000)
