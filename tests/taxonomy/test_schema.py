"""The schema is whole: everything is explained, every default is a value, every operator is there."""

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

import taxon
from taxon.compiler.library import exports
from taxon.semantics.defaults import default_of
from taxon.semantics.values import example
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.schema import LEVELS, Choice, Slot

LIBRARY = Path(taxon.__file__).parent


def slots(slot: Slot, path: str) -> Iterator[tuple[str, Slot]]:
    """A slot and every parameter below it, by path."""
    yield path, slot
    for choice in slot.choices:
        for parameter in choice.parameters:
            yield from slots(parameter, f"{path}.{choice.key}.{parameter.name}")


SLOTS = dict(found for name, slot in SCHEMA.items() for found in slots(slot, name))
CHOICES: dict[str, Choice] = {f"{path}: {c.key}": c for path, slot in SLOTS.items() for c in slot.choices}
OPERATORS = sorted({choice.operator for choice in CHOICES.values() if choice.operator})


@pytest.mark.parametrize("path", SLOTS)
def test_slots(path: str) -> None:
    slot = SLOTS[path]
    assert slot.doc
    assert slot.level in LEVELS
    assert slot.spread or slot.boolean or slot.choices or slot.number or slot.integers
    if not slot.spread:
        default_of(slot)  # raises where the default is not a value of the slot
    keys = [key for choice in slot.choices for key in (choice.key, *choice.aliases)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("path", SLOTS)
def test_examples_are_values(path: str) -> None:
    """What a help suggests for a slot is a value of it."""
    slot = SLOTS[path]
    if not slot.spread:
        default_of(dataclasses.replace(slot, default=example(slot)))


@pytest.mark.parametrize("path", [path for path, slot in SLOTS.items() if slot.number and not slot.number.integer])
def test_no_number_is_taken_that_float32_cannot_hold(path: str) -> None:
    numbers = SLOTS[path].number
    assert numbers is not None
    assert math.isfinite(numbers.low)
    assert math.isfinite(numbers.high)
    for number in (1e39, -1e39, 1e19, 10**400, 1e-50, 1e-19, -1e-50):
        assert number not in numbers
    assert (1 - 1e-9 in numbers) == (numbers.high > 1 and numbers.low < 1)


def test_every_choice_is_explained() -> None:
    assert [name for name, choice in CHOICES.items() if not choice.doc] == []


def test_every_choice_of_a_factor_has_its_entry_in_the_table() -> None:
    """A modifier may have none: Table 1 names some, and leaves others to the text."""
    bases = [(path, choice) for path in FACTORS for choice in SCHEMA[path].bases]
    assert [(path, choice.key) for path, choice in bases if not choice.term] == []


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_exist(operator: str) -> None:
    """An operator is a function of the library, or the file that holds a family of them."""
    module, _, name = operator.rpartition(".")
    assert (
        exports().get(name) == module or (LIBRARY / f"{operator.removeprefix('taxon.').replace('.', '/')}.py").exists()
    )


def test_shared_paths_set_paths_that_exist() -> None:
    for slot in SCHEMA.values():
        assert set(slot.spread) <= set(SCHEMA)
