"""`--set` and `--unset`: what a child with the same lines is, is what they give."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import shipped_rows
from strategies import values

from taxon.semantics import Resolution, load_spec
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.catalogue import places

BASES = list(shipped_rows())
PLACES = [*places(), *((path, SCHEMA[slot.spread[0]]) for path, slot in SCHEMA.items() if slot.spread)]


@st.composite
def entries(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """What is set and what is unset, the same path never twice."""
    chosen = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4, unique_by=lambda place: place[0]))
    sets, unsets = [], []
    for path, slot in chosen:
        if draw(st.integers(0, 3)) == 0:
            unsets.append(path)
        else:
            text = f"{path} = {draw(values(slot))}"
            sets.append(f'when env = "Ant-*" {{ {text} }}' if draw(st.integers(0, 4)) == 0 else text)
    return sets, unsets


def child_of(base: str, sets: list[str], unsets: list[str], env: str | None = None) -> Resolution:
    """The child of a shipped spec with these lines."""
    lines = [*sets, *(f"unset {path}" for path in unsets)]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "child.tx"
        file.write_text("\n".join(["taxon 1", f"algorithm child extends std.{base} {{", *lines, "}", ""]), "utf-8")
        return load_spec(file, env=env)


def codes(found: Resolution) -> list[str]:
    return sorted(diagnostic.code.id for diagnostic in found.diagnostics)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(BASES), entries(), st.sampled_from([None, "Ant-v4"]))
def test_they_are_a_child_with_these_lines(base: str, drawn: tuple[list[str], list[str]], env: str | None) -> None:
    sets, unsets = drawn
    overridden, child = load_spec(base, sets, env, unsets=unsets), child_of(base, sets, unsets, env)
    assert overridden.row == child.row
    assert codes(overridden) == codes(child)


@pytest.mark.parametrize(
    ("base", "sets", "unsets", "code"),
    [
        ("sac", ["eta=0.2"], [], None),
        ("sac", ["η=0.2"], [], None),
        ("mpo_no_el", ["network.hidden=[]"], [], None),
        ("sac", ["network { activation = elu, layer_norm = true }"], [], None),
        ("sac", ["network { policy { hidden = [8, 8] }, unset init }"], [], None),
        ("sac", ["network.policy.std.low = -3"], [], None),
        ("sac", ["G.estimate = clipped_double + td(0)", "G.estimate.clipped_double.policy = first"], [], None),
        ("mpo", ['when env = "Ant-*" { gamma = 0.9 }'], [], None),
        ("sac", ["optimizer.policy.lr = linear(3e-4, 0, over = 1M)"], [], None),
        ("sac", ["optimizer.policy.lr.over = 1M"], [], "TX112"),
        ("sac", ["network.hidden=[64"], [], "TX002"),
        ("sac", ['network.activation="elu"'], [], "TX203"),
        ("sac", ["gamma=0.9", "gamma=0.9"], [], "TX111"),
        ("sac", ["gamma=0.9"], ["gamma"], "TX111"),
        ("sac", [], ["eta", "optimizer.dual"], None),
        ("sac", [], ["eta.target"], None),
        ("sac", [], ["gamma"], "TX109"),
        ("sac", [], ["gamm"], "TX201"),
        ("sac", [], ["G"], "TX214"),
        ("sac", ["G.estimate = td(0)"], [], "TX501"),
        ("mpo", ["pi_theta = normal(mean(s), 0.2)"], [], "TX210"),
    ],
)
def test_a_line_of_every_kind(base: str, sets: list[str], unsets: list[str], code: str | None) -> None:
    overridden, child = load_spec(base, sets, unsets=unsets), child_of(base, sets, unsets)
    assert overridden.row == child.row
    if code is None:
        assert overridden.diagnostics == []
    else:
        assert set(codes(overridden)) == set(codes(child)) == {code}


@pytest.mark.parametrize(
    ("sets", "unsets", "help"),
    [
        (["gamma=0.9, eta=1"], [], "once for each path"),
        (["unset eta"], [], "write `--unset eta`"),
        (['allow TX501 "mine"'], [], "write `--set gamma=0.995`"),
        ([""], [], "write `--set gamma=0.995`"),
        ([], ["eta, gamma"], ""),
    ],
)
def test_what_is_no_line_is_refused(sets: list[str], unsets: list[str], help: str) -> None:
    found = load_spec("sac", sets, unsets=unsets).diagnostics
    assert [diagnostic.code.id for diagnostic in found] in (["TX115"], ["TX001"])
    assert help in found[0].help


def test_what_becomes_idle_is_blamed_on_the_override() -> None:
    found = load_spec("mpo", ["pi_theta = normal(mean(s), 0.2)"]).diagnostics
    assert {diagnostic.labels[-1].span.source.name for diagnostic in found} == {"--set"}
    ways = [diagnostic.help.split("--unset ")[1].rstrip("`") for diagnostic in found]
    assert load_spec("mpo", ["pi_theta = normal(mean(s), 0.2)"], unsets=ways).row is not None


def test_a_rule_blames_the_override_first() -> None:
    (found,) = load_spec("sac", ["G.estimate = retrace(1)"]).diagnostics
    assert found.primary is not None
    assert found.primary.source.name == "--set"


@pytest.mark.parametrize("condition", ['env = "Ant-*"', "actions = continuous"])
def test_what_a_condition_leaves_idle_is_taken_back_inside_it(condition: str, tmp_path: Path) -> None:
    def found(*more: str) -> Resolution:
        lines = [f"  when {condition} {{", "    pi_theta = normal(mean(s), 0.2)", *more, "  }"]
        text = "\n".join(["taxon 1", "algorithm mine extends std.mpo {", *lines, "}", ""])
        (tmp_path / "mine.tx").write_text(text, "utf-8")
        return load_spec(tmp_path / "mine.tx", env="Ant-v4", actions="continuous")

    idle = found().diagnostics
    assert {diagnostic.code.id for diagnostic in idle} == {"TX210"}
    for diagnostic in idle:
        assert diagnostic.primary is not None
        assert diagnostic.primary.text in ("normal(mean(s), 0.2)", "0.2")  # what decides it, as narrowly as it is known
        assert diagnostic.help.endswith(f"inside `when {condition}`")
    mended = found(*(diagnostic.help.split("`")[1] for diagnostic in idle))
    assert mended.row is not None
    assert mended.diagnostics == []


def test_what_a_parents_condition_leaves_idle_is_taken_back_in_a_condition(tmp_path: Path) -> None:
    """The entry stands after the condition, and has an effect elsewhere."""

    def found(*more: str) -> Resolution:
        parent = 'algorithm base extends std.sac { when env = "Ant-*" { pi_theta = mean(s), G = Q[pi_q], eta = 0 } }'
        when = [f'  when env = "Ant-*" {{ {line} }}' for line in more]
        text = ["taxon 1", parent, "algorithm mine extends base {", "  network.policy.std.low = -3", *when, "}", ""]
        (tmp_path / "mine.tx").write_text("\n".join(text), "utf-8")
        return load_spec(f"{tmp_path / 'mine.tx'}:mine", env="Ant-v4", actions="continuous")

    idle = [each for each in found().diagnostics if "network.policy.std" in each.message]
    assert [diagnostic.help for diagnostic in idle] == [
        f'take it back there: `unset {path}` inside `when env = "Ant-*"`'
        for path in ("network.policy.std", "network.policy.std.low")
    ]
    assert not [each for each in found("unset network.policy.std").diagnostics if "policy.std" in each.message]
