"""A study of small rows, opened and driven in this process or in one of its own, with the stand-in for `taxon run`."""

from __future__ import annotations

import glob
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from taxon.semantics import load_study
from taxon.studies.running.attempts import Observer
from taxon.studies.running.driver import Driver, Slots
from taxon.studies.running.jobs import Ways
from taxon.studies.running.launching import Here, Launcher
from taxon.studies.running.opened import Opened, open_study
from taxon.studies.running.plan import Asked
from taxon.studies.running.progress import Counts, count
from taxon.studies.running.random_return import FILE, RandomReturn

STAND_IN = Path(__file__).with_name("stand_in.py")
TEXT = """\
taxon 1

algorithm small extends std.td3 {{
  network.hidden = [4]
  data.batch = 4
  data.warmup = 8
}}

study tiny {{
  base  = small
  vary  noise = exploration.std in [{levels}]
  on    = [{environments}]
  seeds = {seeds}
  steps = {steps}
{claims}
}}
"""


def write(
    folder: Path,
    levels: Sequence[float] = (0.1, 0.2),
    environments: Sequence[str] = ("one",),
    seeds: int = 2,
    steps: int = 60,
    claims: str = "",
) -> Path:
    """A file with a study."""
    named = ", ".join(f'"{name}"' for name in environments)
    text = TEXT.format(
        levels=", ".join(map(str, levels)), environments=named, seeds=seeds, steps=steps, claims=f"  {claims}"
    )
    file = folder / "tiny.tx"
    file.write_text(text)
    return file


def opened(file: Path, every: int = 20, folder: str = "tiny") -> Opened:
    """The study of a file, whose store and folder are beside it; its random policies are measured already."""
    study = load_study(file).study
    assert study is not None
    found = open_study(study, file.parent / folder, file.parent / "store", Asked(evaluate_every=every))
    for name in study.environments:
        place = found.store.random(name)
        place.write(FILE, RandomReturn(environment=name, episodes=1, mean=-1.0).model_dump_json().encode())
    return found


def driver(
    study: Opened,
    session: str = "s",
    jobs: int = 2,
    stack: int = 1,
    anew: bool = False,
    keep: bool = True,
    patient: bool = True,
    launcher: Launcher | None = None,
    said: list[str] | None = None,
) -> Driver:
    """One that runs the stand-in, and leaves what there is of results at each change."""
    ways = Ways("cpu", 1, stack, "5min", keep, (sys.executable, str(STAND_IN)))
    say: Callable[[str], None] = [].append if said is None else said.append
    return Driver(
        study.store,
        study.looks().more,
        study.plan.study.environments,
        Observer(session, 60.0),
        session,
        Here() if launcher is None else launcher,
        Slots(jobs, jobs),
        ways,
        anew,
        patient,
        say,
        lambda driver: study.write(driver.found),
    )


def run(file: Path, **settings: object) -> Counts:
    """Run what is missing: the counts."""
    study = opened(file)
    study.declare()
    found = driver(study, **settings)  # type: ignore[arg-type]
    found.run(lambda: None)
    return count(found.found, 0)


def below(folder: Path, pattern: str) -> list[Path]:
    """What there is of a pattern, while other processes make and remove folders."""
    return [Path(found) for found in sorted(glob.glob(str(folder / pattern)))]


def attempts(file: Path) -> int:
    """How many attempts at runs there were."""
    return len(below(file.parent, "store/*/attempts-*/*/holder.json"))


def start(file: Path, pause: float, session: str = "s") -> subprocess.Popen[bytes]:
    """A driver in a process of its own."""
    environment = {**os.environ, "STAND_IN_PAUSE": str(pause)}
    return subprocess.Popen([sys.executable, __file__, str(file), session], env=environment)


def children(number: int) -> list[int]:
    """The processes that a process started."""
    found = Path(f"/proc/{number}/task/{number}/children").read_text()
    return [int(child) for child in found.split()]


def kill(process: subprocess.Popen[bytes], with_children: bool) -> None:
    """End a driver by SIGKILL, and its children where that is asked for."""
    numbers = children(process.pid) if with_children else []
    process.kill()
    for number in numbers:
        os.kill(number, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    run(Path(sys.argv[1]), session=sys.argv[2])
