"""Read a file and everything that it imports, each file once.

Nothing is searched for: an import names one file relative to the importing one, or a shipped spec.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from taxon.data import specs_dir
from taxon.diagnostics.model import Diagnostic, Label, Severity
from taxon.diagnostics.source import Source, Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes, elsewhere
from taxon.semantics.values import quoted, shortened
from taxon.syntax import parse, tree
from taxon.syntax.parser import LARGEST
from taxon.syntax.printing import string
from taxon.syntax.reading import SUFFIX, read

# What one spec may have read, with all that it imports; a single file has `parser.LARGEST`.
MOST_FILES = 1000
MOST_CHARACTERS = 8 * LARGEST

TEXT = "<text>"  # the name of what is read from no file

# A cycle longer than this is shown by its ends.
_CHAIN = 8


@dataclass(eq=False)
class Unit:
    """One file: its tree, and where its imports lead (an import that leads nowhere is absent)."""

    path: Path
    file: tree.File
    diagnostics: list[Diagnostic]
    imports: list[tuple[tree.Import, Path]] = field(default_factory=list)
    shipped: dict[str, Path] = field(default_factory=dict)  # `std.x` as it is written here, and its file

    @property
    def complete(self) -> bool:
        """Whether the tree holds all that the text says: no part was lost to a syntax error."""
        return not any(
            diagnostic.severity is Severity.ERROR and diagnostic.code.id.startswith("TX0")
            for diagnostic in self.diagnostics
        )


@dataclass
class Library:
    """Files by their real paths, in the order in which they are complete: imports come before their importers."""

    root: Path  # the file that was given; absent from `units` where it could not be read
    texts: Mapping[Path, str] = field(default_factory=dict)  # what to read instead of the files at these real paths
    units: dict[Path, Unit] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)  # of finding and reading files
    files: int = 0  # read so far
    characters: int = 0  # in them


def shipped_path(name: str) -> Path:
    """The file of the shipped spec `std.name`."""
    return specs_dir() / f"{name}.tx"


def shipped_names() -> list[str]:
    """The names after `std.`."""
    return sorted(path.stem for path in specs_dir().glob("*.tx"))


def load(path: Path, name: str, texts: Mapping[Path, str] | None = None, named: Sequence[tree.Path] = ()) -> Library:
    """Read `path` (shown as `name`) and, transitively, its imports.

    A file that cannot be read is a diagnostic; without a place where it was named it has no label. `texts` are read
    instead of the files at these real paths. `named` are references from outside the file, read as its own are.
    """
    real = _real(path)
    library = Library(real, texts or {})
    unit = _open(path, real, name, None, library)
    if unit is None:
        return library
    # A walk in depth without recursion: a chain of imports may be longer than Python's stack.
    open_now: dict[Path, int] = {real: 0}
    units = [unit]
    trail: list[Span] = []
    walks = [_wanted(unit, library, named)]
    while walks:
        step = next(walks[-1], None)
        if step is None:
            done = units.pop()
            walks.pop()
            del open_now[done.path]
            library.units[done.path] = done
            if trail:
                trail.pop()
            continue
        span, target, shown = step
        real = _real(target)
        if real in open_now:
            library.diagnostics.append(_cycle(units[open_now[real] :], trail[open_now[real] :], span))
            continue
        if real in library.units:
            continue
        unit = _open(target, real, shown, span, library)
        if unit is not None:
            open_now[real] = len(units)
            units.append(unit)
            trail.append(span)
            walks.append(_wanted(unit, library))
    return library


def _real(path: Path) -> Path:
    """One name for one file, through symbolic links."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # a character that no path has: reading it says so
        return path


def _open(path: Path, real: Path, name: str, span: Span | None, library: Library) -> Unit | None:
    text = library.texts[real] if real in library.texts else read(path)
    if isinstance(text, Diagnostic):
        if span is None:
            library.diagnostics.append(text)
        else:
            library.diagnostics.append(_unreadable(name, span, text.message.rpartition("` ")[2]))
        return None
    written = text if isinstance(text, str) else text.text
    if span is not None and (library.files == MOST_FILES or library.characters + len(written) > MOST_CHARACTERS):
        limits = f"a spec reads at most {MOST_FILES:,} files with {MOST_CHARACTERS:,} characters together"
        library.diagnostics.append(_unreadable(name, span, "one file too many", limits))
        return None
    library.files += 1
    library.characters += len(written)
    shipped = name == f"std.{path.stem}"
    file, found = _parsed_once(name, written) if shipped else parse(Source(name, written, is_file=name != TEXT))
    library.diagnostics += found
    return Unit(real, file, list(found))


@lru_cache(maxsize=128)
def _parsed_once(name: str, text: str) -> tuple[tree.File, Sequence[Diagnostic]]:
    """A shipped spec, which nearly every other reads, is parsed once."""
    file, found = parse(Source(name, text))
    return file, tuple(found)


def _unreadable(name: str, span: Span, label: str, help: str = "") -> Diagnostic:
    labels = (Label(span, label, primary=True),)
    return Diagnostic(codes.UNREADABLE_IMPORT, f"cannot import `{shortened(name)}`", labels, help=help)


def _wanted(unit: Unit, library: Library, named: Sequence[tree.Path] = ()) -> Iterator[tuple[Span, Path, str]]:
    """The files that a file names: by `import`, and by `std.` in `extends`, in `with` and in studies."""
    for statement in unit.file.imports:
        target = _target(statement.target, unit, library)
        if target is not None:
            path, shown = target
            unit.imports.append((statement, _real(path)))
            yield statement.target.span, path, shown
    for reference in (*_references(unit.file), *named):
        if not reference.text.startswith("std.") or reference.text in unit.shipped:
            continue
        target = _target(reference, unit, library)
        if target is not None:
            unit.shipped[reference.text] = _real(target[0])
            yield reference.span, *target


