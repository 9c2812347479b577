"""A spec is data: whatever its documentation says, none of it becomes code."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny import build, row_of

from taxon.compiler import emit, standalone
from taxon.semantics import load_spec

HOSTILE = [
    '""" \nimport os; os.abort()\n"""',
    "''' ''' \"\"\"\" \"",
    'ends with a quote"',
    "ends with a backslash\\",
    '\\""" \\N{DASH} \\x41 \\u0041 \\',
    "{{ 7 * 7 }} {% for x in y %} {# comment #} {%- raw -%}",
    "{name} %s %(doc)s ${HOME} f'{1/0}'",
    "line\nline\r\nline\rline\x0bline\x0cline\u2028line\u2029line\x85line",
    "\x00 \x07 \x1b[31m \x7f \ufeff \u202e backwards \U0001f600 \ud800",
    "# coding: utf-7\n+AGkAbQBwAG8AcgB0-",
    "naïve π_θ η ≤ ε — 神经网络",
]


SAC = row_of("sac")
PROGRAM = ast.dump(ast.Module(ast.parse(emit(SAC)).body[1:], []))


def check(text: str, doc: str) -> ast.Module:
    """The text parses and its docstring says what the doc comment says; returns what follows."""
    text.encode("utf-8")
    tree = ast.parse(text)
    header = ast.get_docstring(tree)
    assert header is not None
    # the words are all there, in order; characters that cannot be shown are spaces
    shown = "".join(c if c.isprintable() else " " for c in doc)
    assert " ".join(shown.split()) in " ".join(header.split())
    return ast.Module(tree.body[1:], [])


@pytest.mark.parametrize("doc", HOSTILE)
def test_known_tricks(doc: str) -> None:
    text = emit(replace(SAC, doc=doc))
    assert ast.dump(check(text, doc)) == PROGRAM
    assert ast.dump(check(standalone(text), doc)) == ast.dump(check(standalone(emit(SAC)), ""))


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\"'\\{}%#\n\r\t ")), max_size=60))
@example("\\")
@example('"')
def test_any_text(doc: str) -> None:
    assert ast.dump(check(emit(replace(SAC, doc=doc)), doc)) == PROGRAM


def test_a_hostile_file_is_imported_without_harm(tmp_path: Path) -> None:
    """From the file to the running module: the text of a doc comment is in the docstring and nowhere else."""
    mark = tmp_path / "touched"
    spec = tmp_path / "hostile.tx"
    spec.write_text(
        f'taxon 1\n\n/// """\n/// import pathlib; pathlib.Path("{mark}").touch()\n'
        "/// {{ cycler.__init__.__globals__ }} \\\n"
        "algorithm hostile extends std.sac {\n}\n",
        encoding="utf-8",
    )
    row = load_spec(spec).row
    assert row is not None, load_spec(spec).diagnostics
    built = build(row, tmp_path)
    assert "cycler.__init__.__globals__" in (built.__doc__ or "")
    assert "import pathlib" in (built.__doc__ or "")
    assert not mark.exists()
