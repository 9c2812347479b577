"""`--set path=value`: an entry written on the command line, read by the language's own parser."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from taxon.diagnostics.model import Code, Diagnostic, Label
from taxon.diagnostics.source import Source, Span
from taxon.semantics import codes
from taxon.semantics.values import shortened
from taxon.syntax import parse, tree

_BEFORE = "taxon 1\nalgorithm set {\n"
_AFTER = "\n}\n"
_HELP = "write `--set gamma=0.995`, once for each path"


def read_override(text: str) -> tuple[tree.Assignment | None, list[Diagnostic]]:
    """Read one `path=value`; every span lies in a source of its own, named `--set`."""
    source = Source("--set", text)
    file, found = parse(Source("--set", _BEFORE + text + _AFTER))
    if found:
        return None, [_moved(diagnostic, source) for diagnostic in found]
    entries = [entry for declaration in file.declarations for entry in declaration.entries]
    match file.declarations, entries:
        case [tree.Algorithm()], [tree.Assignment() as entry]:
            return _moved(entry, source), []
    message = f"`{shortened(text)}` is no setting"
    label = Label(Span(source, 0, len(text)), "not one `path=value`", primary=True)
    return None, [Diagnostic(codes.BAD_OVERRIDE, message, (label,), help=_HELP)]


def _moved(node: Any, source: Source) -> Any:
    """The same node with its spans in `source` instead of the text that surrounds it for the parser."""
    if isinstance(node, Span):
        size = len(source.text)
        start = min(max(node.start - len(_BEFORE), 0), size)
        return Span(source, start, min(max(node.end - len(_BEFORE), start), size))
    if isinstance(node, tuple):
        return tuple(_moved(part, source) for part in node)
    if is_dataclass(node) and not isinstance(node, Code | type):
        return type(node)(**{field.name: _moved(getattr(node, field.name), source) for field in fields(node)})
    return node
