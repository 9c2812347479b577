"""The installed packages that extend the language, found by their entry points.

`importlib.metadata` would do it, but takes 35 ms to import and 12 to read, with a hundred packages; this takes three.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUP = "taxon.extensions"
_METADATA = (".dist-info", ".egg-info")


@dataclass(frozen=True)
class EntryPoint:
    """An entry point of an installed package: `module:object`."""

    package: str
    version: str
    target: str


def entry_points() -> list[EntryPoint]:
    """Those of the group in all that is installed, by the packages' names.

    What lies in the working directory is not installed: `python -m` puts that on the path, and it may be a stranger's.
    """
    here = os.path.realpath(".")
    found: dict[str, list[EntryPoint]] = {}
    for place in sys.path:
        if place and os.path.realpath(place) != here:
            for folder in _metadata(place):
                # The first of a name hides the others, as it does when a module is imported.
                found.setdefault(normal(folder.name.rpartition(".")[0].partition("-")[0]), list(_read(folder)))
    return sorted(
        (each for several in found.values() for each in several), key=lambda each: (each.package, each.target)
    )


def normal(name: str) -> str:
    """A package's name as code writes it: `taxon-square` and `Taxon.Square` are `taxon_square`."""
    return re.sub(r"[-_.]+", "_", name).lower()


def _metadata(place: str) -> Iterator[Path]:
    """The folders with a package's metadata, in a folder of the path."""
    try:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(_METADATA))
    except OSError:  # a zip file, or nothing
        return
    yield from (Path(place, name) for name in names)


def _read(folder: Path) -> Iterator[EntryPoint]:
    text = _text(folder / "entry_points.txt")
    if GROUP not in text:
        return
    header = (_text(folder / "METADATA") or _text(folder / "PKG-INFO")).partition("\n\n")[0]
    about = dict(re.findall(r"^(Name|Version): *(.+?) *$", header, re.MULTILINE))
    name = about.get("Name", folder.name.partition("-")[0])
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and "=" in line and not line.startswith(("#", ";")):
            yield EntryPoint(name, about.get("Version", ""), line.partition("=")[2].strip())


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
