"""Children of a spec that stand in no file: `--set` and `--unset`, and what a program adds; read by the language's own
parser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taxon.diagnostics.model import Diagnostic, Label
from taxon.diagnostics.source import Source, Span
from taxon.semantics import codes
from taxon.semantics.values import shortened
from taxon.syntax import parse_entries, tree

SET, UNSET = "--set", "--unset"  # the names of what stands on the command line

_SET = "write `--set gamma=0.995`, once for each path"
_UNSET = "write `--unset eta`, once for each path"


@dataclass(frozen=True)
class Child:
    """The body of an algorithm that extends a spec, and the architectures that it mixes in, by names of that spec's
    file; diagnostics: what is wrong with how they are written."""

    entries: tuple[tree.Entry, ...]
    mixins: tuple[tree.Path, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def read_child(source: Source, mixins: Sequence[str] = ()) -> Child:
    """A child with the entries of a text."""
    entries, found = parse_entries(source)
    return Child(entries, tuple(map(_named, mixins)), tuple(found))


def _named(text: str) -> tree.Path:
    span = Span(Source("with", text), 0, len(text))
    return tree.Path(tuple(tree.Name(name, span) for name in text.split(".")), span)


def read_overrides(sets: Sequence[str], unsets: Sequence[str] = ()) -> tuple[list[tree.Entry], list[Diagnostic]]:
    """The entries that a child of the spec would have, and what is wrong with them.

    Args:
        sets: each one entry that says a value: `path=value`, a block, or a `when`.
        unsets: each the path of an `unset`.
    """
    entries: list[tree.Entry] = []
    found: list[Diagnostic] = []
    for text in sets:
        found += _read(Source(SET, text), (tree.Assignment, tree.Block, tree.When), text, _SET, entries)
    for text in unsets:
        found += _read(Source(UNSET, f"unset {text}"), (tree.Unset,), text, _UNSET, entries)
    return entries, found


def _read(
    source: Source, kinds: tuple[type[tree.Entry], ...], text: str, help: str, entries: list[tree.Entry]
) -> list[Diagnostic]:
    """Add the one entry of a text, which is of one of these kinds."""
    read, found = parse_entries(source)
    if found:
        return found
    if len(read) == 1 and isinstance(read[0], kinds):
        entries += read
        return []
    if len(read) == 1 and isinstance(read[0], tree.Unset):
        help = f"write `--unset {read[0].path.text}`"
    label = Label(Span(source, 0, len(source.text)), f"not one entry for `{source.name}`", primary=True)
    return [Diagnostic(codes.BAD_OVERRIDE, f"`{shortened(text)}` is no setting", (label,), help=help)]
