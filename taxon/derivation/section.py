"""The parts of a derivation as data."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.derivation.places import Place


@dataclass(frozen=True)
class Section:
    """One step of the derivation.

    `text` is prose; mathematics in it stands between dollars. `equations` are LaTeX, one line each, of the commands
    that `notation` knows. `paths` are the row's leaves that decide the section. `anchors` begin the lines of the
    emitted module that compute it: a text, or the name of a method, a colon and a text.
    """

    title: str
    paths: tuple[str, ...]
    text: str
    equations: tuple[str, ...]
    source: str
    anchors: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A section and where the emitted module computes it."""

    section: Section
    choices: tuple[str, ...]  # `path = value`
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Derivation:
    """All of a row's steps."""

    name: str
    factors: dict[str, str]  # the row of Table 1
    steps: tuple[Step, ...]
