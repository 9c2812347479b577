"""No character of a text is lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from taxon.diagnostics.source import Source
from taxon.syntax import parse
from taxon.syntax.tokens import tokens

PIECES = st.sampled_from(
    ["taxon 1\n", "algorithm a", "algorithmx", "extendsbase", "{", "}", "(", ")", "[", "]", "=", "==", ":", ";", ",",
     ".", "\n", "\r", "\r\n", " ", "\t", "x", "π_q", "𝜋", "1M", "3e-4b", "1e999", '"a"', '"', "'a'", "# c", "//",
     "/// d", "when", "vary", "in", "unset", "import", "study", "+", "*", "-", "\ufeff", "\0", "\ud800", "$"]
)  # fmt: skip
TEXTS = st.text() | st.lists(PIECES, max_size=40).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_lossless(text: str) -> None:
    stream = list(tokens(text))
    assert "".join(stream) == text
    assert [token.start_pos for token in stream] == [sum(map(len, stream[:i])) for i in range(len(stream))]


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_any_text_is_parsed(text: str) -> None:
    """Whatever is written: a file, and findings that lie inside the text."""
    source = Source("any.tx", text)
    file, findings = parse(source)
    assert file.source == source
    for finding in findings:
        assert finding.primary is not None
        assert 0 <= finding.primary.start <= finding.primary.end <= len(text)


def test_keywords_do_not_split_words() -> None:
    assert [token.type for token in tokens("algorithmx extendsbase in_ algorithm")][::2] == ["NAME"] * 3 + ["ALGORITHM"]
