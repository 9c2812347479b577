"""taxon list: the specs that ship, and the packages that extend the language."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated

import typer

from taxon.cli.screen.columns import columns
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import BOLD, CYAN, screen
from taxon.cli.specs.reporting import Format, exit_code, report
from taxon.diagnostics.model import Diagnostic
from taxon.semantics.loading import shipped_names, shipped_path
from taxon.syntax import parse, tree
from taxon.syntax.reading import read
from taxon.taxonomy.extension import Package
from taxon.taxonomy.language import language

# A full stop ends a sentence where a capital follows; not that of "et al.", "Fig." or an initial.
_END = re.compile(r"(?<!\bal)(?<!\bFig)(?<!\b[A-Z])\.(?=\s+[A-Z])")


@dataclass(frozen=True)
class Shipped:
    """A declaration of a shipped spec."""

    name: str
    file: str  # as it is imported: `std.file`
    architecture: bool
    doc: str  # its first sentence


def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the specs that ship, the architectures that a spec can take with `with`, and the choices of packages."""
    found = shipped()
    algorithms = [each for each in found if not each.architecture]
    architectures = [each for each in found if each.architecture]
    if as_json:
        document = {
            "format_version": 1,
            "algorithms": [_data(each) for each in algorithms],
            "architectures": [_data(each) for each in architectures],
            "extensions": [
                {"package": each.name, "version": each.version, "choices": added(each)} for each in language().packages
            ],
        }
        show(json.dumps(document, indent=2))
        return
    shown = screen()
    lines = columns([[each.name, each.doc] for each in algorithms], 1, shown, None, styles=(CYAN,))
    for file in dict.fromkeys(each.file for each in architectures):
        rows = [[f"  {each.name}", each.doc] for each in architectures if each.file == file]
        title = shown.paint(f"architectures, with `import {file}`", BOLD)
        lines += ["", title, *columns(rows, 1, shown, None, styles=(CYAN,))]
    for package in language().packages:
        title = shown.paint(f"choices of {package}", BOLD)
        lines += ["", title, *(f"  {choice}" for choice in added(package))]
    show("\n".join(lines))


def added(package: Package) -> list[str]:
    """The choices of a package, each with its path."""
    return [f"{path} = {choice.key}" for path, choices in package.extension.choices.items() for choice in choices]


def shipped() -> list[Shipped]:
    """What the shipped specs declare, in the order of their files; where one cannot be read, the command ends."""
    found: list[Shipped] = []
    for name in shipped_names():
        source = read(shipped_path(name))
        if isinstance(source, Diagnostic):
            report([source], Format.FULL, error_stream=True)
            raise typer.Exit(exit_code([source]))
        for declaration in parse(source)[0].declarations:
            architecture = isinstance(declaration, tree.Architecture)
            if architecture or isinstance(declaration, tree.Algorithm):
                doc = first_sentence(declaration.doc)
                found.append(Shipped(declaration.name.text, f"std.{name}", architecture, doc))
    return found


def first_sentence(doc: str) -> str:
    """The first sentence of a doc comment on one line, without its full stop."""
    text = " ".join(doc.split())
    return _END.split(text, maxsplit=1)[0].removesuffix(".")


def _data(each: Shipped) -> dict[str, str]:
    return {"name": each.name, "import": each.file, "doc": each.doc}
