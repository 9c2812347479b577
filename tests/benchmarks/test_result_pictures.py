"""The pictures of docs/results.md: what they are drawn from, and that they are of it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks import pictures
from taxon.studies.report.runs import Run


def run(name: str, value: float) -> Run:
    curves = {seed: [(0, value), (4000, value + seed)] for seed in (0, 1, 2)}
    return Run(Path(name), name, "row", "CartPole-v1", curves, frozenset())


def test_runs_are_kept_in_place_of_older_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "CURVES", tmp_path / "curves.csv")
    pictures.keep([run("sac", 1.0), run("mpo", 2.0)], [])
    first = pictures.kept()
    assert first[1] == pictures.Point("sac", "CartPole-v1", 0, 4000, 1.0)
    assert len(first) == 12
    pictures.keep([run("sac", 5.0)], first)
    assert {(point.spec, point.value) for point in pictures.kept() if point.step == 0} == {("mpo", 2.0), ("sac", 5.0)}


def test_rows_of_the_table() -> None:
    table = (
        "| `ppo` | Hopper-v4 | `--steps 300k --seeds 3` | 3 | 3,379 ± 401 | 884 ± 298 at 307k (Tianshou) |\n| a | b |"
    )
    (line,) = pictures.lines(table)
    assert (line.spec, line.budget, line.seeds, line.ours) == ("ppo", "300k", "3", pictures.Figure(3379.0, 401.0))
    assert line.theirs == pictures.Figure(884.0, 298.0)
    (single,) = pictures.lines("| `sac` | Hopper-v4 | `--steps 100k` | 1 | 1,434 | none |")
    assert single.theirs is None
    assert math.isnan(single.ours.half)


def test_the_pictures_are_of_what_is_kept() -> None:
    shown = pictures.LEARNING.read_text("utf-8")
    for spec in {point.spec for point in pictures.kept()}:
        seeds = {point.seed for point in pictures.kept() if point.spec == spec}
        assert f">{spec} (n = {len(seeds)})<" in shown
    beside = pictures.PICTURE.read_text("utf-8")
    for line in pictures.lines(pictures.TABLE.read_text("utf-8")):
        if line.environment in pictures.ENVIRONMENTS:
            assert f">{line.spec}, {line.budget}, n = {line.seeds}<" in beside
