"""Published curves stand beside a study's with intervals of the same kind, and are compared where they reach."""

from pathlib import Path

import pytest
from scipy import stats
from studies.report.made import fill, load

from benchmarks import published
from taxon.figures.curves import curves
from taxon.figures.style import settings
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.studies import Study
from taxon.studies.report.recorded import read

TEXT = """taxon 1

study small {
  base  = [std.ppo_clip, std.vmpo]
  on    = ["Hopper-v4", "Pendulum-v1"]
  seeds = 5
  steps = 1M
}
"""
BESIDE = {"std.ppo_clip": "PPO"}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study whose scores on Hopper-v4 are 2,500 and the seed."""
    found = load(tmp_path / "small.tx", TEXT)
    fill(tmp_path / "out", found, lambda cell, seed: 2_500.0 + seed)
    return found


def test_bars_are_students_intervals() -> None:
    other = published.published()["Hopper", "PPO"]
    step, mean, deviation = other.points[-1]
    shown = other.other(step, 3)
    assert shown.points[-1] == (step, mean)
    assert shown.halves[-1] == pytest.approx(stats.t.ppf(0.975, 9) * deviation / 10**0.5)
    assert other.other(100_000, 0).points[-1][0] < 110_000
    assert other.at(1_000_000) is not None
    assert other.at(200_000) is None  # between two points


def test_the_difference_is_welchs(study: Study, tmp_path: Path) -> None:
    recorded, known = read(RunFolder(tmp_path / "out"), study), published.published()
    (found,) = published.differences(study, recorded, BESIDE, known)
    line = found.line()
    ours, other = [2_500.0 + seed for seed in range(5)], known["Hopper", "PPO"].at(1_000_000)
    assert other is not None
    assert other.mean is not None
    assert other.variance is not None
    # Welch and Satterthwaite's degrees of freedom, written out
    own, peer = stats.tstd(ours) ** 2 / 5, other.variance / 10
    df = (own + peer) ** 2 / (own**2 / 4 + peer**2 / 9)
    middle, half = 2_502.0 - other.mean, stats.t.ppf(0.975, df) * (own + peer) ** 0.5
    assert line.startswith("ppo_clip on Hopper-v4: 2,502 ± 2 (n = 5); PPO, published")
    assert line.endswith(f"difference {middle:+,.0f} [{middle - half:,.0f}, {middle + half:,.0f}]")


def test_a_panel_has_marks_for_what_was_published(study: Study, tmp_path: Path) -> None:
    drawn = published.panels(study, read(RunFolder(tmp_path / "out"), study), BESIDE, published.published())
    assert [len(panel.others) for panel in drawn] == [1, 0]
    with settings("test"):
        figure = curves(drawn)
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == ["ppo_clip (n = 5)", "vmpo (n = 5)"]
    assert "PPO, Tianshou's MuJoCo benchmark (n = 10)" in labels


def test_a_curve_is_for_each_row_of_its_base(tmp_path: Path) -> None:
    text = TEXT.replace(
        "[std.ppo_clip, std.vmpo]", "std.ppo_clip\n  vary  ratio = pi_q.update.clipped.ratio in [0.1, 0.2]"
    )
    study = load(tmp_path / "small.tx", text)
    fill(tmp_path / "out", study, lambda cell, seed: 2_500.0 + seed)
    recorded, known = read(RunFolder(tmp_path / "out"), study), published.published()
    drawn = published.panels(study, recorded, BESIDE, known)
    assert [len(panel.others) for panel in drawn] == [1, 0]
    assert drawn[0].others[0].place == 2  # beside two rows, of a colour that neither has
    found = list(published.differences(study, recorded, BESIDE, known))
    assert [each.row for each in found] == ["ratio = 0.1", "ratio = 0.2"]
    # Two curves and one base: which of them is meant is not said.
    assert not list(published.differences(study, recorded, {**BESIDE, "std.vmpo": "TRPO"}, known))


def test_a_curve_that_begins_later_is_not_drawn(tmp_path: Path) -> None:
    study = load(tmp_path / "small.tx", TEXT.replace("1M", "20k"))
    fill(tmp_path / "out", study, lambda cell, seed: 10.0 + seed)
    drawn = published.panels(study, read(RunFolder(tmp_path / "out"), study), BESIDE, published.published())
    assert [len(panel.others) for panel in drawn] == [0, 0]


def test_a_base_that_varies_along_has_its_own_curve(tmp_path: Path) -> None:
    text = TEXT.replace("std.vmpo]", "std.vmpo]\n  vary  layers = network.hidden in [[64, 64], [32]]")
    study = load(tmp_path / "small.tx", text)
    fill(tmp_path / "out", study, lambda cell, seed: 2_500.0 + seed)
    recorded, known = read(RunFolder(tmp_path / "out"), study), published.published()
    found = list(published.differences(study, recorded, BESIDE, known))
    assert len(found) == 2
    assert all(each.row.startswith("ppo_clip") for each in found)


def test_the_command(study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(tmp_path / "small.tx"), "--beside", "std.ppo_clip=PPO", "--out"]
    assert published.main([*words, str(tmp_path / "out")]) == 0
    assert (tmp_path / "out/published.svg").exists()
    assert published.main([*words, str(tmp_path / "nowhere")]) == 2
    assert "nothing of the study has been run there" in capsys.readouterr().err
