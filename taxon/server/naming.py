"""Names that may be written at the cursor: of declarations and files, and of paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lark import Token

from taxon.semantics.loading import shipped_names, shipped_path
from taxon.server.context import Context, end_of, spelt
from taxon.server.describing import slot_text
from taxon.server.item import Completion
from taxon.server.view import VOCABULARY, Texts, View, view
from taxon.syntax import tree


def words(members: Iterable[str], kind: str, start: int, end: int) -> Iterator[Completion]:
    """Each member of a closed set as it is."""
    return (Completion(word, kind, start, end, word) for word in members)


def named(
    at: Context, written: str, kind: type[tree.Algorithm | tree.Architecture] | None, path: Path, texts: Texts
) -> Iterator[Completion]:
    """Names of declarations of a kind, or of files if `kind` is None, after what is written of them already."""
    parts = written.split(".")
    if parts == ["std", ""]:
        yield from words(shipped_names(), "file", at.start, at.end)
    elif len(parts) == 3 and parts[0] == "std" and parts[1] in shipped_names() and kind is not None and not parts[2]:
        shipped = view(shipped_path(parts[1]), texts)
        names = [each.name for each in shipped.scope.own(shipped.library.root) if isinstance(each.declaration, kind)]
        yield from words(names, "name", at.start, at.end)
    elif not written:
        yield from words(("std",), "file", at.start, at.end)
        yield from words(_visible(view(path, texts), kind), "name", at.start, at.end)


def _visible(seen: View, kind: type[tree.Algorithm | tree.Architecture] | None) -> list[str]:
    return [] if kind is None else sorted({each.name for each in seen.visible() if isinstance(each.declaration, kind)})


def below(at: Context, paths: list[Token]) -> Iterator[Completion]:
    """The paths that begin with what is written of one, in the blocks around the cursor."""
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
