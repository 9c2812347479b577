"""What a study comes to, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from taxon.semantics.studies.model import Run, Study

# Of what may be many only the first are named.
_MOST = 4


def summary(study: Study) -> list[str]:
    """The size of the grid; then which cells are left out, which share a run, and what is foreseen."""
    return [_grid(study), *_left_out(study), *_shared(study.runs), *_foreseen(study.runs)]


def _grid(study: Study) -> str:
    cells, runs, claims = len(study.cells), len(study.runs), len(study.claims)
    trained = sum(run.seeds.most for run in study.runs)
    seeds = f"{'up to ' if any(run.seeds.adaptive for run in study.runs) else ''}{_several(trained, 'seed')}"
    where = _several(len(study.environments), "environment")
    claimed = f"; {_several(claims, 'claim')}" if claims else ""
    return f"study {study.name}: {_several(cells, 'cell')} on {where}, {_several(runs, 'run')} with {seeds}{claimed}"


def _left_out(study: Study) -> Iterator[str]:
    reasons = Counter(cell.left_out for cell in study.cells if cell.left_out)
    if reasons:
        shown = [f"{count} {why}" for why, count in reasons.most_common(_MOST)]
        rest = len(reasons) - len(shown)
        more = f"; {_several(rest, 'other reason')}" if rest else ""
        yield f"  left out: {'; '.join(shown)}{more}"


def _shared(runs: Sequence[Run]) -> Iterator[str]:
    """Cells with equal rows."""
    groups = list(dict.fromkeys(run.cells for run in runs if len(run.cells) > 1))
    for cells in groups[:_MOST]:
        yield f"  one run for equal rows: {' | '.join(cells)}"
    if len(groups) > _MOST:
        yield f"  and {_several(len(groups) - _MOST, 'more such group')}"


def _foreseen(runs: Sequence[Run]) -> Iterator[str]:
    codes = Counter(code for run in runs for code in dict.fromkeys(run.lints))
    if codes:
        yield "  foreseen: " + ", ".join(f"{code} in {_several(count, 'run')}" for code, count in sorted(codes.items()))


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
