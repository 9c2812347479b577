"""Ways out that a finding names: they are taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_schema import codes_of

from taxon.diagnostics.fixing import apply
from taxon.semantics import check_file, load_spec
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.catalogue import places

SPACE = Path(__file__).parents[2] / "docs" / "space.md"


def written(tmp_path: Path, *lines: str, parent: str = "sac") -> Path:
    file = tmp_path / "mine.tx"
    file.write_text("\n".join(["taxon 1", f"algorithm mine extends std.{parent} {{", *lines, "}", ""]), "utf-8")
    return file


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("pi_q.update = clipped(0.2)", "write `sg + clipped(0.2)`"),
        ("pi_q.update = clipped + penalty(kl = 0.02)", "write `sg + clipped + penalty(kl = 0.02)`"),
        (
            "pi_q.update = trust_region",
            "add it to a choice of `pi_q.update`: `analytic + trust_region`, `sg + trust_region`",
        ),
        ("pi_p.update = expected_return", "write `sg + expected_return`"),
        ("data = restarts(group = 2)", "write `rollouts + restarts(group = 2)`"),
        ("data = sequences(8)", "write `replay + sequences(8)`"),
        ("G.estimate = clipped_double", "add it to a choice of `G.estimate`: `td + clipped_double`, "),
    ],
)
def test_a_modifier_alone_is_added_to_a_base_that_can_have_it(line: str, help: str, tmp_path: Path) -> None:
    (found,) = check_file(written(tmp_path, line))
    assert found.code.id == "TX212"
    assert help in found.help


@pytest.mark.parametrize("path", [path for path, slot in places() if slot.modifiers])
def test_a_modifier_goes_with_the_bases_that_it_names(path: str) -> None:
    """Of the factors, docs/space.md says which entries are in no coherent row; the test of that page counts anew."""
    table = SPACE.read_text("utf-8").partition("## Entries in no coherent row")[2].partition("## Pairs")[0]
    refused = "\n".join(line for line in table.splitlines() if line.startswith(f"| `{path}` |"))
    for modifier in SCHEMA[path].modifiers:
        bases = [base.key for base in SCHEMA[path].bases]
        assert set(modifier.bases) <= set(bases)
        for base in bases if refused else ():
            entry = f"{base}{'(1)' if (path, base) == ('G.estimate', 'retrace') else ''} + {modifier.key}"
            assert (f"`{entry}`" in refused) == (base not in modifier.bases), entry


@pytest.mark.parametrize(
    ("lines", "edited"),
    [
        (["when env = Ant-v4 { gamma = 0.9 }"], 'when env = "Ant-v4" { gamma = 0.9 }'),
        (["when env = dm_control/walker-walk {", "  gamma = 0.9", "}"], 'when env = "dm_control/walker-walk" {'),
        (["when env = Ant* { gamma = 0.9 }"], 'when env = "Ant*" { gamma = 0.9 }'),
        (["when env = Ant { gamma = 0.9 }"], 'when env = "Ant" { gamma = 0.9 }'),
        (["network.hidden = (64, 64)"], "network.hidden = [64, 64]"),
        (["network.hidden = (1k, 64,)"], "network.hidden = [1k, 64]"),
    ],
)
def test_what_another_language_writes_is_mended_safely(lines: list[str], edited: str, tmp_path: Path) -> None:
    file = written(tmp_path, *lines)
    (found,) = check_file(file)
    assert found.edit is not None
    assert found.edit.safe
    text, _ = apply(file.read_text("utf-8"), [found.edit])
    assert edited in text
    file.write_text(text, "utf-8")
    assert check_file(file) == []


@pytest.mark.parametrize("line", ["gamma = # when env = Ant-v4", "gamma = (0.9)", "optimizer.policy.lr = (1e-3, 0.0)"])
def test_what_may_mean_more_is_not_mended_by_itself(line: str, tmp_path: Path) -> None:
    (found,) = check_file(written(tmp_path, line))
    assert found.edit is None or not found.edit.safe


def test_a_replay_of_ppo_is_refused_for_whose_actions_it_keeps(tmp_path: Path) -> None:
    (found,) = check_file(written(tmp_path, "data = replay", parent="ppo_clip"))
    assert found.code.id == "TX308"
    assert "taken by other policies" in found.message
    assert not any("differentiates" in label.text for label in found.labels)
    assert found.help == "write `data = rollouts(...)`"


def test_mixins_that_disagree_are_said_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.tx"
    file.write_text(
        "taxon 1\narchitecture a { network.init = uniform(bound = 0.1), network.activation = elu }\n"
        "architecture b { network.init = uniform(bound = 0.2), network.policy.activation = tanh }\n"
        "algorithm mine extends std.sac with a, b {}\nalgorithm heir extends mine {}\n",
        "utf-8",
    )
    found = check_file(file)
    assert codes_of(found) == ["TX108", "TX108"]
    assert [finding.message.split("`")[1] for finding in found] == ["network.init.bound", "network.policy.activation"]


@pytest.mark.parametrize(
    ("name", "what", "way_out"),
    [
        (":s", "`s` is a study, not an algorithm", "name its base, `mine`"),
        (":a", "`a` is an architecture, not an algorithm", "`with a`"),
    ],
)
def test_what_is_no_algorithm_says_what_it_is(name: str, what: str, way_out: str, tmp_path: Path) -> None:
    file = tmp_path / "all.tx"
    file.write_text(
        "taxon 1\nimport std.sac\nalgorithm mine extends sac {}\narchitecture a { network.activation = elu }\n"
        'study s { base = mine, on = ["Ant-v4"], seeds = 1, steps = 1e6, vary gamma in [.9, 0.99] }\n',
        "utf-8",
    )
    assert check_file(file) == []
    (found,) = load_spec(f"{file}{name}").diagnostics
    assert found.code.id == "TX106"
    assert found.message == what
    assert way_out in found.help
    alone = tmp_path / "alone.tx"
    alone.write_text(f'taxon 1\nimport "all.tx"\nalgorithm heir extends {name[1:]} {{}}\n', "utf-8")
    (found,) = check_file(alone)
    assert (found.code.id, found.message) == ("TX106", what)
    assert way_out in found.help


def test_a_file_of_a_study_alone_names_it(tmp_path: Path) -> None:
    file = tmp_path / "s.tx"
    file.write_text(
        'taxon 1\nstudy s { base = std.sac, on = ["Ant-v4"], seeds = 1, steps = 1M, vary gamma in [0.9] }\n', "utf-8"
    )
    (found,) = load_spec(file).diagnostics
    assert found.code.id == "TX114"
    assert found.labels[0].text == "a study"
    assert "name its base, `std.sac`" in found.help
