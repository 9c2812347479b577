"""The report of a study: what it says, what it marks, what its files are, and that it is made again byte for byte."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from studies.report.made import DOUBLE, FROZE, double, fill, load, paper, written
from studies.report.reading import Page, parsed
from studies.running import studying
from studies.statistics.vectors import SCALE2, TABLE2

from taxon.runtime.errors import UserError
from taxon.studies.report.making import report
from taxon.studies.report.recorded import read
from taxon.studies.running.store import make_folder

TWO = ["Hopper-v4", "Ant-v4"]
FIGURES = (*("forest-helps_kl", "forest-spares_em", "forest-coadapted", "interaction-coadapted", "curves", "profiles"),)


@pytest.fixture(scope="module")
def table2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the paper's Table 2."""
    folder = tmp_path_factory.mktemp("table2")
    study = double(folder / "double_q.tx", [*TABLE2], 10, SCALE2)
    written(folder / "out", study, fill(folder / "out", study, paper))
    return folder / "out"


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two environments without a scale, a frozen seed, runs that are missing, and claims that came late."""
    folder = tmp_path_factory.mktemp("part")
    study = double(folder / "double_q.tx", TWO)
    row = next(cell for cell in study.cells if cell.levels[0] == "std.sac" and cell.environment == TWO[0])
    said = fill(
        folder / "out",
        study,
        paper,
        frozen={(row.hash, TWO[0], 1): 40_000},
        missing=lambda cell, seed: seed > 2 and cell.environment == TWO[1],
        begun=3,
    )
    written(folder / "out", study, said)
    return folder / "out"


def page(folder: Path) -> Page:
    return parsed((folder / "report.html").read_text())


def test_the_sentences_of_table_2(table2: Path) -> None:
    text = page(table2).text
    assert (
        "double, Hopper: +1412 [780, 2044] under sac, +216 [-728, 1160] under mpo_onestep. "
        "Interaction confirmed on 3 of 6 environments (Walker2d, Ant, Humanoid), undecided on 3; "
        "over these six +0.36 [0.27, 0.45] in scaled units; "
        "for environments like these +0.36 [-0.08, 0.79], undecided. mpo_onestep gains too on Ant and Humanoid."
    ) in text
    assert "Their estimates differ in sign on HalfCheetah, but not beyond their intervals." in text
    assert "coadapted: confirmed" in text
    assert "spares_em: undecided" in text
    assert "Clipped double Q helps under KL control." in text


def test_a_claim_says_when_it_was_declared(table2: Path, part: Path) -> None:
    assert page(table2).text.count("before the first run") == 3
    assert "declared after" not in page(table2).text
    assert page(part).text.count("declared after 3 runs, 20") == 3


def test_the_scores(table2: Path) -> None:
    rows = page(table2).tables["Scores: final(0.1) of the undiscounted return"]
    assert rows[0] == ["", *TABLE2]
    assert rows[2] == ["sac, with clipped_double", *(f"{m} ± {s}" for m, s in (each[0] for each in TABLE2.values()))]
    assert rows[-1] == ["random policy", *["10.0"] * 6]


def test_the_summaries_are_in_scaled_units(table2: Path) -> None:
    rows = page(table2).tables["Summaries over all environments, in scaled units"]
    assert rows[0] == ["", "mean", "median", "interquartile mean", "optimality gap"]
    assert rows[2][1].startswith("1.00 [")


def test_a_part_is_marked(table2: Path, part: Path) -> None:
    found = page(part)
    assert "32 of 40 runs done: all numbers below are those of a part of the study." in found.text
    assert "report on a part" in found.text
    assert "helps_kl: confirmed, so far" in found.text
    assert "8 missing" in found.text
    assert "32 of 40 runs done" in (part / "tables/scores.tex").read_text()
    assert not re.search("part of the study|so far", page(table2).text)


def test_frozen_seeds_have_a_dagger(table2: Path, part: Path) -> None:
    found = page(part)
    scores = found.tables["Scores: final(0.1) of the undiscounted return"]
    assert scores[1][1].endswith(" † 1/5")
    assert scores[1][2].endswith(" (n = 3)")
    assert found.tables["Frozen seeds †"][1:] == [["sac, without clipped_double", "Hopper-v4", "1/5", "[0.04, 0.62]"]]
    why = f"sac, without clipped_double, Hopper-v4: {FROZE} (1/1)."
    assert why in found.text
    assert f"% {why}" in (part / "tables/frozen.tex").read_text()
    assert "†" in (part / "figures/curves.svg").read_text()
    assert "†" not in page(table2).text


def test_what_was_foreseen(table2: Path) -> None:
    text = page(table2).text
    assert "TX501: one critic under KL control" in text
    assert "1601 against 3013 on Hopper" in text


def test_the_rows_are_compared(table2: Path) -> None:
    lines = page(table2).tables["taxon diff of all rows"]
    by_path = {line[0]: line for line in lines}
    assert by_path["pi_q"][2:] == ["pi_theta", "pi_theta", "Non-parametric", "Non-parametric"]
    assert by_path["G.estimate"][2:4] == ["TD(0)", "TD(0) + TD3"]
    assert len({line[0] for line in lines}) == len(lines)
    assert by_path["network.policy.std, on Walker2d-v4, Humanoid-v4"][4] == "softplus(init = 0.3, floor = 1e-6)"


def test_how_it_was_made(part: Path) -> None:
    found = page(part)
    assert "taxon study run double_q.tx:double_q\ntaxon study report double_q.tx:double_q" in found.text
    assert ["torch", "1.2.3", "32"] in found.tables["Versions of the runs"]
    hashes = found.tables["Hashes of the rows and of the modules that ran"]
    assert len(hashes) == 1 + 8
    assert hashes[1][3] == "0123456789ab"


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_every_figure_in_every_format(table2: Path, suffix: str) -> None:
    starts = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
    assert {path.stem for path in (table2 / "figures").glob(f"*.{suffix}")} == set(FIGURES)
    for name in FIGURES:
        assert (table2 / f"figures/{name}.{suffix}").read_bytes().startswith(starts[suffix])
    assert len(page(table2).figures) == len(FIGURES)


def test_made_again_it_has_the_same_bytes(part: Path, tmp_path: Path) -> None:
    """In another process, of the tables alone."""
    for name in ("study.json", "results.csv", "curves.csv"):
        shutil.copy(part / name, tmp_path / name)
    shutil.copy(part.parent / "double_q.tx", tmp_path / "double_q.tx")
    told = subprocess.run(
        [sys.executable, "-m", "taxon", "study", "report", "double_q.tx", "--out", ".", "--store", "none"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[0] == "study double_q: 32 of 40 runs done"
    made = [path.relative_to(part) for path in part.rglob("*.*")]
    assert len(made) == 3 + 1 + 3 * 5 + 3
    for name in made:
        assert (tmp_path / name).read_bytes() == (part / name).read_bytes(), name


def test_no_request_leaves_the_page(table2: Path) -> None:
    found = page(table2)
    assert found.scripts == 0
    assert all(address.startswith("#") for address in found.addresses)
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", (table2 / "report.html").read_text())
    assert "http" not in (table2 / "report.html").read_text().replace("http-equiv", "")
    assert found.repeated == set()
    assert found.references <= found.names


def browsed(page: Path, folder: Path) -> tuple[str, set[str]]:
    """What Chromium makes of a page, and the origins that asked for anything beside the browser itself."""
    log = folder / "net.json"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=500,900", f"--user-data-dir={folder}"]
    command = ["chromium", *options, f"--log-net-log={log}", "--dump-dom", page.as_uri()]
    seen = subprocess.run(command, capture_output=True, timeout=120, text=True)
    return seen.stdout, set(re.findall(r'"initiator":"([^"]*)"', log.read_text())) - {"not an origin"}


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_in_a_browser(part: Path, tmp_path: Path) -> None:
    """It is what it was written as, and asks for nothing; a picture from elsewhere would be noticed."""
    shown, asking = browsed(part / "report.html", tmp_path)
    assert parsed(shown).text.strip() == page(part).text.strip()
    assert asking == set()
    curious = tmp_path / "curious.html"
    curious.write_text('<body><img src="http://127.0.0.1:9/x.png"></body>')
    assert browsed(curious, tmp_path)[1] == {"null"}


HOSTILE = r"""</title><script>alert(1)</script> "q' & \input{/etc/passwd} $x^2$ 100% #1 a_b ~ <img src=x onerror=y>"""


