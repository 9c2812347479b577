"""The speed of runs that nobody has made is measured, once for each shape, and nothing is left behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli.program import taxon
from studies.running import studying
from studies.running.studying import STAND_IN

from taxon.runtime.errors import UserError
from taxon.studies.running.driver import Slots
from taxon.studies.running.jobs import Ways
from taxon.studies.running.preview import preview
from taxon.studies.running.probing import measure, shapes, speed
from taxon.studies.running.progress import Costs

WAYS = Ways("cpu", 2, 1, "5min", program=(sys.executable, str(STAND_IN)))


def said(*lines: tuple[int, float, int]) -> list[dict[str, object]]:
    return [{"step": step, "seconds": seconds, "updates": updates} for step, seconds, updates in lines]


def test_the_speed_is_that_of_whole_rounds() -> None:
    # a warm-up, then a round of updates every two thousand steps: two seconds of acting, eight of updates
    lines = said((1_000, 1.0, 0), (2_000, 10.0, 64), (3_000, 11.0, 64), (4_000, 20.0, 128), (5_000, 21.0, 128))
    found = speed(lines, seeds=2, threads=3)
    assert found is not None
    assert (found.seconds, found.threads) == (pytest.approx(10 / 2_000 / 2), 3)
    short = speed(lines[:3], 1, 1)  # one round alone: from the start on
    assert short is not None
    assert short.seconds == pytest.approx(10 / 2_000)
    assert speed(lines[:1], 1, 1) is None
    assert speed([], 1, 1) is None
    assert speed([{"step": "x"}, {"updates": None}], 1, 1) is None


def test_rows_that_differ_in_rates_have_one_shape(tmp_path: Path) -> None:
    study = studying.opened(studying.write(tmp_path, levels=(0.1, 0.25), environments=("one", "two"), seeds=3))
    units = study.plan.units()
    found = shapes(units, [])
    assert [len(each) for each in found.values()] == [6, 6]  # one for each environment
    assert len(shapes(units, [units[0].place])) == 1
    wider = studying.write(tmp_path, levels=(0.1,))
    wider.write_text(wider.read_text().replace("hidden = [4]", "hidden = [5]"))
    assert len(shapes([*units, *studying.opened(wider, folder="wider").plan.units()], [])) == 3


def test_what_was_measured_is_what_it_costs(tmp_path: Path) -> None:
    study = studying.opened(studying.write(tmp_path, environments=("one", "two"), seeds=2, steps=3_600))
    costs, found, words = Costs(study.store, study.plan.places.values()), study.look(), list[str]()
    costs.probed.update(measure([*found], costs.known, Slots(2, 2), WAYS, words.append))
    assert [*costs.probed.values()] == pytest.approx([0.01 * 2] * 4)  # 0.01 s a step, two threads
    assert [word.rpartition(" on ")[2] for word in words] == ["one, 1 to follow", "two, 0 to follow"]
    (line,) = [text for text in preview(study.plan, found, costs, 2) if text.startswith("core-hours")]
    assert line.startswith("core-hours: 0.2 (as 0 of 4 kinds of runs took, and 4 of them take by a short measurement)")
    assert not studying.below(tmp_path, "store/*/run-*")


def test_a_run_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    study = studying.opened(studying.write(tmp_path, environments=("refused",)))
    with pytest.raises(UserError, match="could not be measured: the environment is refused"):
        measure([*study.look()], [], Slots(1, 1), WAYS, lambda text: None)


def test_it_is_of_a_preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    studying.write(tmp_path)
    told = taxon("study", "tiny.tx", "--probe")
    assert told.exit_code == 2
    assert "--probe measures for --dry-run" in told.stderr
