"""taxon new: a spec to begin with."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.parameters import Sets, Unsets
from taxon.cli.arguments.sides import fail
from taxon.cli.screen.describing import paragraph
from taxon.cli.screen.writing import write
from taxon.cli.specs.reporting import Format, exit_code, report
from taxon.diagnostics.source import Source
from taxon.diagnostics.suggest import did_you_mean
from taxon.diagnostics.visible import visible
from taxon.semantics import check_file, elsewhere, load_spec
from taxon.semantics.ladder.rungs import written
from taxon.semantics.loading import shipped_names
from taxon.semantics.overrides import read_overrides
from taxon.semantics.values import takes
from taxon.syntax import printing
from taxon.syntax.formatting import formatted
from taxon.taxonomy import FACTORS, SCHEMA
from taxon.taxonomy.schema import Row

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def new(
    name: Annotated[str, typer.Argument(help="The algorithm's name, and the file's without --out.")],
    parent: Annotated[
        str | None,
        typer.Option("--from", help="The shipped spec to extend, such as sac.", autocompletion=completing.shipped),
    ] = None,
    set: Sets = None,
    unset: Unsets = None,
    out: Annotated[Path | None, typer.Option(help="The file to write, in place of NAME.tx.")] = None,
) -> None:
    """Write a spec that `taxon check` accepts: the seven factors with comments, or with --from a spec that extends one.

    Exit code 0: written; 1: a --set is refused; 2: the file is there already or cannot be written. Nothing is
    overwritten.
    """
    if not _NAME.fullmatch(name):
        fail(f"`{name}` is no name for an algorithm", "a name has letters, digits and `_`, no digit first")
    path = out if out is not None else Path(f"{name}.tx")
    lines = (
        _template(name, _first_row(set or [], unset or []))
        if parent is None
        else _extension(name, parent, set or [], unset or [])
    )
    source = Source(str(path), "\n".join([*lines, ""]))
    found = check_file(path, texts={Path(os.path.realpath(path)): source.text})
    if found:
        report(found, Format.FULL, error_stream=True)
    if exit_code(found):
        write(f"{visible(str(path))} is not written", error_stream=True)
        raise typer.Exit(exit_code(found))
    text = formatted(source)
    assert isinstance(text, str)  # a page of text is no large file
    _save(path, text)
    write(f"wrote {visible(str(path))}")


def _extension(name: str, parent: str, sets: Sequence[str], unsets: Sequence[str]) -> Iterator[str]:
    """The lines of a spec that extends a shipped one."""
    base = parent.removeprefix("std.")
    known = shipped_names()
    if base not in known:
        other = elsewhere.algorithm(base)
        near = other.help("", base) if other is not None else did_you_mean(base, known)
        fail(f"there is no shipped spec `{base}`", near or "`taxon list` lists them")
    entries = _entries(sets, unsets)
    yield from ["taxon 1", f"import std.{base}", ""]
    said = ", ".join(entry if "\n" not in entry else f"{entry.partition(' {')[0]} {{ ... }}" for entry in entries)
    yield f"/// {base}{f' with {said}' if said else ', as it ships'}."
    yield f"algorithm {name} extends std.{base} {{"
    yield from entries
    yield "}"


def _entries(sets: Sequence[str], unsets: Sequence[str]) -> list[str]:
    """What `--set` and `--unset` say, as it is written in a spec; where it cannot be read, the command ends."""
    entries, found = read_overrides(sets, unsets)
    if found:
        report(found, Format.FULL, error_stream=True)
        raise typer.Exit(exit_code(found))
    return [printing.entry(entry) for entry in entries]


def _first_row(sets: Sequence[str], unsets: Sequence[str]) -> Row:
    """The row that a template shows: the first of the shipped ones, with these settings; where they are refused, the
    command ends. Warnings wait for the spec that is written."""
    resolution = load_spec(
        next(name for name in shipped_names() if load_spec(name).row is not None), sets, unsets=unsets
    )
    if resolution.row is None:
        report(resolution.diagnostics, Format.FULL, error_stream=True)
        raise typer.Exit(exit_code(resolution.diagnostics))
    return resolution.row


def _template(name: str, row: Row) -> Iterator[str]:
    """The lines of a spec with a row's factors, each with what it takes, and whatever else is not its default."""
    yield from ["taxon 1", ""]
    yield f"/// {name}: what it is, and where its constants come from. The values below are those of {row.name}."
    yield "///"
    yield "/// `taxon doc` lists every path, and `taxon doc PATH` says what its values mean."
    yield f"algorithm {name} {{"
    yield "# the seven factors"
    for path in FACTORS:
        yield ""
        yield from paragraph(f"{path}: {SCHEMA[path].doc}; takes {takes(SCHEMA[path])}", "# ")
        yield f"{path} = {written(row, path)}"
    yield from ["", "# the data, and what else is not its default"]
    for path, slot in SCHEMA.items():
        if path not in FACTORS and path in row and (text := written(row, path)) != slot.default:
            yield f"{path} = {text}"
    yield "}"


def _save(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        fail(f"{path} is there already", "name another file with --out")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fail(f"{path} cannot be written: {reason}", "name another file with --out")
