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
from taxon.studies.running import record
from taxon.studies.running.opened import open_study
from taxon.studies.running.plan import Asked, plan, settle
from taxon.studies.running.record import FILE
from taxon.studies.running.store import State, make_folder
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
    written = json.loads((tmp_path / "tiny" / FILE).read_text())
    assert [(claim["name"], claim["after"]) for claim in written["claims"]] == [("helps", 0), ("more", 4)]
    assert [version["after"] for version in written["versions"]] == [0, 4]
    # another study of the same runs declares with their results at hand
    again = studying.opened(tmp_path / "tiny.tx", folder="again")
    again.declare()
    written = json.loads((tmp_path / "again" / FILE).read_text())
    assert [claim["after"] for claim in written["claims"]] == [6, 6]


def test_runs_that_kept_nothing_had_begun(tmp_path: Path) -> None:
    """For more steps they are missing, and were there to be seen."""
    studying.run(studying.write(tmp_path, seeds=1), keep=False)
    more = studying.opened(studying.write(tmp_path, seeds=2, steps=120, claims=HELPS))
    assert {found.state for found in more.look().values()} == {State.MISSING}
    more.declare()
    assert more.record is not None
    assert [claim.after for claim in more.record.claims] == [2]


HELPS = "claim helps = effect(noise, above = 0)"


def recorded(folder: Path, begun: int, edit: tuple[str, str] = ("", ""), **said: object) -> list[tuple[str, int]]:
    """Declare a study with a claim, changed by an edit of its text: what of its claims is marked now."""
    file = studying.write(folder, claims=HELPS, **said)  # type: ignore[arg-type]
    assert edit[0] in file.read_text()
    file.write_text(file.read_text().replace(*edit))
    found = load_study(file).study
    assert found is not None
    place = make_folder(folder / "tiny")
    written = record.declare(place, record.read(place), found, SETTINGS, begun)
    assert record.read(place) == written
    return [(claim.name, written.declared(found)[claim.name].after) for claim in found.claims]


CHANGES: dict[str, dict[str, object]] = {
    "levels in another order": {"levels": (0.2, 0.1)},
    "another level": {"levels": (0.1, 0.3)},
    "a scale": {"edit": ("seeds", 'scale = { "one" = [0, 10], "two" = [0, 20] }\n  seeds')},
    "a score": {"edit": ("seeds", "score = auc\n  seeds")},
    "frozen seeds": {"edit": ("seeds", "failure = exclude\n  seeds")},
    "another row": {"edit": ("data.batch = 4", "data.batch = 2")},
    "an environment less": {"environments": ("one",)},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("old", [False, True])
def test_a_claim_that_means_something_else_is_declared_anew(
    tmp_path: Path, change: dict[str, object], old: bool
) -> None:
    two: dict[str, object] = {"environments": ("one", "two")}
    assert recorded(tmp_path, 0, **two) == [("helps", 0)]  # type: ignore[arg-type]
    if old:
        without_meanings(tmp_path / "tiny")
    assert recorded(tmp_path, 5, **two | change) == [("helps", 5)]  # type: ignore[arg-type]
    assert recorded(tmp_path, 7, **two | change) == [("helps", 5)]  # type: ignore[arg-type]
    assert recorded(tmp_path, 7, **two) == [("helps", 0)]  # type: ignore[arg-type]


@pytest.mark.parametrize("old", [False, True])
def test_more_of_the_same_means_the_same(tmp_path: Path, old: bool) -> None:
    assert recorded(tmp_path, 0) == [("helps", 0)]
    if old:
        without_meanings(tmp_path / "tiny")
    assert recorded(tmp_path, 4) == [("helps", 0)]
    assert recorded(tmp_path, 4, seeds=5, steps=120, environments=("two", "one")) == [("helps", 0)]
    documented = ("  claim", "  /// Noise helps.\n  claim")
    assert recorded(tmp_path, 4, documented, seeds=5, environments=("two", "one")) == [("helps", 0)]
    # what was added belongs to the claim from then on
    scaled = ("seeds", 'scale = { "one" = [0, 10], "two" = [0, 20] }\n  seeds')
    assert recorded(tmp_path, 9, scaled, environments=("one", "two")) == [("helps", 9)]


def test_what_was_withdrawn_before_meanings_were_recorded_is_not_known(tmp_path: Path) -> None:
    recorded(tmp_path, 0)
    recorded(tmp_path, 0, (HELPS, ""))
    without_meanings(tmp_path / "tiny")
    assert recorded(tmp_path, 6) == [("helps", 6)]
    assert recorded(tmp_path, 7) == [("helps", 6)]


def test_an_old_record_whose_meaning_is_none(tmp_path: Path) -> None:
    recorded(tmp_path, 0)
    without_meanings(tmp_path / "tiny", {"claims": [1]})
    with pytest.raises(UserError, match=r"study\.json: its meaning is none of a study"):
        record.read(make_folder(tmp_path / "tiny"))


def without_meanings(folder: Path, meaning: dict[str, object] | None = None) -> None:
    """Make study.json as it was written before it recorded what claims mean."""
    data = json.loads((folder / FILE).read_text())
    for claim in data["claims"]:
        del claim["meaning"]
    data["meaning"] = data["meaning"] if meaning is None else meaning
    (folder / FILE).write_text(json.dumps(data))


def test_the_folder_of_another_study(tmp_path: Path) -> None:
    """Nothing is opened there, whatever it is wanted for."""
    file = studying.write(tmp_path)
    studying.opened(file).declare()
    file.write_text(file.read_text().replace("study tiny", "study other"))
    with pytest.raises(UserError, match="is the folder of the study tiny"):
        studying.opened(file)


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
