"""The space of rows: its entries, which rows are coherent, and which rule refuses the others."""

import re
from itertools import product
from pathlib import Path

import pytest

from taxon.data import specs_dir
from taxon.semantics import load_spec
from taxon.semantics.space.draft import Draft
from taxon.semantics.space.entries import NUMBERS, Entry, entries, every_entry
from taxon.semantics.space.space import DisagreementError, Point, attempt, blame, coherent
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.rules import RULES
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells

ROOT = Path(__file__).parents[2]
TABLE_1 = ("mpo", "awr", "awac", "sac", "power", "rwr", "reps", "urex", "vmpo", "trpo", "ppo", "ddpg", "td3")
SPECS = sorted(path for path in specs_dir().glob("*.tx") if path.stem != "architectures")
PATHS = {path for path in Vocabulary(SCHEMA).paths if not Vocabulary(SCHEMA).is_shared(path)}


def row_of(spec: str | Path, *sets: str) -> Row:
    """The row, refused by the rules or not."""
    row = load_spec(spec, sets, rules=lambda row: []).row
    assert row is not None
    return row


def draft_of(row: Row) -> Row:
    draft = Draft()
    draft.decide("everything", row.leaves)
    return draft.row


def entry_of(row: Row, factor: str) -> Entry:
    """The entry that a row has: the same choices, a number of the same kind."""
    fixed = row.base(factor) == "fixed"  # printed by its eta, which is no factor
    alike = [
        entry
        for entry in entries(factor)
        if entry.leaves[factor].value == row[factor] and (fixed or entry.cell == cells(row)[factor])
    ]
    assert len(alike) == 1
    return alike[0]


def space_around(row: Row, *free: str) -> dict[str, tuple[Entry, ...]]:
    """Any entry of the free factors, the row's own of the others."""
    return {factor: entries(factor) if factor in free else (entry_of(row, factor),) for factor in FACTORS}


@pytest.mark.parametrize("factor", FACTORS)
def test_every_choice_with_every_set_of_modifiers_is_an_entry(factor: str) -> None:
    slot = SCHEMA[factor]
    modifiers = len(slot.modifiers)
    values = [entry.leaves[factor].value for entry in entries(factor)]
    for base in slot.bases:
        sets = {value.modifiers for value in values if value.base == base.key}
        assert len(sets) == 2**modifiers
    assert len({entry.text for entry in entries(factor)}) == len(values)


def test_the_entries_that_numbers_and_parameters_tell_apart() -> None:
    gaussians = ["normal(mean(s), cov(s))", "normal(mean(s), cov)", "normal(mean(s), 0.25)"]
    assert [entry.text for entry in entries("pi_theta")] == [
        *gaussians,
        *(f"tanh({gaussian})" for gaussian in gaussians),
        *(f"tanh(mixture(3, {gaussian}))" for gaussian in gaussians),
        *(f"mixture(3, {gaussian})" for gaussian in gaussians),
        "beta",
        "softmax",
        "mean(s)",
    ]
    assert [entry.cell for entry in entries("G.estimate") if entry.text.startswith("td") and "+" not in entry.text] == [
        "TD(0)",
        "TD(lambda)",
        "TD(1)",
    ]
    choices = {choice.key: choice for slot in SCHEMA.values() for choice in slot.choices}
    assert all(parameter in {slot.name for slot in choices[key].parameters} for key, parameter in NUMBERS)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_decided_draft_is_the_row(path: Path) -> None:
    row = row_of(path)
    draft = draft_of(row)
    assert {path for path in PATHS if path in draft} == set(row.leaves)
    assert all(rule.check(draft) is None for rule in RULES)


@pytest.mark.parametrize(
    ("spec", "change", "code"),
    [
        ("sac", "G.estimate=n_step", "TX312"),
        ("mpo", "target=none", "TX315"),
        ("ppo", "data=replay", "TX334"),
        ("reps", "network.policy.hidden=[4]", "TX328"),
        ("awr", "pi_p=fixed", "TX304"),
        ("td3", "eta=1", "TX331"),
    ],
)
def test_the_rules_find_the_same_in_a_draft_as_in_a_row(spec: str, change: str, code: str) -> None:
    row = row_of(spec, change)
    found = {rule.code.id for rule in RULES if rule.check(row) is not None}
    assert code in found
    assert {rule.code.id for rule in RULES if rule.check(draft_of(row)) is not None} == found


@pytest.mark.parametrize("name", TABLE_1)
def test_the_rows_of_the_paper_are_coherent(name: str) -> None:
    points = list(coherent(space_around(row_of(name))))
    assert len(points) == 1


