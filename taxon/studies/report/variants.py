"""What a study compares, as tables and figures name it: a line for each combination of levels that is another row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taxon.diagnostics.visible import visible
from taxon.semantics.studies import EDITED, Cell, Study
from taxon.studies.report.recorded import Key
from taxon.taxonomy.schema import Row

_NAMES = ("base", "with", "ladder")  # factors whose levels are names of rows or mixins, which say enough
_LONGEST = 60  # characters of a label


@dataclass(frozen=True)
class Variant:
    """Combinations of levels whose rows are equal in every environment: the first gives it its label."""

    label: str
    cells: tuple[str, ...]  # their full names
    hashes: Mapping[str, str]  # by environment; one in which it is left out is not there
    rows: Mapping[str, Row]
    lints: Mapping[str, tuple[str, ...]]
    edited: str  # the SHA-256 of the module that was trained in place of what is emitted of the rows, or nothing

    def key(self, environment: str) -> Key:
        """The key of its cell; nothing has it where the variant is left out."""
        return self.hashes.get(environment, ""), environment


def variants(study: Study) -> list[Variant]:
    """In the order of the study's cells."""
    by_levels: dict[tuple[str, ...], list[Cell]] = {}
    for cell in study.cells:
        if not cell.left_out:
            by_levels.setdefault(cell.levels, []).append(cell)
    groups: dict[tuple[tuple[str, str], ...], list[list[Cell]]] = {}
    for cells in by_levels.values():
        groups.setdefault(tuple((cell.environment, cell.hash) for cell in cells), []).append(cells)
    labels = _labels(study)
    return [
        Variant(
            labels[same[0][0].levels],
            tuple(cells[0].name for cells in same),
            {cell.environment: cell.hash for cell in same[0]},
            {cell.environment: cell.row for cell in same[0] if cell.row is not None},
            {cell.environment: cell.lints for cell in same[0] if cell.lints},
            same[0][0].edited,
        )
        for same in groups.values()
    ]


def _labels(study: Study) -> dict[tuple[str, ...], str]:
    """Levels, with the factor's name where they are values; numbered where labels would be equal."""
    found: dict[tuple[str, ...], str] = {}
    for cell in study.cells:
        parts = [_part(study, place, level) for place, level in enumerate(cell.levels)]
        label = (visible(", ".join(parts)) or study.name) + (f" ({EDITED})" if cell.edited else "")
        label = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
        taken = {other for levels, other in found.items() if levels != cell.levels}
        found[cell.levels] = label if label not in taken else f"{label} ({len(taken) + 1})"
    return found


def _part(study: Study, place: int, level: str) -> str:
    factor = study.factors[place]
    short = factor.name.rpartition(".")[2]
    unique = sum(other.name.rpartition(".")[2] == short for other in study.factors) == 1
    if factor.about in _NAMES:
        return level.removeprefix("std.")
    if level[:2] in ("+ ", "- "):
        return {"+ ": "with ", "- ": "without "}[level[:2]] + level[2:]
    return f"{short if unique else factor.name} = {level}"
