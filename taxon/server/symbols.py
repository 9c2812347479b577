"""The declarations of a document with what they say, and those of all specs by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxon.diagnostics.source import Source, Span
from taxon.server.usage import files, text_of
from taxon.server.view import Texts
from taxon.syntax import parse, tree

# Symbols of a workspace in one answer: an editor shows fewer, and sends another request as its user types on.
MOST = 500

_DECLARES = re.compile(r"\b(?:algorithm|architecture|study|tune)\s+(\w+)")


@dataclass(frozen=True)
class Item:
    """A declaration, or an entry of one: its name, the span that names it, and all that it spans."""

    name: str
    kind: str  # "algorithm", "architecture", "study", "tune", "group", "path" or "condition"
    detail: str
    name_span: Span
    span: Span
    below: tuple[Item, ...] = ()


def outline(file: tree.File) -> list[Item]:
    """The declarations of a document. What is written within a syntax error is none."""
    return [_declaration(declaration) for declaration in file.declarations]


def named_like(query: str, texts: Texts, folders: Sequence[Path]) -> list[tuple[Path, Item]]:
    """The declarations, of specs that are open or lie in some folders, whose names have the characters of a query in
    its order; at most MOST of them. Raises OSError where a folder cannot be read."""
    found: list[tuple[Path, Item]] = []
    for path in files(texts, folders):
        text = text_of(path, texts)
        if not any(_like(name, query) for name in _DECLARES.findall(text)):
            continue
        found += [(path, item) for item in outline(parse(Source(str(path), text))[0]) if _like(item.name, query)]
        if len(found) >= MOST:
            break
    return found[:MOST]


def _like(name: str, query: str) -> bool:
    rest = iter(name.lower())
    return all(character in rest for character in query.lower())


def _declaration(declaration: tree.Declaration) -> Item:
    kind, detail = "study", ""
    match declaration:
        case tree.Algorithm(parent=parent, mixins=mixins):
            kind = "algorithm"
            parts = [f"extends {parent.text}"] if parent is not None else []
            parts += [f"with {', '.join(mixin.text for mixin in mixins)}"] if mixins else []
            detail = " ".join(parts)
        case tree.Architecture():
            kind = "architecture"
        case tree.Tune():
            kind = "tune"
    name = declaration.name
    below = tuple(_entries(declaration.entries))
    return Item(name.text, kind, detail, _within(name.span, declaration.span), declaration.span, below)


def _entries(entries: Sequence[tree.AnyEntry]) -> Iterator[Item]:
    for entry in entries:
        match entry:
            case tree.Assignment(path=path, value=value):
                yield Item(path.text, "path", _line(value.span), path.span, entry.span)
            case tree.Unset(path=path):
                yield Item(path.text, "path", "unset", path.span, entry.span)
            case tree.Vary(path=path, values=values):
                name = "" if entry.name is None else f"{entry.name.text} = "
                yield Item(f"{name}{path.text}", "path", f"in {_line(values.span)}", path.span, entry.span)
            case tree.Mixed(name=factor, mixins=mixins):
                yield Item(factor.text, "path", f"with {_line(mixins.span)}", factor.span, entry.span)
            case tree.Search(path=path, space=space):
                yield Item(path.text, "path", f"in {_line(space.span)}", path.span, entry.span)
            case tree.Offered(name=offered, mixins=mixins):
                yield Item(offered.text, "path", f"with {_line(mixins.span)}", offered.span, entry.span)
            case tree.Claim(name=claim, value=value):
                yield Item(f"claim {claim.text}", "condition", _line(value.span), claim.span, entry.span)
            case tree.Block(path=path):
                yield Item(path.text, "group", "", path.span, entry.span, tuple(_entries(entry.entries)))
            case tree.When(subject=subject, value=value):
                name = f"when {subject.text} = {_line(value.span)}"
                place = _within(subject.span.to(value.span), entry.span)
                yield Item(name, "condition", "", place, entry.span, tuple(_entries(entry.entries)))


def _line(span: Span) -> str:
    return " ".join(span.text.split())


def _within(inner: Span, outer: Span) -> Span:
    """What an editor requires: the name lies within the whole."""
    start, end = max(inner.start, outer.start), min(inner.end, outer.end)
    return Span(outer.source, start, max(start, end))