def test_text_from_a_spec_is_text(tmp_path: Path) -> None:
    text = DOUBLE.replace("Clipped double Q is adapted to KL control.", HOSTILE)
    text = text.replace("Clipped double Q helps under KL control.", HOSTILE)
    text = text.replace("ENVIRONMENTS", '"Hopper-v4"').replace("SEEDS", "3").replace("SCALE", "")
    study = load(tmp_path / "a.tx", text)
    said = fill(tmp_path / "out", study, paper)
    results = tmp_path / "out/results.csv"
    results.write_text(results.read_text().replace("cpu Made up", "<script>alert(2)</script>"))
    written(tmp_path / "out", study, said, "<script>.tx")
    found = page(tmp_path / "out")
    assert found.scripts == 0
    assert "img" not in found.tags
    assert found.text.count("<script>alert(1)</script>") == 2
    assert "taxon study run <script>.tx" in found.text
    assert ["device", "<script>alert(2)</script>", "12"] in found.tables["Versions of the runs"]


def test_results_of_another_study(part: Path, tmp_path: Path) -> None:
    study = double(tmp_path / "a.tx", ["Hopper-v4"])
    with pytest.raises(UserError, match="is of the study as it was before"):
        read(make_folder(part), study)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("done", "well", "is not a study's: 'well' is not a valid State"),
        (",3,100000", ",x,100000", "is not a study's: invalid literal"),
        ("environment", "place", "is not a study's: no 'environment'"),
        (",10.0,", ",inf,", "inf is not finite"),
        ("Hopper", "\udcff", "is no table"),
    ],
)
def test_tables_that_are_none(part: Path, tmp_path: Path, old: str, new: str, message: str) -> None:
    for name in ("study.json", "results.csv", "curves.csv"):
        shutil.copy(part / name, tmp_path / name)
    content = (part / "results.csv").read_bytes().replace(old.encode(), new.encode(errors="surrogateescape"))
    (tmp_path / "results.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read(make_folder(tmp_path), double(tmp_path / "a.tx", TWO))


CLAIM = "claim helps = effect(noise, above = 0)"


def test_from_runs_to_the_report(tmp_path: Path) -> None:
    """Of the stand-in's runs, then of one more claim, then without the runs."""
    file = studying.write(tmp_path, seeds=3, claims=CLAIM)
    studying.run(file)
    said = list(report(studying.opened(file), "tiny.tx"))
    assert said[0] == "study tiny: all 6 runs done"
    assert said[1].startswith("  helps: noise, one: ")
    assert "before the first run" in page(tmp_path / "tiny").text
    file.write_text(file.read_text().replace(CLAIM, f"{CLAIM}\n  claim late = effect(noise, below = 0)"))
    list(report(studying.opened(file), "tiny.tx"))
    assert page(tmp_path / "tiny").text.count("declared after 6 runs") == 1
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    before = (tmp_path / "tiny/report.html").read_bytes()
    list(report(studying.opened(file), "tiny.tx"))
    assert (tmp_path / "tiny/report.html").read_bytes() == before
    file.write_text(file.read_text().replace("seeds = 3", "seeds = 3\n  score = auc"))
    with pytest.raises(UserError, match="are not scored by auc"):
        list(report(studying.opened(file), "tiny.tx"))
    file.write_text(file.read_text().replace("  claim late = effect(noise, below = 0)", "").replace("score = auc", ""))
    list(report(studying.opened(file), "tiny.tx"))
    assert "Declared and withdrawn" in page(tmp_path / "tiny").text


def test_a_claim_that_means_something_else_is_marked(tmp_path: Path) -> None:
    study = double(tmp_path / "a.tx", ["Hopper-v4"])
    fill(tmp_path / "out", study, paper)
    other = double(tmp_path / "a.tx", ["Hopper-v4"], scale={"Hopper-v4": (0.0, 3000.0)})
    written(tmp_path / "out", other, fill(tmp_path / "out", other, paper, begun=20))
    found = page(tmp_path / "out")
    assert found.text.count("declared after 20 runs") == 3
    assert found.text.count("before the first run; these words meant something else") == 3


def test_the_folder_of_another_study_is_left_as_it_is(tmp_path: Path) -> None:
    file = studying.write(tmp_path, seeds=1)
    studying.run(file)
    before = {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()}
    file.write_text(file.read_text().replace("study tiny", "study other").replace("[0.1, 0.2]", "[0.2, 0.1]"))
    with pytest.raises(UserError, match="is the folder of the study tiny"):
        list(report(studying.opened(file), "tiny.tx"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()} == before
    with pytest.raises(UserError, match="nothing of the study has been run there"):
        list(report(studying.opened(file, folder="none"), "tiny.tx"))
    assert not (tmp_path / "none").exists()


def test_a_claims_name_may_be_longer_than_a_files(tmp_path: Path) -> None:
    text = DOUBLE.replace("ENVIRONMENTS", '"Hopper-v4"').replace("SEEDS", "3").replace("SCALE", "")
    study = load(tmp_path / "a.tx", text.replace("coadapted", "c" * 260).replace("spares_em", "c" * 261))
    written(tmp_path / "out", study, fill(tmp_path / "out", study, paper))
    names = {path.stem for path in (tmp_path / "out/figures").iterdir()}
    assert len(names) == 5
    assert sum(name.startswith("forest-ccc") for name in names) == 2


def test_nothing_was_run(tmp_path: Path) -> None:
    file = studying.write(tmp_path)
    with pytest.raises(UserError, match="nothing of the study has been run there"):
        list(report(studying.opened(file), "tiny.tx"))


def test_an_adaptive_study_says_its_looks(tmp_path: Path) -> None:
    file = studying.write(tmp_path, claims="claim helps = effect(noise, above = -1M)")
    file.write_text(file.read_text().replace("seeds = 2", "seeds = adaptive(3, 9, step = 3)"))
    studying.run(file)
    said = list(report(studying.opened(file), "tiny.tx"))
    assert said[0] == "study tiny: all 6 runs done"
    text = page(tmp_path / "tiny").text
    assert "1 of 3 looks taken, at 3, 6, 9 seeds a cell, each at the level 0.017." in text
    assert "helps: confirmed" in text


LADDER = """taxon 1
study walk {
  ladder = walk(std.sac, std.ddpg, orders = 2, together = [network, optimizer])
  on     = ["Hopper-v4"]
  seeds  = 3
  steps  = 100k
  claim all = total(below = 0)
}
"""


def test_a_ladder(tmp_path: Path) -> None:
    study = load(tmp_path / "walk.tx", LADDER)
    said = fill(tmp_path / "out", study, lambda cell, seed: int(cell.hash[:3], 16) + 100.0 * seed)
    written(tmp_path / "out", study, said)
    assert {path.stem for path in (tmp_path / "out/figures").glob("*.svg")} == {"forest-all", "curves", "ladder-1"}
    curves = (tmp_path / "out/figures/curves.svg").read_text()
    assert [label in curves for label in ("sac (n = 3)", "ddpg (n = 3)", "other rows")] == [True] * 3
    ladder = (tmp_path / "out/figures/ladder-1.svg").read_text()
    assert all(rung.name in ladder for rung in study.rungs)