def _references(file: tree.File) -> Iterator[tree.Path]:
    for declaration in file.declarations:
        match declaration:
            case tree.Algorithm(parent=parent, mixins=mixins):
                if parent is not None:
                    yield parent
                yield from mixins
            case tree.Study() | tree.Tune():
                yield from (path for path, _ in study_references(declaration))


def study_references(
    study: tree.Study | tree.Tune,
) -> Iterator[tuple[tree.Path, type[tree.Algorithm | tree.Architecture]]]:
    """The names of other declarations that a study or a tune gives, and what each is meant to be: in `base`, behind
    `with` and in `ladder`."""
    for entry in study.entries:
        values: Sequence[tree.Expression] = ()
        kind: type[tree.Algorithm | tree.Architecture] = tree.Algorithm
        match entry:
            case tree.Assignment(path=tree.Path(names=(tree.Name(text="base"),)), value=value):
                values = value.items if isinstance(value, tree.List) else (value,)
            case tree.Assignment(path=tree.Path(names=(tree.Name(text="ladder"),)), value=tree.Call(arguments=given)):
                values = [each.value for each in given if each.name is None or each.name.text in ("from", "to")]
            case tree.Mixed(mixins=mixins) | tree.Offered(mixins=mixins):
                values, kind = mixins.items, tree.Architecture
        yield from ((reference_path(value), kind) for value in values if isinstance(value, tree.Reference))


def reference_path(reference: tree.Reference) -> tree.Path:
    """A name that is used as a value, as a path of which each part has the span of the whole."""
    span = reference.span
    return tree.Path(tuple(tree.Name(name, span) for name in reference.name.split(".")), span)


def _target(target: tree.String | tree.Path, unit: Unit, library: Library) -> tuple[Path, str] | None:
    if isinstance(target, tree.Path):
        return _shipped(target, library)
    text = target.value
    if os.path.isabs(text) or not text:
        reason = "an import is relative to the file that it stands in"
        library.diagnostics.append(_unreadable(text, target.span, "not a relative path", reason))
        return None
    if not text.endswith(SUFFIX):
        reason = f"a spec reads specs alone: files whose names end in `{SUFFIX}`"
        library.diagnostics.append(_unreadable(text, target.span, f"no {SUFFIX} file", reason))
        return None
    folder = os.path.dirname(unit.file.source.name)
    path = unit.path.parent / text
    if not _exists(path):
        library.diagnostics.append(_missing(target, path))
        return None
    shown = os.path.normpath(os.path.join(folder, text))
    return path, f"std.{path.stem}" if _real(path) == _real(shipped_path(path.stem)) else shown


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a character that no path has
        return False


def _missing(target: tree.String, path: Path) -> Diagnostic:
    try:
        siblings = sorted(sibling.name for sibling in path.parent.iterdir() if sibling.suffix == SUFFIX)
    except (OSError, ValueError):
        siblings = []
    meant = nearest(path.name, siblings)

    def spell(name: str) -> str:
        return f"{target.value.rpartition('/')[0]}/{name}" if "/" in target.value else name

    return Diagnostic(
        codes.UNREADABLE_IMPORT,
        f"cannot import `{shortened(target.value)}`",
        (Label(target.span, "does not exist", primary=True),),
        help=f"did you mean `{spell(meant)}`?" if meant else "",
        edit=correction(target.span, path.name, siblings, lambda name: string(spell(name))),
    )


def _shipped(target: tree.Path, library: Library) -> tuple[Path, str] | None:
    """`std.file` or `std.file.name`."""
    names = [name.text for name in target.names]
    known = shipped_names()
    if names[0] != "std" or len(names) < 2:
        message = f"`{shortened(target.text)}` names no file"
        hint = f'a file is imported by its path, `import "{names[-1]}.tx"`, and a shipped spec as `std.name`'
        library.diagnostics.append(
            Diagnostic(codes.UNREADABLE_IMPORT, message, (Label(target.span, "no file", primary=True),), help=hint)
        )
        return None
    if names[1] not in known:
        span = target.names[1].span
        edit = correction(span, names[1], known)
        other = elsewhere.algorithm(names[1]) if edit is None or not edit.safe else None
        meant = nearest(names[1], known) if other is None else None
        written = span.text == names[1]  # the parts of a study's base share one span
        library.diagnostics.append(
            Diagnostic(
                codes.UNREADABLE_IMPORT,
                f"there is no shipped spec `std.{shortened(names[1])}`",
                (Label(span, "unknown", primary=True),),
                help=other.help("", names[1])
                if other
                else f"did you mean `std.{meant}`?"
                if meant
                else f"shipped are {quoted(known)}",
                edit=edit if written and other is None else None,
            )
        )
        return None
    return shipped_path(names[1]), f"std.{names[1]}"


def _cycle(units: list[Unit], trail: list[Span], last: Span) -> Diagnostic:
    """A circle of files. `trail` holds the import that leads to each of `units` but the first."""
    names = [unit.file.source.name for unit in units]
    shown = names if len(names) <= _CHAIN else [*names[:4], "...", *names[-3:]]
    chain = " -> ".join([*shown, names[0]])
    labels = [Label(last, "closes the circle", primary=True)]
    labels += [Label(span, f"imports `{name}`") for span, name in list(zip(trail, names[1:], strict=True))[:_CHAIN]]
    return Diagnostic(
        codes.IMPORT_CYCLE,
        "the file imports itself" if len(names) == 1 else "files that import each other in a circle",
        tuple(labels),
        notes=(chain,),
        help="move what they share into a file that both import" if len(names) > 1 else "remove the import",
    )
