"""Python, taxon and the packages that it needs or can use, from what is installed and without importing any of it."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from taxon.cli.doctoring.finding import Finding, State
from taxon.version import VERSION

NAME = "taxon-rl"
OLDEST = (3, 11)
OF_DEVELOPERS = ("dev", "docs")
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([A-Za-z0-9._-]+)['"]""")


def findings() -> Iterator[Finding]:
    """Python and taxon, what taxon needs, and its extras."""
    yield python()
    installed = taxon_itself()
    if installed is None:
        help = f"install it, as in pip install {NAME}, so that its extras are known"
        yield Finding("taxon", State.NOTE, f"{VERSION}, run from its sources", help)
        return
    yield Finding("taxon", State.FINE, VERSION)
    yield needed(installed)
    yield from extras(installed)


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """The interpreter; version: of another one."""
    said = f"{platform.python_implementation()} {'.'.join(map(str, version))}, {sys.executable}"
    if version < OLDEST:
        return Finding("Python", State.WRONG, said, f"install Python {'.'.join(map(str, OLDEST))} or a later one")
    return Finding("Python", State.FINE, said)


def taxon_itself() -> Distribution | None:
    """taxon as it was installed; None where it runs from its sources alone."""
    try:
        return distribution(NAME)
    except PackageNotFoundError:
        return None


def needed(installed: Distribution) -> Finding:
    """The packages without which taxon does not train."""
    missing = [name for name in _required(installed, None) if version_of(name) is None]
    if missing:
        return Finding("packages", State.WRONG, f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    return Finding("packages", State.FINE, "all that training needs are installed")


def extras(installed: Distribution) -> Iterator[Finding]:
    """What else can be installed with taxon."""
    names = [name for name in installed.metadata.get_all("Provides-Extra") or [] if name not in OF_DEVELOPERS]
    there: list[str] = []
    absent: list[str] = []
    for name in sorted(names):
        missing = [each for each in _required(installed, name) if version_of(each) is None]
        (absent if missing else there).append(name)
    said = f"installed: {', '.join(there) or 'none'}; not: {', '.join(absent) or 'none'}"
    help = f"for one of them: pip install '{NAME}[{absent[0]}]'" if absent else ""
    yield Finding("extras", State.FINE, said, help)


def version_of(package: str) -> str | None:
    """The version of an installed package; None where it is not installed."""
    try:
        return distribution(package).version
    except PackageNotFoundError:
        return None


def _required(installed: Distribution, extra: str | None) -> Iterator[str]:
    """What taxon needs by itself, or beside that for an extra; what is for other Pythons alone is passed over."""
    for requirement in installed.requires or []:
        what, _, marker = requirement.partition(";")
        of = _EXTRA.search(marker)
        if (None if of is None else of[1]) != extra or not _meant(marker):
            continue
        name = _REQUIREMENT.match(what.strip())
        if name is not None:
            yield name[1]


def _meant(marker: str) -> bool:
    """Whether a requirement is meant for this Python, as far as its marker compares versions."""
    compared = re.search(r"""python_version\s*<\s*['"](\d+)\.(\d+)['"]""", marker)
    return compared is None or sys.version_info[:2] < (int(compared[1]), int(compared[2]))
