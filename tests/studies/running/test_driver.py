"""The driver makes what is missing whatever happens, and the table does not depend on what happened."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import time
from pathlib import Path

import pytest
from studies.running import studying
from studies.running.stand_in import evaluation

from taxon.runtime.stopping import Stop
from taxon.studies.running.attempts import BEAT, HOLDER, Holder
from taxon.studies.running.processes import Process
from taxon.studies.running.store import State


def table(file: Path) -> bytes:
    return (file.parent / "tiny" / "results.csv").read_bytes()


def lines(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(table(file).decode().splitlines()))


def test_every_unit_is_run_and_scored(tmp_path: Path) -> None:
    file = studying.write(tmp_path, environments=("one", "two"), seeds=2, steps=400)
    counts = studying.run(file)
    assert (counts.units, counts.complete, counts.failed) == (8, 8, 0)
    found = lines(file)
    assert [(line["factor:noise"], line["environment"], line["seed"]) for line in found] == [
        (level, environment, str(seed)) for level in ("0.1", "0.2") for environment in ("one", "two") for seed in (0, 1)
    ]
    for line in found:
        # the evaluations in (360, 400]
        expected = [evaluation(line["row"], int(line["seed"]), step) for step in (380, 400)]
        assert float(line["score"]) == pytest.approx(sum(expected) / 2, rel=1e-14)
        assert float(line["last"]) == expected[1]
        assert (line["status"], line["frozen_at"], line["random"]) == ("done", "", "-1.0")
    curves = list(csv.DictReader((tmp_path / "tiny" / "curves.csv").read_text().splitlines()))
    assert len(curves) == 8 * 21


def test_a_seed_of_every_cell_comes_first(tmp_path: Path) -> None:
    study = studying.opened(studying.write(tmp_path, environments=("one", "two"), seeds=3))
    assert [unit.seed for unit in study.plan.units()] == [0] * 4 + [1] * 4 + [2] * 4
    assert len({unit.place for unit in study.plan.units()[:4]}) == 4


def test_what_was_killed_goes_on_to_the_same_table(tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    (tmp_path / "rough").mkdir()
    calm, rough = (studying.write(tmp_path / name, seeds=3, steps=200) for name in ("calm", "rough"))
    studying.run(calm)
    for number in range(4):
        life = studying.start(rough, pause=0.03)
        deadline = time.monotonic() + 20
        while len(studying.below(tmp_path, "rough/store/*/run-*/checkpoint.json")) <= number:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.05)
        studying.kill(life, with_children=number % 2 == 0)
    assert studying.start(rough, pause=0).wait() == 0
    assert table(rough) == table(calm)
    assert (tmp_path / "rough/tiny/curves.csv").read_bytes() == (tmp_path / "calm/tiny/curves.csv").read_bytes()
    resumed = [run for run in studying.below(tmp_path, "rough/store/*/run-*") if (run / "checkpoint.json").exists()]
    assert len(resumed) == 6  # what had a checkpoint was gone on with, and not begun again


def test_of_two_drivers_one_is_killed_and_the_other_takes_over(tmp_path: Path) -> None:
    file = studying.write(tmp_path, seeds=3, steps=200)
    first, second = studying.start(file, 0.03, "first"), studying.start(file, 0.03, "second")
    deadline = time.monotonic() + 20
    while not studying.children(first.pid) or not studying.children(second.pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    studying.kill(first, with_children=False)
    assert second.wait(timeout=30) == 0
    assert [line["status"] for line in lines(file)] == ["done"] * 6
    made = [json.loads(path.read_text())["seeds"] for path in studying.below(tmp_path, "store/*/run-*/run.json")]
    assert len(made) == 6  # each was made once


def test_more_of_a_study_starts_what_is_missing(tmp_path: Path) -> None:
    file = studying.write(tmp_path)
    studying.run(file)
    assert studying.attempts(file) == 4
    studying.run(file)
    assert studying.attempts(file) == 4
    studying.run(studying.write(tmp_path, seeds=3))
    assert studying.attempts(file) == 6
    studying.run(studying.write(tmp_path, seeds=3, environments=("one", "two")))
    assert studying.attempts(file) == 12
    assert [line["status"] for line in lines(file)] == ["done"] * 12


def test_more_steps_go_on_and_fewer_are_there(tmp_path: Path) -> None:
    file = studying.write(tmp_path, seeds=1, steps=60)
    studying.run(file)
    short = table(file)
    studying.run(studying.write(tmp_path, seeds=1, steps=120))
    assert len(studying.below(tmp_path, "store/*/run-*")) == 2
    assert [float(line["last"]) for line in lines(file)] == [evaluation(line["row"], 0, 120) for line in lines(file)]
    before = studying.attempts(file)
    studying.run(studying.write(tmp_path, seeds=1, steps=60))
    assert (studying.attempts(file), table(file)) == (before, short)


def test_what_fails_is_tried_three_times_and_stops_nothing(tmp_path: Path) -> None:
    file = studying.write(tmp_path, environments=("refused", "one"), seeds=1)
    said: list[str] = []
    counts = studying.run(file, said=said, session="first")
    assert (counts.complete, counts.failed) == (2, 2)
    assert len([line for line in said if "the environment is refused" in line]) == 6
    assert [line["status"] for line in lines(file)] == ["failed", "done"] * 2
    before = studying.attempts(file)
    assert studying.run(file, session="first").failed == 2
    assert studying.attempts(file) == before
    studying.run(file, session="second")  # who types it again tries again
    assert studying.attempts(file) == before + 6


def test_what_dies_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    file = studying.write(tmp_path, environments=("dies",), seeds=1)
    said: list[str] = []
    assert studying.run(file, said=said).complete == 2
    assert all("SIGKILL" in line for line in said)
    assert len(said) == 2
    assert len(studying.below(tmp_path, "store/*/run-*")) == 2


def test_frozen_seeds_are_results(tmp_path: Path) -> None:
    file = studying.write(tmp_path, environments=("freezes",), seeds=1, steps=100)
    said: list[str] = []
    counts = studying.run(file, said=said)
    assert (counts.complete, counts.frozen, said) == (2, 2, [])
    assert counts.line() == "2/2 done · 2 frozen †"
    for line in lines(file):
        assert (line["status"], line["frozen_at"], line["cause"]) == (
            "frozen",
            "40",
            "it is no longer finite: value_loss of the phase update",
        )
        assert float(line["score"]) == evaluation(line["row"], 0, 40)
    # of a study that is over before, the same run did not freeze
    studying.run(studying.write(tmp_path, environments=("freezes",), seeds=1, steps=20))
    assert {(line["status"], line["frozen_at"], line["cause"]) for line in lines(file)} == {("done", "", "")}


def test_seeds_may_share_a_process(tmp_path: Path) -> None:
    file = studying.write(tmp_path, seeds=3)
    studying.run(file, stack=10)
    assert len(studying.below(tmp_path, "store/*/run-*")) == 2
    stacked = table(file)
    shutil.rmtree(tmp_path / "store")
    studying.run(file)
    assert table(file) == stacked
    studying.run(studying.write(tmp_path, seeds=5), stack=10)
    assert len(studying.below(tmp_path, "store/*/run-*")) == 6 + 2


def test_a_run_that_keeps_nothing_counts_and_begins_anew_for_more_steps(tmp_path: Path) -> None:
    file = studying.write(tmp_path, seeds=1, steps=60)
    studying.run(file, keep=False)
    kept = table(file)
    for run in studying.below(tmp_path, "store/*/run-*"):
        assert sorted(path.name for path in run.iterdir()) == ["metrics.jsonl", "run.json"]
    assert studying.run(file).complete == 2
    assert (table(file), studying.attempts(file)) == (kept, 2)
    assert studying.run(studying.write(tmp_path, seeds=1, steps=120)).complete == 2
    assert len(studying.below(tmp_path, "store/*/run-*")) == 4


def test_another_module_makes_runs_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = studying.write(tmp_path, seeds=1)
    studying.run(file)
    whole = lines(file)
    from taxon.studies.running import plan

    emit = plan.emit
    monkeypatch.setattr(plan, "emit", lambda row: emit(row) + "\n# another version\n")
    counts = studying.run(file)
    assert (counts.complete, counts.stale, studying.attempts(file)) == (0, 2, 2)
    assert [(line["status"], line["score"]) for line in lines(file)] == [("stale", line["score"]) for line in whole]
    assert studying.run(file, anew=True).complete == 2
    assert studying.attempts(file) == 4
    assert {line["module"] for line in lines(file)}.isdisjoint(line["module"] for line in whole)


def test_stopping_leaves_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_PAUSE", "0.05")
    file = studying.write(tmp_path, seeds=1, steps=400)
    study = studying.opened(file)
    study.declare()
    driver = studying.driver(study)

    def stop() -> None:
        if len(studying.below(tmp_path, "store/*/run-*/checkpoint.json")) == 2:
            raise Stop

    with pytest.raises(Stop):
        driver.run(stop)
    records = [json.loads(path.read_text()) for path in studying.below(tmp_path, "store/*/run-*/run.json")]
    assert [record["status"] for record in records] == ["interrupted"] * 2
    assert {found.state for found in driver.found.values()} == {State.UNFINISHED}
    monkeypatch.setenv("STAND_IN_PAUSE", "0")
    assert studying.run(file).complete == 2
    assert len(records) == len(studying.below(tmp_path, "store/*/run-*"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("place.json", content) for content in (b"", b'{"format": 1', b"\xff[]")),
        *(("run-0-1/run.json", content) for content in (b"", b'{"format": 1', b"\xff[]")),
        ("spec.tx", b""),
        ("spec.tx", b"taxon 1\n"),
        ("attempts-0/1/end.json", b'{"how": "perhaps"}'),
        ("attempts-0/1/end.json", b""),
    ],
)
def test_a_broken_entry_is_named_and_stops_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    studying.run(studying.write(tmp_path, seeds=1, steps=20))
    place = min(studying.below(tmp_path, "store/*-*/place.json")).parent
    (place / name).write_bytes(content)
    study = studying.opened(studying.write(tmp_path, seeds=2, steps=40))
    driver = studying.driver(study)
    driver.run(lambda: None)
    broken = {unit: found for unit, found in driver.found.items() if found.state is not State.DONE}
    assert {found.state for found in broken.values()} == {State.BROKEN}
    assert {unit.place.key for unit in broken} == {place.name}
    assert all(str(place) in found.why for found in broken.values())
    assert len(broken) == (1 if name.startswith("attempts") else 2)  # of the other seed's attempts nothing is wrong


def test_a_holder_that_lost_its_place_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a machine was away for longer than a lease: another one goes on with the run."""
    from taxon.studies.running import driver as driving

    monkeypatch.setattr(driving, "BEAT", 0.05)
    monkeypatch.setenv("STAND_IN_PAUSE", "0.05")
    study = studying.opened(studying.write(tmp_path, levels=(0.1,), seeds=1, steps=20_000))
    study.declare()
    said: list[str] = []
    driver = studying.driver(study, patient=False, said=said)
    (unit,) = study.plan.units()
    elsewhere = Holder(process=Process(machine="another", number=1, begun="1"), session="other")

    def stop() -> None:
        if studying.below(tmp_path, "store/*/run-*/checkpoint.json"):
            attempts = study.store.attempts(unit.place, unit.seed)
            attempts.create("2", {HOLDER: elsewhere.model_dump_json().encode(), BEAT: b"0"})

    driver.run(stop)
    assert said == ["noise = 0.1 on one, seed 0: another process took over"]
    assert driver.elsewhere == 1
    (run,) = studying.below(tmp_path, "store/*/run-*/run.json")
    assert json.loads(run.read_text())["status"] == "interrupted"


def test_a_driver_ends_with_its_children(tmp_path: Path) -> None:
    """What is asked of the system: a child of a driver that is killed is stopped, and leaves a checkpoint."""
    file = studying.write(tmp_path, seeds=1, steps=2000)
    life = studying.start(file, 0.05)
    deadline = time.monotonic() + 20
    while len(studying.below(tmp_path, "store/*/run-*/checkpoint.json")) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    life.send_signal(signal.SIGKILL)
    life.wait()
    while True:
        records = [json.loads(path.read_text()) for path in studying.below(tmp_path, "store/*/run-*/run.json")]
        if [record.get("status") for record in records] == ["interrupted"] * 2:
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)
