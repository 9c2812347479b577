"""The codes of this package."""

from __future__ import annotations

from pathlib import Path

from taxon.diagnostics.registry import by_id
from taxon.semantics.codes import CODES

CORPUS = Path(__file__).parents[1] / "corpus" / "bad"


def test_each_has_a_number_a_title_and_a_reason_of_its_own() -> None:
    assert len(by_id(CODES)) == len({code.title for code in CODES}) == len(CODES)
    assert all(code.id[:3] in ("TX1", "TX2") and code.why.endswith(".") for code in CODES)


def test_each_stands_in_the_corpus() -> None:
    expected = {word for path in CORPUS.glob("tx[12]*.tx") for word in path.read_text().splitlines()[0].split()}
    assert {code.id for code in CODES} <= expected
