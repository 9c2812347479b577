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
from taxon.semantics.loading import MOST_CHARACTERS, MOST_FILES
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
    for i in range(1, MOST_FILES):
        write(f'import "f{i - 1}.tx"', f"f{i}.tx")
    text = "algorithm y extends x { }"
    assert check_file(write(f'import "f{MOST_FILES - 2}.tx"\n{text}'), SMALL_SCHEMA, no_rules) == []
    found = check_file(write(f'import "f{MOST_FILES - 1}.tx"\n{text}'), SMALL_SCHEMA, no_rules)
    assert codes_of(found) == ["TX103"]
    assert "1,000 files" in found[0].help


def test_many_large_imports(write: Write) -> None:
    """What a spec reads in all is bounded, whatever its files hold."""
    for i in range(MOST_CHARACTERS // LARGEST + 1):
        write("#" * (LARGEST - 10), f"large{i}.tx")
    names = range(MOST_CHARACTERS // LARGEST + 1)
    path = write("\n".join(f'import "large{i}.tx"' for i in names) + "\nalgorithm x { method = plain }")
    assert set(codes_of(check_file(path, SMALL_SCHEMA, no_rules))) == {"TX103"}


def test_one_large_import_many_times(write: Write) -> None:
    write("".join(f"algorithm z{i} {{}}\n" for i in range(3000)), "a.tx")
    path = write('import "a.tx"\n' * 4000 + "algorithm x { method = plain }")
    assert check_file(path, SMALL_SCHEMA, no_rules) == []


def test_names_that_all_but_agree(write: Write) -> None:
    """A suggestion costs the square of a name's length, for every name that is known: both are bounded."""
    long = "a" * (LARGEST // 2 - 100)
    assert "TX101" in codes_of(check_file(write(f"algorithm {long} {{ }}\nalgorithm b extends {long[:-1]}b {{ }}")))
    close = "\n".join(f"algorithm abcdefgh{i:04} extends abcdefg{i:04}x {{ }}" for i in range(1300))
    assert codes_of(check_file(write(close), SMALL_SCHEMA, no_rules))[-1] == "TX018"
    bases = "\n".join(f"algorithm abcdefgh{i:03} {{ }}" for i in range(490))
    studies = "\n".join(f"study s{i:04} {{ base = abcdefgx{i % 1000:03} }}" for i in range(1200))
    assert codes_of(check_file(write(f"{bases}\n{studies}"), SMALL_SCHEMA, no_rules))[-1] == "TX018"


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
