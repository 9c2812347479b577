"""What may be written at the cursor: the members of the closed set that is expected there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from taxon.diagnostics.source import Source
from taxon.semantics.bodies import ACTIONS
from taxon.semantics.loading import shipped_names, shipped_path
from taxon.server.context import Context, context, end_of, spelt
from taxon.server.describing import code_text, slot_text
from taxon.server.importing import files, in_import
from taxon.server.item import Completion
from taxon.server.valuing import parameters, values
from taxon.server.view import VOCABULARY, Texts, View, view
from taxon.syntax import tree
from taxon.taxonomy.rules import every_lint

_DECLARATIONS = ("algorithm", "architecture", "study", "import")
_ENTRIES = ("unset", "when", "allow")
_STUDY = ("base", "vary", "on", "seeds", "steps")


def completions(path: Path, text: str, offset: int, texts: Texts) -> list[Completion]:
    """Everything that the language takes at an offset of a document. Raises nothing for any text."""
    if in_import(text, offset):
        return files(path, text, offset)
    found = context(Source(str(path), text), offset)
    if found is None:
        return []
    return list(_file(found, path, texts) if len(found.frames) == 1 else _body(found, path, text, texts))


def _words(words: Iterable[str], kind: str, start: int, end: int) -> Iterator[Completion]:
    return (Completion(word, kind, start, end, word) for word in words)


def _file(at: Context, path: Path, texts: Texts) -> Iterator[Completion]:
    here = at.here
    if not here.entry:
        yield from _words(_DECLARATIONS, "keyword", at.start, at.end)
        return
    for keyword, kind in (("WITH", tree.Architecture), ("EXTENDS", tree.Algorithm), ("IMPORT", None)):
        after = here.after(keyword)
        if after is not None:
            names = spelt(after).rpartition(",")[2]
            yield from _named(at, names, kind, path, texts)
            return
    if here.kinds == ["ALGORITHM", "NAME"]:
        yield from _words(("extends", "with"), "keyword", at.start, at.end)


def _named(
    at: Context, written: str, kind: type[tree.Algorithm | tree.Architecture] | None, path: Path, texts: Texts
) -> Iterator[Completion]:
    """Names of declarations of a kind, or of files if `kind` is None, after what is written of them already."""
    parts = written.split(".")
    if parts == ["std", ""]:
        yield from _words(shipped_names(), "file", at.start, at.end)
    elif len(parts) == 3 and parts[0] == "std" and parts[1] in shipped_names() and kind is not None and not parts[2]:
        shipped = view(shipped_path(parts[1]), texts)
        names = [each.name for each in shipped.scope.own(shipped.library.root) if isinstance(each.declaration, kind)]
        yield from _words(names, "name", at.start, at.end)
    elif not written:
        yield from _words(("std",), "file", at.start, at.end)
        yield from _words(_visible(view(path, texts), kind), "name", at.start, at.end)


def _visible(seen: View, kind: type[tree.Algorithm | tree.Architecture] | None) -> list[str]:
    return [] if kind is None else sorted({each.name for each in seen.visible() if isinstance(each.declaration, kind)})


def _body(at: Context, path: Path, text: str, texts: Texts) -> Iterator[Completion]:
    here, kinds = at.here, at.here.kinds
    if here.opening == "LPAR":
        yield from parameters(at, text)
    if here.opening == "LBRACE" and "EQUAL" not in kinds:
        yield from _entry(at)
    elif at.declared == "STUDY" and spelt(here.entry[:2]) == "base=":
        yield from _named(at, spelt(here.entry[2:]), tree.Algorithm, path, texts)
    elif kinds[:3] == ["WHEN", "NAME", "EQUAL"] and len(kinds) == 3 and here.entry[1] == "actions":
        yield from _words(ACTIONS, "choice", at.start, at.end)
    elif here.opening != "LBRACE" or kinds[-1] in ("EQUAL", "PLUS"):
        yield from values(at, text)


def _entry(at: Context) -> Iterator[Completion]:
    here, kinds = at.here, at.here.kinds
    if at.declared == "STUDY" and not kinds:
        yield from _words(_STUDY, "keyword", at.start, at.end)
        return
    if kinds == ["WHEN"]:
        yield from _words(("env", "actions"), "keyword", at.start, at.end)
        return
    if kinds == ["ALLOW"]:
        for code in (lint.code for lint in every_lint()):
            yield Completion(code.id, "code", at.start, at.end, code.id, code.title, code_text(code))
        return
    if not kinds:
        yield from _words(_ENTRIES, "keyword", at.start, at.end)
    paths = here.entry[1:] if kinds[:1] in (["UNSET"], ["VARY"]) else here.entry
    if any(token.type not in ("NAME", "DOT") for token in paths) or (paths and paths[-1].type == "NAME"):
        return
    start, end = paths[0].start_pos or 0 if paths else at.start, at.end
    for token in at.rest if at.end > at.start else ():
        if token.type not in ("NAME", "DOT"):
            break
        end = end_of(token)
    written = at.prefix + spelt(paths)
    for path in sorted(VOCABULARY.paths, key=lambda path: (path.count("."), path)):
        if path.startswith(written):
            slots = VOCABULARY.places(path)[0].slots
            text = path.removeprefix(at.prefix)
            yield Completion(text, "path", start, end, text, slots[0].doc, slot_text(path, slots[0]))
