"""What may be written at the cursor: the members of the closed set that is expected there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taxon.diagnostics.source import Source
from taxon.semantics.bodies import ACTIONS
from taxon.server.context import Context, context, spelt
from taxon.server.describing import code_text
from taxon.server.importing import files, in_import
from taxon.server.item import Completion
from taxon.server.naming import below, named, words
from taxon.server.studying import in_study
from taxon.server.tuning import in_tune
from taxon.server.valuing import parameters, values
from taxon.server.view import Texts
from taxon.syntax import tree
from taxon.taxonomy.rules import every_lint

_DECLARATIONS = ("algorithm", "architecture", "study", "tune", "import")
_ENTRIES = ("unset", "when", "allow")


def completions(path: Path, text: str, offset: int, texts: Texts) -> list[Completion]:
    """Everything that the language takes at an offset of a document. Raises nothing for any text."""
    if in_import(text, offset):
        return files(path, text, offset)
    found = context(Source(str(path), text), offset)
    if found is None:
        return []
    return list(_file(found, path, texts) if len(found.frames) == 1 else _body(found, path, text, texts))


def _file(at: Context, path: Path, texts: Texts) -> Iterator[Completion]:
    here = at.here
    if not here.entry:
        yield from words(_DECLARATIONS, "keyword", at.start, at.end)
        return
    for keyword, kind in (("WITH", tree.Architecture), ("EXTENDS", tree.Algorithm), ("IMPORT", None)):
        after = here.after(keyword)
        if after is not None:
            names = spelt(after).rpartition(",")[2]
            yield from named(at, names, kind, path, texts)
            return
    if here.kinds == ["ALGORITHM", "NAME"]:
        yield from words(("extends", "with"), "keyword", at.start, at.end)


def _body(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    here, kinds = at.here, at.here.kinds
    if at.declared == "STUDY":
        yield from in_study(at, path, text, texts)
        return
    if at.declared == "TUNE":
        yield from in_tune(at, path, text, texts)
        return
    if here.opening == "LPAR":
        yield from parameters(at, text)
    if here.opening == "LBRACE" and "EQUAL" not in kinds:
        yield from _entry(at)
    elif kinds[:3] == ["WHEN", "NAME", "EQUAL"] and len(kinds) == 3 and here.entry[1] == "actions":
        yield from words(ACTIONS, "choice", at.start, at.end)
    elif here.opening != "LBRACE" or kinds[-1] in ("EQUAL", "PLUS"):
        yield from values(at, text)


def _entry(at: Context) -> Iterator[Completion]:
    here, kinds = at.here, at.here.kinds
    if kinds == ["WHEN"]:
        yield from words(("env", "actions"), "keyword", at.start, at.end)
        return
    if kinds == ["ALLOW"]:
        for code in (lint.code for lint in every_lint()):
            yield Completion(code.id, "code", at.start, at.end, code.id, code.title, code_text(code))
        return
    if not kinds:
        yield from words(_ENTRIES, "keyword", at.start, at.end)
    yield from below(at, here.entry[1:] if kinds[:1] == ["UNSET"] else here.entry)
