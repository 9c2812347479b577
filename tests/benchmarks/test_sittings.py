"""What a sitting finished is kept in the repository; the next one goes on from it, and the page is written from it."""

import json
import math
from pathlib import Path

import pytest

from benchmarks import sittings, verdicts
from benchmarks.sittings import STUDIES, Places, Sitting

SPEC = """taxon 1
import std.ppo_clip

/// Short enough for a test.
architecture small {{
  network.hidden = [4]
  data = rollouts(environments = 1, steps = 50, batch = 50, policy_epochs = 1, value_epochs = 1)
}}

/// Whether the clip | matters.
study tiny {{
  base  = std.ppo_clip
  vary  networks with [small]
  vary  clip = pi_q.update.clipped.ratio in [0.1, 0.2]
  on    = ["CartPole-v1"]
  seeds = {seeds}
  steps = 100

  /// A wide clip is better: 20 against 10.
  claim wide = effect(clip, above = 0)
}}
"""


@pytest.fixture
def sitting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sitting:
    monkeypatch.setattr(sittings, "FOLDER", tmp_path / "kept")
    for module in (sittings, verdicts):
        monkeypatch.setattr(module, "RUNS", tmp_path / "kept" / "store")
    return Sitting("tiny", str(tmp_path / "tiny.tx"), ("--eval-every", "50", "--eval-episodes", "1"))


def write(sitting: Sitting, seeds: int) -> None:
    Path(sitting.file).write_text(SPEC.format(seeds=seeds), "utf-8")


def made(store: Path) -> int:
    """How many runs were made there, and not imported."""
    return sum(not (run / "imported.json").exists() for run in store.glob("*/run-*"))


def test_a_sitting_goes_on_from_the_last(
    sitting: Sitting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verdicts, "STUDIES", (sitting,))
    first = Places(tmp_path / "store", tmp_path / "studies", 2)
    write(sitting, 1)
    first.take_up([sitting])
    first.keep(sitting)
    assert "nothing is kept" in capsys.readouterr().err
    assert first.run(sitting, math.inf) == 0
    first.keep(sitting)
    declared = json.loads((sitting.kept / "study.json").read_text("utf-8"))["claims"]
    assert [(each["name"], each["after"]) for each in declared] == [("wide", 0)]

    # on another machine, with a seed more: what was kept is not run again, and claims are as old as they were
    write(sitting, 2)
    second = Places(tmp_path / "elsewhere", tmp_path / "others", 2)
    second.take_up([sitting])
    assert second.run(sitting, math.inf) == 0
    second.keep(sitting)
    assert made(tmp_path / "elsewhere") == 2
    assert json.loads((sitting.kept / "study.json").read_text("utf-8"))["claims"] == declared

    (tmp_path / "page").mkdir()
    ((text, drawn),) = verdicts.made(tmp_path / "page")
    assert "all 4 runs done; 100 steps each. Whether the clip \\| matters." in text
    assert "**wide**: A wide clip is better: 20 against 10. *Undecided.* `effect(clip, above = 0)`" in text
    assert set(drawn) == {"tiny-curves.svg", "tiny-forest-wide.svg"}
    assert all(f"(pictures/studies/{name})" in text for name in drawn)


def test_a_sitting_ends_in_time_with_checkpoints(sitting: Sitting, tmp_path: Path) -> None:
    write(sitting, 1)
    text = Path(sitting.file).read_text("utf-8").replace("steps = 100\n", "steps = 10M\n")
    Path(sitting.file).write_text(text, "utf-8")
    places = Places(tmp_path / "store", tmp_path / "studies", 2)
    long = Sitting(sitting.name, sitting.file, ("--eval-every", "10M", "--eval-episodes", "1"))
    for _ in range(10):  # a machine that is busy may not have begun a run after one
        assert places.run(long, 12.0) is None
        if [*(tmp_path / "store").glob("*/run-*/checkpoint*")]:
            return
    raise AssertionError("no checkpoint was left")


def test_the_page_says_what_the_kept_runs_say(tmp_path: Path) -> None:
    sections = [*verdicts.made(tmp_path)]
    page = verdicts.PAGE.read_text("utf-8")
    assert verdicts.written([text for text, _ in sections], page) == page
    drawn = {name for _, pictures in sections for name in pictures}
    assert drawn == {path.name for path in verdicts.PICTURES.glob("*")}


def test_every_study_that_is_run_in_sittings_is_there() -> None:
    assert len({sitting.name for sitting in STUDIES}) == len(STUDIES)
    for sitting in STUDIES:
        assert f"study {sitting.name} {{" in Path(sitting.target.rpartition(":")[0]).read_text("utf-8")
