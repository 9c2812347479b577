"""What must hold of any text that is read as a spec, whoever wrote it."""

from __future__ import annotations

import ast
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from taxon.compiler import emit
from taxon.derivation import derive, rendering
from taxon.diagnostics import concise, full, github, json_, sarif
from taxon.diagnostics.model import Diagnostic, Severity
from taxon.diagnostics.source import Source
from taxon.diagnostics.visible import hidden
from taxon.semantics import canonical, check_file, load_spec, row_hash
from taxon.syntax import parse, tree
from taxon.syntax.formatting import formatted
from taxon.taxonomy.difference import compare
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells

# Seconds of processor time for one text and one question: far above what any text of a few KiB takes.
SLOW = 20

_FORMATS: tuple[Callable[[list[Diagnostic]], str], ...] = (full.render, concise.render, github.render)


@contextmanager
def in_time(what: str) -> Iterator[None]:
    """Fail where the block takes SLOW seconds of processor time."""
    begun = time.process_time()
    yield
    taken = time.process_time() - begun
    assert taken < SLOW, f"{what} took {taken:.1f} s"


def told(found: list[Diagnostic]) -> None:
    """Findings are shown in every format, and no character of theirs drives a terminal."""
    for render in _FORMATS:
        assert all(hidden(line) is None for line in render(found).split("\n"))
    json.loads(json_.render(found))
    json.loads(sarif.render(found))


def sound(found: list[Diagnostic]) -> bool:
    return all(diagnostic.severity is not Severity.ERROR for diagnostic in found)


def parses(text: str) -> tree.File:
    """A text gives a tree and findings; one without an error is formatted once and for all."""
    source = Source("fuzz.tx", text, is_file=True)
    with in_time("parsing"):
        file, found = parse(source)
    told(found)
    if sound(found):
        with in_time("formatting"):
            once = formatted(source)
        if isinstance(once, str):
            assert sound(parse(Source("fuzz.tx", once))[1])
            assert formatted(Source("fuzz.tx", once)) == once
    return file


def answers(path: Path, text: str, env: str | None = None) -> int:
    """Every question of the front end about a file with this text is answered; returns how many rows it has."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    file = parses(text)
    with in_time("checking"):
        found = check_file(path, texts={Path(os.path.realpath(path)): text})
    told(found)
    rows = 0
    for declaration in [each for each in file.declarations if isinstance(each, tree.Algorithm)][:3]:
        with in_time("resolving"):
            resolution = load_spec(f"{path}:{declaration.name.text}", env=env)
        told(resolution.diagnostics)
        if resolution.row is not None:
            rows += 1
            compiles(resolution.row, path.with_name("again.tx"))
    return rows


def program(text: str) -> str:
    """The structure of an emitted module without its docstring."""
    module = ast.parse(text)
    assert ast.get_docstring(module) is not None
    return ast.dump(ast.Module(module.body[1:], []))


def compiles(row: Row, again: Path) -> None:
    """A row's module is the one of its values, whatever its texts say; its canonical text reads as itself."""
    with in_time("emitting"):
        module = emit(row)
    assert program(module) == program(emit(replace(row, name="plain", doc="")))
    assert all(hidden(line) is None for line in module.split("\n"))
    with in_time("deriving"):
        derivation = derive(row)
        for render in (rendering.text, rendering.markdown, rendering.latex):
            assert all(hidden(line) is None for line in render(derivation).split("\n"))
    cells(row)
    text = canonical(row)
    assert all(hidden(line) is None for line in text.split("\n"))
    again.write_text(text, encoding="utf-8")
    read = load_spec(again)
    assert read.row == row, read.diagnostics
    assert row_hash(read.row) == row_hash(row)
    assert not any(difference.differs for difference in compare(row, read.row))
