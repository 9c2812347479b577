"""What a person reads of a study that runs, and the script for Slurm."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from studies.running import studying

from taxon.runtime.errors import UserError
from taxon.studies.running import slurm
from taxon.studies.running.preview import preview
from taxon.studies.running.progress import Costs, Counts, duration
from taxon.studies.running.standing import Standing


def test_the_line_of_progress() -> None:
    counts = Counts(units=240, complete=37, running=2, failed=1, frozen=3, stale=0)
    assert counts.line(5 * 3600 + 12 * 60) == "37/240 done · 2 running · 1 failed · 3 frozen † · 5 h 12 min left"
    assert Counts(4, 4, 0, 0, 0, 0).line(0.0) == "4/4 done"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (40, "40 s"), (60, "1 min"), (3599, "1 h 0 min"), (7260, "2 h 1 min")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_what_a_study_would_take(tmp_path: Path) -> None:
    file = studying.write(tmp_path)
    before = "\n".join(_preview(file))
    assert "4 to be made" in before
    assert "core-hours: unknown" in before
    studying.run(file)
    longer = studying.write(tmp_path, seeds=5, steps=72_000_000, environments=("one",))
    lines = _preview(longer)
    assert "  6 to be made" in lines
    assert "  4 to be continued" in lines
    # 0.01 seconds a step, as the stand-in says, of ten runs of 20 hours but for the steps that are there
    cost = next(line for line in lines if line.startswith("core-hours"))
    assert cost.startswith("core-hours: 2,033.3 (as 2 of 2 kinds of runs took)")
    assert "  simple effect      64     29     17      9      6" in lines
    assert "  interaction       127     57     32     15      9" in lines


def _preview(file: Path) -> list[str]:
    study = studying.opened(file)
    costs = Costs(study.store, study.plan.places.values())
    costs.read()
    return list(preview(study.plan, study.look(), costs, cores=2))


def test_where_a_study_stands(tmp_path: Path) -> None:
    file = studying.write(tmp_path, environments=("one", "refused"), seeds=1)
    studying.run(file)
    standing = Standing.of(studying.opened(file))
    lines = list(standing.lines())
    assert lines[0] == "study tiny: 2/4 done · 2 failed"
    assert lines[1].split("  ")[-1] == "1/1 done"
    assert lines[-1] == "  failed: noise = 0.2 on refused, seed 0: the environment is refused"
    assert [unit["state"] for unit in standing.data()["units"]] == ["done", "failed"] * 2


def test_what_froze_a_seed_is_named(tmp_path: Path) -> None:
    """Where its environment failed, with the way out."""
    file = studying.write(tmp_path, levels=(0.1,), environments=("freezes", "raises"), seeds=1)
    studying.run(file)
    standing = Standing.of(studying.opened(file))
    (run,) = (unit["run"] for unit in standing.data()["units"] if unit["environment"] == "raises")
    assert list(standing.lines())[-2:] == [
        "  frozen: noise = 0.1 on freezes, seed 0: it is no longer finite: value_loss of the phase update",
        f"  frozen: noise = 0.1 on raises, seed 0: ValueError: it is broken; {run}/failure-of-seed-0.txt says where: "
        f"mend the environment and remove {run}, and the run is made again",
    ]
    assert [unit["why"] for unit in standing.data()["units"]][1] == "ValueError: it is broken"
    shutil.rmtree(run)
    assert studying.run(file).frozen == 2


def _script(options: str, workers: int = 40, name: str = "a study", here: str = "/home/some one") -> str:
    return slurm.script(
        name, ["python", "-m", "taxon", "study", "work", "it's.tx"], options, workers, {"--cpus-per-task": "2"}, here
    )


@pytest.mark.parametrize("options", ["", "--time=24:00:00 -p long", "--comment='$(rm x) `y`' --array=0-3%2"])
def test_a_script_is_one_of_bash(options: str) -> None:
    text = _script(options)
    assert subprocess.run(["bash", "-n"], input=text.encode(), check=True, capture_output=True).stderr == b""
    assert text.startswith("#!/bin/bash\n#SBATCH ")


def test_a_script_starts_workers(tmp_path: Path) -> None:
    """It is executed, with an srun that prints what it is given."""
    place = tmp_path / "some one"
    place.mkdir()
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/bash\nprintf "%s\\n" "$PWD" "$SRUN_CPUS_PER_TASK" "$@"\n')
    srun.chmod(0o755)
    done = subprocess.run(
        ["bash"], input=_script("--time=1", here=str(place)).encode(), env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True, capture_output=True,
    )  # fmt: skip
    assert done.stdout.decode().splitlines() == [
        *(str(place), "1"),
        *("python", "-m", "taxon", "study", "work", "it's.tx"),
    ]


def test_an_option_of_the_users_replaces_the_scripts() -> None:
    lines = _script("--array=0-3%2 --mem 4G").splitlines()
    assert [line for line in lines if "--array" in line] == ["#SBATCH --array=0-3%2"]
    assert "#SBATCH --mem 4G" in lines
    assert "#SBATCH --job-name=taxon-a-study" in lines
    assert "#SBATCH --array=0-999" in _script("", workers=5_000).splitlines()


@pytest.mark.parametrize("options", ["--comment='x", "--comment='a\nb'"])
def test_options_that_are_none(options: str) -> None:
    with pytest.raises(UserError):
        _script(options)
