"""Random trees, and trees without their places."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from taxon.diagnostics.source import Source, Span
from taxon.diagnostics.visible import hidden
from taxon.syntax import tree
from taxon.syntax.language import KEYWORDS

NOWHERE = Source("", "")
HERE = Span(NOWHERE, 0, 0)
_PYTHON = {"True", "False"}


def without_places(node: Any) -> Any:
    """A tree with every span and source the same, to compare what it says."""
    if isinstance(node, tuple):
        return tuple(map(without_places, node))
    if isinstance(node, Span):
        return HERE
    if isinstance(node, Source):
        return NOWHERE
    if is_dataclass(node) and not isinstance(node, type):
        return replace(node, **{field.name: without_places(getattr(node, field.name)) for field in fields(node)})
    return node


words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda word: word.upper() not in KEYWORDS and word not in _PYTHON
)
names = st.builds(tree.Name, words, st.just(HERE))
paths = st.builds(tree.Path, st.lists(names, min_size=1, max_size=3).map(tuple), st.just(HERE))
numbers = st.builds(
    tree.Number,
    st.one_of(
        st.integers(-(10**30), 10**30),
        st.integers(-2000, 2000).map(lambda n: n * 1000),
        st.integers(-2000, 2000).map(lambda n: n * 100_000),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.just(HERE),
)
# A text says a line feed, a carriage return and a tab by escapes; no other character that is not seen has a spelling.
_shown = st.characters(exclude_categories=["Cs", "Cc"]).filter(lambda character: hidden(character) is None)
texts = st.text(_shown | st.sampled_from("\n\r\t"), max_size=12)
atoms: SearchStrategy[tree.Expression] = st.one_of(
    numbers,
    st.builds(tree.Boolean, st.booleans(), st.just(HERE)),
    st.builds(tree.String, texts, st.just(HERE)),
    st.builds(tree.Reference, paths.map(lambda path: path.text), st.just(HERE)),
    st.builds(tree.Index, names, names, st.just(HERE)),
)


def _composed(inner: SearchStrategy[tree.Expression]) -> SearchStrategy[tree.Expression]:
    """Lists and calls of expressions; the language has no grouping, so factors are atoms and terms no sums."""
    arguments = st.builds(tree.Argument, st.none() | names, inner, st.just(HERE))
    atom = st.one_of(
        atoms,
        st.builds(tree.List, st.lists(inner, max_size=3).map(tuple), st.just(HERE)),
        st.builds(tree.Call, names, st.lists(arguments, max_size=3).map(tuple), st.just(HERE)),
    )
    term = atom | st.builds(tree.Product, atom, atom, st.just(HERE))
    signed = st.builds(tree.Signed, st.booleans(), term, st.just(HERE))
    return st.one_of(
        term,
        st.builds(tree.Sum, st.lists(term, min_size=2, max_size=3).map(tuple), st.just(HERE)),
        st.builds(tree.Change, st.lists(signed, min_size=1, max_size=3).map(tuple), st.just(HERE)),
    )


expressions = st.recursive(atoms, _composed, max_leaves=6)
_line = st.text(_shown, max_size=12).map(str.rstrip)
docs = st.lists(_line, max_size=2).map("\n".join)
strings = st.builds(tree.String, texts, st.just(HERE))
pairs = st.builds(tree.Pair, strings, expressions, st.just(HERE))
maps = st.builds(tree.Map, st.lists(pairs, max_size=2).map(tuple), st.just(HERE))
assignments = st.builds(tree.Assignment, paths, expressions | maps, docs, st.just(HERE))
leaves = assignments | st.builds(tree.Unset, paths, st.just(HERE))


def _nested(inner: SearchStrategy[tree.Entry]) -> SearchStrategy[tree.Entry]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.builds(tree.Block, paths, several, st.just(HERE)) | st.builds(
        tree.When, names, expressions, several, st.just(HERE)
    )


entries = st.lists(st.recursive(leaves, _nested, max_leaves=4), max_size=3).map(tuple)
allows = st.builds(tree.Allow, names, strings, st.just(HERE))
own_entries = st.tuples(entries, st.lists(allows, max_size=2).map(tuple)).map(lambda parts: parts[1] + parts[0])
lists = st.builds(tree.List, st.lists(expressions, max_size=3).map(tuple), st.just(HERE))
given = st.builds(tree.Argument, st.none() | names, expressions, st.just(HERE))
calls = st.builds(tree.Call, names, st.lists(given, max_size=3).map(tuple), st.just(HERE))
told = st.lists(assignments, max_size=2).map(tuple)
env, exclude = tree.Name("env", HERE), tree.Path((tree.Name("exclude", HERE),), HERE)
of_studies = st.one_of(
    assignments,
    st.builds(tree.Vary, st.none() | names, paths, lists, st.just(HERE)),
    st.builds(tree.Mixed, names, lists, st.just(HERE)),
    st.builds(tree.Claim, names, expressions, docs, st.just(HERE)),
    st.builds(tree.When, st.just(env), expressions, told, st.just(HERE)),
    st.builds(tree.Block, st.just(exclude), told, st.just(HERE)),
)
of_tunes = st.one_of(
    assignments,
    st.builds(tree.Search, paths, lists | calls, st.just(HERE)),
    st.builds(tree.Offered, names, lists, st.just(HERE)),
)
declarations = st.one_of(
    st.builds(
        tree.Algorithm,
        names,
        st.none() | paths,
        st.lists(paths, max_size=2).map(tuple),
        own_entries,
        docs,
        st.just(HERE),
    ),
    st.builds(tree.Architecture, names, entries, docs, st.just(HERE)),
    st.builds(tree.Study, names, st.lists(of_studies, max_size=3).map(tuple), docs, st.just(HERE)),
    st.builds(tree.Tune, names, st.lists(of_tunes, max_size=3).map(tuple), docs, st.just(HERE)),
)
imports = st.builds(tree.Import, paths | st.builds(tree.String, texts, st.just(HERE)), st.just(HERE))
files = st.builds(
    tree.File,
    st.just(NOWHERE),
    st.just(tree.Number(1, HERE)),
    st.lists(imports, max_size=2).map(tuple),
    st.lists(declarations, max_size=3).map(tuple),
)
