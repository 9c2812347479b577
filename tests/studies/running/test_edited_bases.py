"""A base of a study whose module was edited: another run, by the hash of its text, that is compared with its spec's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cli.program import taxon
from studies.running import studying

from taxon.cli.arguments.modules import edited_modules
from taxon.runtime.errors import UserError
from taxon.semantics import load_study
from taxon.semantics.studies import Study, contrast
from taxon.studies.moving.leaving import leave
from taxon.studies.report.making import report
from taxon.studies.running.opened import Opened, check_bases, open_study
from taxon.studies.running.plan import Asked
from taxon.studies.running.progress import count
from taxon.studies.running.random_return import FILE, RandomReturn

TEXT = """\
taxon 1

algorithm small extends std.td3 {
  network.hidden = [4]
  data.batch = 4
  data.warmup = 8
}

algorithm mine extends small {}

study tiny {
  base  = [small, mine]
  on    = ["one"]
  seeds = 2
  steps = 60
  claim helps = effect(base, levels = [small, mine], above = 0)
}
"""
SOURCE = "print('mine')\n"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.tx"
    path.write_text(TEXT)
    return path


def study(file: Path, source: str = SOURCE) -> Study:
    found = load_study(file, edited={"mine": digest(source)})
    assert found.study is not None, found.diagnostics
    return found.study


def opened(file: Path, source: str = SOURCE) -> Opened:
    own = study(file, source)
    asked, folder = Asked(evaluate_every=20), file.parent
    found = open_study(own, folder / "tiny", folder / "store", asked, {digest(source): source})
    content = RandomReturn(environment="one", episodes=1, mean=-1.0).model_dump_json().encode()
    found.store.random("one").write(FILE, content)
    return found


def run(file: Path, source: str = SOURCE) -> Opened:
    found = opened(file, source)
    found.declare()
    driver = studying.driver(found)
    driver.run(lambda: None)
    counts = count(driver.found, 0)
    assert counts.complete == counts.units
    return found


def test_a_module_is_a_run_of_its_own(file: Path) -> None:
    plain, mine = study(file).runs
    assert (plain.edited, mine.edited) == ("", digest(SOURCE))
    assert plain.row.leaves == mine.row.leaves
    assert mine.hash == digest(f"{plain.hash} {digest(SOURCE)}")
    assert mine.cells == ("base = mine (edited)",)
    (claim,) = study(file).claims
    assert contrast(claim.differences["one"]) == {mine.hash: 1.0, plain.hash: -1.0}
    assert study(file, "other\n").runs[1].hash != mine.hash


def test_without_it_the_rows_are_equal_and_the_way_is_named(file: Path) -> None:
    (found,) = load_study(file).diagnostics
    assert found.message == "`helps` compares a row with itself"
    assert found.help is not None
    assert "`taxon study FILE --module NAME=agent.py`" in found.help


def test_its_runs_are_kept_by_the_text(file: Path) -> None:
    found = run(file)
    places = {unit.place for unit in found.plan.units()}
    (mine,) = [place for place in places if place.program.source is not None]
    folder = file.parent / "store" / mine.key
    assert (folder / "agent.py").read_text() == SOURCE
    assert mine.key.endswith(digest(SOURCE)[:12])
    record = json.loads((folder / "run-0-1" / "run.json").read_text())
    assert record["edited"]["module"] == digest(SOURCE)
    results = (file.parent / "tiny" / "results.csv").read_text()
    assert results.count("base = mine (edited)") == 2
    meaning = json.loads((file.parent / "tiny" / "study.json").read_text())["meaning"]
    assert [cell.get("module") for cell in meaning["cells"]] == [None, digest(SOURCE)]

    # the same text runs nothing again; another one is run beside it, and the study is another version
    before = studying.attempts(file)
    run(file)
    assert studying.attempts(file) == before == 4
    run(file, "other\n")
    assert studying.attempts(file) == 6
    assert (folder / "agent.py").read_text() == SOURCE
    assert len(json.loads((file.parent / "tiny" / "study.json").read_text())["versions"]) == 2


def test_what_a_process_is_told(file: Path) -> None:
    found = opened(file)
    commands = []

    class Told:
        """Starts nothing."""

    from taxon.studies.running.jobs import Ways, trainings

    looked = found.look()
    ways = Ways("cpu", 1, 1, "5min")
    for job in trainings(found.store, [*looked], looked, ways):
        leases = [type("Lease", (Told,), {"number": 1})()]
        commands.append(job.command(leases))
    named = [command[command.index("--module") + 1] for command in commands if "--module" in command]
    assert len(named) == 2
    assert all(Path(name).read_text() == SOURCE for name in named)


def test_a_text_in_the_store_that_was_changed_is_not_executed(file: Path) -> None:
    found = run(file)
    (place,) = {unit.place for unit in found.plan.units() if unit.place.program.source is not None}
    (file.parent / "store" / place.key / "agent.py").write_text("print('stranger')\n")
    again = opened(file)
    with pytest.raises(UserError, match=r"agent\.py beside it is not what was written there"):
        again.store.describe(place)


def test_the_report_says_which_is_edited(file: Path) -> None:
    said = list(report(run(file), "tiny.tx", ["mine=agent.py"]))
    assert said[0] == "study tiny: all 4 runs done"
    page = (file.parent / "tiny" / "report.html").read_text()
    assert "mine (edited)" in page
    assert digest(SOURCE) in page
    assert "taxon study run tiny.tx:tiny --module mine=agent.py" in page


def test_code_does_not_travel(file: Path) -> None:
    found = run(file)
    left = leave(found, file.parent / "away")
    (line,) = left.lines()
    assert line.endswith("; the runs of base = mine (edited) stay, since an edited module does not travel")
    assert (left.runs, left.seeds) == (2, 2)
    assert not list((file.parent / "away").glob("*/agent.py"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mine"], "--module mine names no base"),
        (["=agent.py"], "names no base"),
        (["mine="], "names no base"),
        (["mine=nowhere.py"], "nowhere.py cannot be read"),
        (["mine=agent.py", "mine=agent.py"], "names a module of mine twice"),
        (["yours=agent.py"], "study tiny has no base yours among others"),
    ],
)
def test_words_that_mean_nothing(file: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    Path("agent.py").write_text(SOURCE)
    arguments = [part for word in words for part in ("--module", word)]
    file.write_text(TEXT.replace("  claim", "  # claim").replace('"one"', '"Pendulum-v1"'))
    called = taxon("study", "status", file, *arguments)
    assert called.exit_code == 2
    assert said in called.stderr


def test_a_module_is_one_program(file: Path) -> None:
    file.write_text(
        TEXT.replace("on    =", "vary exploration.std in [0.1, 0.2]\n  on    =").replace("  claim", "  # claim")
    )
    with pytest.raises(UserError, match=r"varies exploration\.std too, and an edited module is one program"):
        check_bases(study(file), ["mine"])
    file.write_text(TEXT.replace("[small, mine]", "mine").replace("  claim", "  # claim"))
    with pytest.raises(UserError, match="has no base mine among others") as caught:
        check_bases(study(file), ["mine"])
    assert caught.value.help == "write `base = [std.sac, mine]` in it"
    assert edited_modules([]) == {}
