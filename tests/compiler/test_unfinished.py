"""A choice that is only half there never becomes another algorithm: it is refused by its path and its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
import shipped
from tiny import row_of

from taxon.cli.main import main
from taxon.compiler import emit
from taxon.compiler.assemble import assemble
from taxon.compiler.block import Block, ContractError
from taxon.compiler.choices import MEANINGS, Choices
from taxon.taxonomy.catalogue import places
from taxon.taxonomy.rules import RULES
from taxon.taxonomy.schema import Choice, Composition, Leaf, Row

# Leaves that no shipped row has, each with settings that give one of them to a row.
RARE = {
    "optimizer.dual.momentum": ("mpo", "optimizer.dual = sgd"),
    "pi_theta.base.structure": ("sac", "pi_theta.base.structure = full"),
    "pi_p.update.trust_region.divergence.on": (
        *("vmpo", "pi_theta = tanh(normal(mean(s), cov(s)))", "bounds = none"),
        "pi_p.update = sg + trust_region(divergence = mmd)",
    ),
}


@cache
def rows() -> dict[str, Row]:
    """Every shipped row, as it stands before either kind of action."""
    found: dict[str, Row] = {}
    for path in shipped.FILES:
        for actions in ("continuous", "discrete"):
            row = shipped.row(path, actions)
            if row is not None:
                found[f"{path.stem} {actions}"] = row
    return found


def having(path: str) -> list[Row]:
    """Up to four shipped rows with a leaf, of different choices there where there are any."""
    found = [row for row in rows().values() if path in row] or [row_of(*RARE[path])]
    kinds = {str(row[path]) + row.base("pi_q") + row.base("data"): row for row in found}
    return list(kinds.values())[:4]


def made_up(row: Row, path: str, modifier: bool) -> Row:
    """The row with an empty choice at a path, in the place of the one that is there or beside it."""
    leaf = row.leaves[path]
    empty = Choice("made_up", "a choice with a name and nothing else", modifier=modifier)
    value = Composition("made_up")
    if modifier and isinstance(leaf.value, Composition):
        value = Composition(leaf.value.base, (*leaf.value.modifiers, "made_up"))
    slot = replace(leaf.slot, choices=(*leaf.slot.choices, empty))
    return Row(row.name, row.doc, {**row.leaves, path: Leaf(path, value, leaf.origin, slot)})


AXES = sorted({path for path, slot in places() if slot.choices})
MODIFIED = sorted({path for path, slot in places() if slot.modifiers})


@pytest.mark.parametrize("path", AXES)
def test_an_empty_choice_is_refused_by_name(path: str) -> None:
    """Whatever the rules say of it, no module is printed."""
    found = having(path)
    assert found, "no shipped row has this leaf"
    for row in found:
        with pytest.raises(ContractError, match=r"made_up") as refusal:
            emit(made_up(row, path, modifier=False))
        assert path in str(refusal.value)


@pytest.mark.parametrize("path", MODIFIED)
def test_an_empty_modifier_is_refused_by_name(path: str) -> None:
    for row in having(path):
        with pytest.raises(ContractError, match=r"\+ made_up") as refusal:
            emit(made_up(row, path, modifier=True))
        assert path in str(refusal.value)


@pytest.mark.parametrize("path", AXES)
def test_the_rules_survive_an_empty_choice(path: str) -> None:
    """They find fault or none; nothing breaks in them."""
    for row in having(path):
        for rule in RULES:
            rule.check(made_up(row, path, modifier=False))


def numbers(row: Row) -> Iterator[tuple[str, Row]]:
    """The row with one number changed a little within its range."""
    for path, leaf in row.leaves.items():
        value, limits = leaf.value, leaf.slot.number
        if isinstance(value, bool | tuple | Composition) or limits is None:
            continue
        tries = (value + 1, value - 1) if limits.integer else (value * 0.9 + 1e-3, value * 0.9 - 1e-3, value + 1e-3)
        other = next(number for number in tries if number in limits and number != value)
        yield path, Row(row.name, row.doc, {**row.leaves, path: replace(leaf, value=other)})


@pytest.mark.parametrize("name", sorted(rows()))
def test_every_number_shows_in_the_module(name: str) -> None:
    """A number that changes nothing was read and not understood."""
    row = rows()[name]
    text = emit(row)
    silent = set()
    for path, other in numbers(row):
        try:
            changed = emit(other)
        except ContractError:
            continue
        if changed == text:
            silent.add(path)
    assert silent == set()


@pytest.mark.parametrize("command", ["emit", "derive"])
def test_the_command_line_says_it_in_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(MEANINGS, "target", {key: 0 for key in MEANINGS["target"] if key != "polyak"})
    monkeypatch.setattr("sys.argv", ["taxon", command, "sac"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: target = polyak has no block in the compiler")


# ---- blocks that do not fit together


def with_block(row: Row, block: Block, monkeypatch: pytest.MonkeyPatch) -> str:
    """The row's module with a block more."""
    seen = Choices.refuse_unread

    def more(c: Choices) -> None:
        seen(c)
        c.blocks.append(block)

    monkeypatch.setattr(Choices, "refuse_unread", more)
    return emit(row)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Block("policy", "other = nowhere + 1", ("other",), metrics=(("other", "other"),)), "no block writes nowhere"),
        (Block("estimate", "target = 0.0", ("target",)), "two blocks write target"),
        (Block("policy", "unread = 1.0", ("unread",)), "no block reads unread"),
        (Block("nowhere", "x = 1.0", ("x",)), "no function holds the part nowhere"),
        (Block("policy", "loss = loss", ("loss",), within="policy", stage="nowhere"), "has no stage nowhere"),
        (
            Block("policy", "a = b\nb = a + 1", ("a", "b"), metrics=(("a", "a"),), stage="nowhere"),
            "has no stage nowhere",
        ),
    ],
)
def test_what_does_not_fit_is_refused(block: Block, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContractError, match=message):
        with_block(row_of("sac"), block, monkeypatch)


def test_two_that_read_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Choices.refuse_unread

    def more(c: Choices) -> None:
        seen(c)
        c.add("policy", "chicken = egg", "chicken")
        c.add("policy", "egg = chicken", "egg")

    monkeypatch.setattr(Choices, "refuse_unread", more)
    with pytest.raises(ContractError, match="chicken, egg of update read each other"):
        assemble(row_of("sac"))
