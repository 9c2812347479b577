"""What a sitting finished is kept in the repository; the next one goes on from it, and the page is written from it."""

import json
import math
import shutil
from pathlib import Path

import pytest

from benchmarks import sittings, verdicts
from benchmarks.declared import declared
from benchmarks.fidelity import runs
from benchmarks.sittings import STUDIES, Places, Sitting
from taxon.studies.running.opened import open_study
from taxon.studies.running.plan import Asked

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


ROWS = Path(__file__).parents[2] / "benchmarks" / "specs" / "fidelity.tx"
BESIDE = """taxon 1
import "{rows}"

architecture small {{
  network.hidden = [4]
  data = rollouts(environments = 1, steps = 50, batch = 50, policy_epochs = 1, value_epochs = 1)
}}

study beside {{
  base  = [sb3_ppo]
  vary  networks with [small]
  on    = ["Hopper-v4"]
  seeds = 3
  steps = 100
  scale = {{ "Hopper-v4" = [0, 1000] }}
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
    long = Sitting(sitting.name, sitting.file, ("--eval-every", "10M", "--eval-episodes", "1", "--compile", "off"))
    for seconds in (12.0, 24.0, 48.0, 96.0):  # a machine that is busy may not have begun a run after the first
        assert places.run(long, seconds) is None
        if [*(tmp_path / "store").glob("*/run-*/checkpoint*")]:
            return
    raise AssertionError("no checkpoint was left")


def test_the_page_has_what_stands_beside(
    sitting: Sitting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The peer's runs, here made up, and a published curve of one of the rows."""
    shutil.copy(ROWS, tmp_path)
    file = tmp_path / "beside.tx"
    file.write_text(BESIDE.format(rows=ROWS.name), "utf-8")
    beside = Sitting("beside", str(file), sitting.options, peer=True, published={"sb3_ppo": "PPO"})
    places = Places(tmp_path / "store", tmp_path / "studies", 2)
    assert places.run(beside, math.inf) == 0
    assert places.run_peer(beside, math.inf) == 1
    assert "the peer's runs need --peers-folder" in capsys.readouterr().err
    places.keep(beside)

    monkeypatch.setattr(verdicts, "STUDIES", (beside,))
    monkeypatch.setattr(verdicts, "PEERS", tmp_path / "peers")
    (tmp_path / "before").mkdir()
    ((text, drawn),) = verdicts.made(tmp_path / "before")
    assert "Stable-Baselines3" not in text
    assert "pictures/studies/beside-published.svg" in text
    assert "beside-published.svg" in drawn

    opened = open_study(declared(str(file)), tmp_path / "studies" / "beside", places.store, Asked())
    (tmp_path / "peers").mkdir()
    versions = dict.fromkeys(("stable-baselines3", "torch", "numpy", "gymnasium", "mujoco"), "1.2.3")
    for unit, job in runs.jobs(opened.plan).items():
        curve = [[0, 0.0], [50, 1.0], [100, 5_000.0 + unit.seed]]
        said = {"curve": curve, "seconds": 1.0, "versions": versions, "device": "cpu made up"}
        (tmp_path / "peers" / f"{job.name}.json").write_text(json.dumps(said), "utf-8")
    (tmp_path / "after").mkdir()
    ((text, _),) = verdicts.made(tmp_path / "after")
    (row,) = [line for line in text.splitlines() if line.startswith("| sb3") and "| Hopper-v4 |" in line]
    assert "| 5,001 ± 1 (n = 3) | -4," in row
    assert row.endswith(", contradicted |")


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
