"""An adaptive study asks for more seeds until its claims are decided, and for those of no other cell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from studies.running import studying
from studies.running.stand_in import evaluation

from taxon.semantics import load_study
from taxon.studies.running import evidence
from taxon.studies.running.plan import Plan, plan
from taxon.studies.running.results import Result
from taxon.studies.running.store import State
from taxon.studies.running.units import Settings
from taxon.studies.statistics.expectation import Verdict
from taxon.studies.statistics.judge import judge

ADAPTIVE = "adaptive(3, 8, step = 2)"  # looks at 3, 5, 7 and 8 seeds


def seeds(file: Path) -> dict[str, int]:
    """How many seeds each level has in the table."""
    text = (file.parent / "tiny/results.csv").read_text().splitlines()
    return dict(Counter(line.split(",")[1] for line in text[1:]))


def difference(file: Path) -> float:
    """The effect of the noise as the stand-in makes it: seeds and steps cancel."""
    study = load_study(file).study
    assert study is not None
    low, high = (run.hash for run in study.runs)
    return evaluation(high, 0, 60) - evaluation(low, 0, 60)


def adaptive(folder: Path, margin: float, levels: tuple[float, ...] = (0.1, 0.2)) -> Path:
    claim = f"claim helps = effect(noise, levels = [0.1, 0.2], above = {margin})"
    file = studying.write(folder, levels=levels, claims=claim)
    file.write_text(file.read_text().replace("seeds = 2", f"seeds = {ADAPTIVE}"))
    return file


def test_a_decided_claim_needs_no_more_seeds(tmp_path: Path) -> None:
    file = adaptive(tmp_path, difference(studying.write(tmp_path)) - 1_000)
    counts = studying.run(file)
    assert (counts.units, counts.complete) == (6, 6)
    assert seeds(file) == {"0.1": 3, "0.2": 3}


def test_an_undecided_claim_goes_on_to_the_last_look(tmp_path: Path) -> None:
    effect = difference(studying.write(tmp_path, levels=(0.1, 0.2)))
    file = adaptive(tmp_path, effect, levels=(0.1, 0.2, 0.3))  # it is as large as that, and no larger
    assert studying.run(file).complete == 8 + 8 + 3  # nothing is claimed of the third level
    assert seeds(file) == {"0.1": 8, "0.2": 8, "0.3": 3}
    before = studying.attempts(file)
    assert studying.run(file).complete == 19
    assert studying.attempts(file) == before
    looked = studying.opened(file).look()
    assert {found.state for found in looked.values()} == {State.DONE}
    assert len(looked) == 19


def test_what_failed_does_not_hold_up_a_look(tmp_path: Path) -> None:
    file = adaptive(tmp_path, -1e6)
    file.write_text(file.read_text().replace('["one"]', '["one", "refused"]'))
    counts = studying.run(file)
    # nothing decides the claim where nothing runs: the last look is come to, and tried there
    assert (counts.complete, counts.failed) == (6, 16)


def results(made: Plan, scores: dict[tuple[str, int], float]) -> dict[object, Result]:
    """Made-up results: by level and seed."""
    level = {run.hash: float(run.cells[0].split(" = ")[1]) for run in made.study.runs}
    return {
        unit: Result(
            State.DONE, score=scores[str(level[unit.place.program.row]), unit.seed], versions=(("taxon", "1"),)
        )
        for unit in made.units()
    }


def test_claims_are_those_of_the_statistics(tmp_path: Path) -> None:
    """The simple effect E1 of golden vector B: KL on against KL off."""
    study = load_study(studying.write(tmp_path, seeds=4, claims="claim helps = effect(noise, above = 0)")).study
    assert study is not None
    made = plan(study, Settings(20, 1, "float32", False))
    scores = {("0.1", seed): score for seed, score in enumerate((6.0, 9.0, 5.0, 8.0))}
    scores |= {("0.2", seed): score for seed, score in enumerate((12.0, 14.0, 13.0, 17.0))}
    claims = evidence.claims(study)
    cells = evidence.cells(results(made, scores), {})  # type: ignore[arg-type]
    (result,) = judge(claims, cells, study.environments)
    finding = result.environments["one"]
    assert finding.value == pytest.approx(7.0)
    assert finding.interval == pytest.approx((3.5161, 10.4839), abs=1e-4)
    assert finding.p == pytest.approx(0.002786, abs=1e-6)
    assert result.verdict is Verdict.CONFIRMED
