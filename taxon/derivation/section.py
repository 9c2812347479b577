"""The parts of a derivation as data."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.derivation.places import Place


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
