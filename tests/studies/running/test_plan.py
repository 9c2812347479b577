"""What identifies a run, how the settings of a study's runs are settled, and what its folder records."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from studies.running import studying

from taxon.runtime.errors import UserError
from taxon.semantics import load_study
from taxon.semantics.studies import Study
from taxon.studies.running.opened import open_study
from taxon.studies.running.plan import Asked, plan, settle
from taxon.studies.running.record import FILE
from taxon.studies.running.units import Settings, Unit

SETTINGS = Settings(20, 10, "float32", False)


def study(folder: Path, **said: object) -> Study:
    found = load_study(studying.write(folder, **said)).study  # type: ignore[arg-type]
    assert found is not None
    return found


def test_names_and_documentation_do_not_count(tmp_path: Path) -> None:
    first = plan(study(tmp_path), SETTINGS)
    file = tmp_path / "tiny.tx"
    file.write_text(file.read_text().replace("small", "other").replace("algorithm", "/// Says more.\nalgorithm"))
    renamed = load_study(file).study
    assert renamed is not None
    second = plan(renamed, SETTINGS)
    assert [unit.key for unit in first.units()] == [unit.key for unit in second.units()]
    assert [unit.place.program for unit in first.units()] == [unit.place.program for unit in second.units()]


def test_the_key_of_a_run(tmp_path: Path) -> None:
    unit = plan(study(tmp_path), SETTINGS).units()[0]
    place = unit.place
    others = [
        replace(place, environment="two"),
        replace(place, settings=replace(SETTINGS, evaluate_every=30)),
        replace(place, settings=replace(SETTINGS, evaluation_episodes=1)),
        replace(place, settings=replace(SETTINGS, precision="bf16")),
        replace(place, settings=replace(SETTINGS, compiled=True)),
        replace(place, program=replace(place.program, row="0" * 64)),
    ]
    assert len({other.identity for other in [place, *others]}) == 7
    newer = replace(place, program=replace(place.program, module="0" * 64))
    assert (newer.identity, newer.key != place.key) == (place.identity, True)
    assert Unit(place, 0, 60).key == Unit(place, 0, 120).key != Unit(place, 1, 60).key


def test_cells_with_equal_rows_share_their_runs(tmp_path: Path) -> None:
    file = studying.write(tmp_path, levels=(0.1, 0.2))
    text = file.read_text().replace("base  = small", "base  = [small, other]")
    file.write_text(text.replace("study tiny", "algorithm other extends small {}\n\nstudy tiny"))
    found = load_study(file).study
    assert found is not None
    made = plan(found, SETTINGS)
    assert (len(made.units()), len(list(made.lines()))) == (4, 8)


@pytest.mark.parametrize(
    ("steps", "every"), [(1_000_000, 20_000), (50_000, 10_000), (60, 20), (150, 50), (30_000, 10_000), (8, 8)]
)
def test_the_cadence_divides_the_steps(tmp_path: Path, steps: int, every: int) -> None:
    assert settle(study(tmp_path, steps=steps), Asked(), None).evaluate_every == every


def test_a_cadence_that_does_not(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="50,021 steps"):
        settle(study(tmp_path, steps=50_021), Asked(), None)
    with pytest.raises(UserError, match="every 40"):
        plan(study(tmp_path, steps=60), replace(SETTINGS, evaluate_every=40))


def test_what_is_compiled_is_settled_once(tmp_path: Path) -> None:
    short, long = study(tmp_path, steps=99_999), study(tmp_path, steps=100_000)
    assert not settle(short, Asked(evaluate_every=1), None).compiled
    assert settle(long, Asked(), None).compiled
    assert settle(short, Asked(evaluate_every=1, compile="on"), None).compiled
    assert not settle(long, Asked(), SETTINGS).compiled
    with pytest.raises(UserError, match="--compile off"):
        settle(long, Asked(compile="on"), SETTINGS)
    with pytest.raises(UserError, match="--eval-every 20"):
        settle(long, Asked(evaluate_every=10), SETTINGS)
    assert settle(long, Asked(evaluate_every=20, compile="off", precision="float32"), SETTINGS) == SETTINGS


def test_claims_are_recorded_before_the_first_run_and_later_ones_with_their_number(tmp_path: Path) -> None:
    helps = "claim helps = effect(noise, above = 0)"
    studying.run(studying.write(tmp_path, claims=helps))
    studying.run(studying.write(tmp_path, seeds=3, claims=f"{helps}\n  claim more = effect(noise, above = 1)"))
    record = json.loads((tmp_path / "tiny" / FILE).read_text())
    assert [(claim["name"], claim["after"]) for claim in record["claims"]] == [("helps", 0), ("more", 4)]
    assert [version["after"] for version in record["versions"]] == [0, 4]
    # another study of the same runs declares with their results at hand
    again = studying.opened(tmp_path / "tiny.tx", folder="again")
    again.declare()
    record = json.loads((tmp_path / "again" / FILE).read_text())
    assert [claim["after"] for claim in record["claims"]] == [6, 6]


def test_the_folder_of_another_study(tmp_path: Path) -> None:
    file = studying.write(tmp_path)
    studying.opened(file).declare()
    file.write_text(file.read_text().replace("study tiny", "study other"))
    with pytest.raises(UserError, match="is the folder of the study tiny"):
        studying.opened(file).declare()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 2}', b"\xff"])
def test_a_record_that_is_none(tmp_path: Path, content: bytes) -> None:
    file = studying.write(tmp_path)
    studying.opened(file).declare()
    (tmp_path / "tiny" / FILE).write_bytes(content)
    with pytest.raises(UserError, match=r"study\.json"):
        studying.opened(file)


def test_nothing_is_written_before_a_study_is_declared(tmp_path: Path) -> None:
    file = studying.write(tmp_path)
    found = open_study(study(tmp_path), tmp_path / "tiny", tmp_path / "store", Asked())
    found.results(found.look())
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name]
