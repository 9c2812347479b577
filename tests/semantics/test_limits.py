"""Nothing that can be written makes the checker raise, or take long."""

from __future__ import annotations

import string
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schema import SMALL_SCHEMA, Write, codes_of, no_rules

from taxon.semantics import check_file, load_spec
from taxon.syntax.parser import LARGEST, MOST_FINDINGS

# As many as a file of the largest size holds.
HEIRS = LARGEST // 40
ENTRIES = LARGEST // 14
MIXINS = LARGEST // 60


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Generous, since machines differ; what is quadratic in the size of a file takes minutes."""
    start = time.process_time()
    yield
    assert time.process_time() - start < 30


def test_a_long_line_of_heirs(write: Write) -> None:
    text = "algorithm a0 { method = plain }\n" + "\n".join(
        f"algorithm a{i} extends a{i - 1} {{ }}" for i in range(1, HEIRS)
    )
    path = write(text)
    assert check_file(path, SMALL_SCHEMA, no_rules) == []
    assert load_spec(f"{path}:a{HEIRS - 1}", schema=SMALL_SCHEMA, rules=no_rules).row is not None


def test_a_long_line_of_imports(write: Write) -> None:
    write("algorithm x { method = plain }", "f0.tx")
    for i in range(1, 1500):
        write(f'import "f{i - 1}.tx"', f"f{i}.tx")
    assert check_file(write('import "f1499.tx"\nalgorithm y extends x { }'), SMALL_SCHEMA, no_rules) == []


def test_thousands_of_entries(write: Write) -> None:
    found = check_file(write("algorithm x {\n" + "decay = 0.5\n" * ENTRIES + "}"), SMALL_SCHEMA, no_rules)
    assert codes_of(found)[-2:] == ["TX111", "TX018"]
    assert len(found) == MOST_FINDINGS + 1
    found = check_file(
        write("algorithm x {\n" + "".join(f"n{i} = 1\n" for i in range(ENTRIES)) + "}"), SMALL_SCHEMA, no_rules
    )
    assert codes_of(found)[-2:] == ["TX201", "TX018"]


def test_a_huge_list_and_huge_numbers(write: Write) -> None:
    path = write("algorithm x { method = plain, net.a.widths = [" + "1, " * (LARGEST // 4) + "1] }")
    assert check_file(path, SMALL_SCHEMA, no_rules) == []
    numbers = f"decay = {'9' * 39}, net.a.widths = [{'9' * 39}], opt.a.rate = 1e308, opt.b.decay = -{'9' * 39}"
    assert (
        load_spec(write(f"algorithm x {{ method = plain, {numbers} }}"), schema=SMALL_SCHEMA, rules=no_rules).row
        is None
    )


def test_many_mixins_and_conditions(write: Write) -> None:
    groups = "\n".join(f"architecture g{i} {{ decay = 0.5 }}" for i in range(MIXINS))
    uses = ", ".join(f"g{i}" for i in range(MIXINS))
    conditions = "\n".join(f'when env = "A{"*" * 20}{i % 2}" {{ decay = 0.5 }}' for i in range(MIXINS // 10))
    path = write(f"{groups}\nalgorithm x with {uses} {{ method = plain\n{conditions} }}")
    assert load_spec(path, env="A" * 200 + "1", schema=SMALL_SCHEMA, rules=no_rules).row is not None


TOKENS = """
taxon algorithm architecture study extends with import unset when vary in true false std base on seeds env actions
method net.a.act net.act opt.a opt.a.rate decay relu adam clip plain heated a b 1 0.5 -1 1k "x.tx" "spec.tx"
{ } ( ) [ ] = + * , .
"""
WORDS = [*TOKENS.split(), "\n"]


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join) | st.text(string.printable, max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_answered(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "spec.tx"
    path.write_text(f"taxon 1\nalgorithm a {{ method = plain }}\n{text}", encoding="utf-8")
    check_file(path, SMALL_SCHEMA, no_rules)
    found = load_spec(f"{path}:a", [text], env="A", schema=SMALL_SCHEMA, rules=no_rules)
    assert found.row is None or codes_of(found) == []