def sample() -> list[Point]:
    """Forty coherent rows, half of each control, spread over some that differ from the paper's in three factors."""
    em = list(coherent(space_around(row_of("awac"), "pi_p.update", "G", "pi_theta")))
    kl = list(coherent(space_around(row_of("ppo"), "pi_q.update", "G.estimate", "pi_theta")))
    return [*em[:: len(em) // 20][:20], *kl[:: len(kl) // 20][:20]]


def test_coherent_rows_load(tmp_path: Path) -> None:
    """What the search found is accepted by the whole front end, as a text."""
    points = sample()
    assert len(points) == len({point.entries for point in points}) == 40
    for number, point in enumerate(points):
        file = tmp_path / f"row_{number}.tx"
        body = "\n".join(point.settings)
        file.write_text(f"taxon 1\nalgorithm row_{number} {{\n{body}\n}}\n", "utf-8")
        resolution = load_spec(file)
        assert resolution.row is not None, body
        assert tuple(entry_of(resolution.row, factor) for factor in FACTORS) == point.entries


# Choices beside the factors that rules speak of, tried in every combination.
BESIDE = (
    ("data=replay", "data=replay + sequences", "data=replay + episodes", "data=rollouts", "data=rollouts + restarts"),
    ("data.restarts.group=2", ""),
    ("G.critic=none", ""),
    ("pi_q.update.normalise=batch", "pi_q.update.normalise=group", ""),
    ("target=copy", ""),
    ("eta=0", ""),
    ("network.policy.hidden=[]", ""),
)


@pytest.mark.parametrize(
    ("spec", "factor", "text"),
    [
        ("mpo", "G", "A[pi_p]"),
        ("awr", "G.estimate", "retrace(1)"),
        ("sac", "G.estimate", "td(0.5) + clipped_double"),
        ("urex", "pi_theta", "mean(s)"),
        ("ppo", "pi_p", "fixed"),
    ],
)
def test_no_completion_of_a_refused_row_is_accepted(spec: str, factor: str, text: str) -> None:
    """The search says so without trying them; here they are tried."""
    space = space_around(row_of(spec))
    space[factor] = tuple(entry for entry in entries(factor) if entry.text == text)
    assert len(space[factor]) == 1
    assert list(coherent(space)) == []
    settings = [space[factor][0].setting for factor in FACTORS]
    tried = 0
    for completion in product(*BESIDE):
        resolution = attempt([*settings, *filter(None, completion)])
        assert resolution.row is None
        tried += any(found.code.id.startswith("TX3") for found in resolution.diagnostics)
    assert tried > 0  # by a rule, not only because a setting has no part in the row


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        (("pi_q.update=natural_gradient + penalty",), ["TX334"]),
        (("pi_q=nonparametric", "pi_q.update=sg"), ["TX302"]),
        (("pi_q=pi_theta", "pi_p=pi_theta"), ["TX303"]),
        (("G=Q_soft[pi_q]", "G.estimate=n_step"), ["TX325"]),
        (("G=A[pi_p]", "G.estimate=td(0) + clipped_double"), ["TX313"]),
        (("G.estimate=retrace(1)", "pi_theta=mean(s)"), ["TX348"]),
        (("pi_p.update=sg + expected_return", "G=A[pi_p]"), ["TX345"]),
    ],
)
def test_one_rule_is_to_blame(settings: tuple[str, ...], codes: list[str]) -> None:
    found = blame(*map(named, settings))
    assert ([rule.code.id for rule in found.rules], found.cases) == (codes, ())


def test_several_rules_are_to_blame_for_each_control() -> None:
    found = blame(named("pi_p=pi_q"), named("pi_theta=mean(s)"))
    assert [rule.code.id for rule in found.rules] == ["TX330", "TX331", "TX348"]
    assert {entry.text: [rule.code.id for rule in rules] for entry, rules in found.cases} == {
        "nonparametric": ["TX330"],
        "pi_theta": ["TX331", "TX348"],
    }


def test_nothing_is_to_blame_for_what_is_coherent() -> None:
    with pytest.raises(DisagreementError, match="pi_q=pi_theta, pi_p=fixed"):
        blame(named("pi_q=pi_theta"), named("pi_p=fixed"))


def named(setting: str) -> Entry:
    return next(entry for factor in every_entry().values() for entry in factor if entry.setting == setting)


def test_the_page_is_current_for_a_part_of_the_space() -> None:
    """Every row with a fixed prior is counted again."""
    page = (ROOT / "docs" / "space.md").read_text("utf-8")
    for pi_q in entries("pi_q"):
        line = re.search(rf"^\| `{pi_q.text}` \| `fixed` \| (\d+) \|$", page, re.MULTILINE)
        assert line is not None
        space = {**every_entry(), "pi_q": (pi_q,), "pi_p": (named("pi_p=fixed"),)}
        assert sum(1 for _ in coherent(space)) == int(line[1])
