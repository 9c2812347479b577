"""A tune of a small row, opened and driven in this process or in one of its own, with the stand-in for `taxon run`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from studies.running.studying import STAND_IN

from taxon.semantics import load_tune
from taxon.semantics.studies import Space
from taxon.semantics.tuning import Tune
from taxon.studies.running.attempts import Observer
from taxon.studies.running.driver import Driver, Slots
from taxon.studies.running.jobs import Ways
from taxon.studies.running.launching import Here, Launcher
from taxon.studies.running.plan import Asked
from taxon.studies.running.random_return import FILE, RandomReturn
from taxon.studies.tuning.opened import Opened, open_tune
from taxon.studies.tuning.search import Search

TEXT = """\
taxon 1

algorithm small extends std.td3 {{
  network.hidden = [4]
  data.batch = 4
  data.warmup = 8
}}

architecture wide {{ network.policy.hidden = [8] }}
architecture narrow {{ network.policy.hidden = [2] }}

tune tiny {{
  base    = small
{search}
  on      = [{environments}]
  seeds   = 3
  steps   = {steps}
  trials  = {trials}
{more}
}}
"""
RATES = """\
  search  optimizer.policy.lr in log_uniform(1e-5, 1e-2)
  search  exploration.std in [0.1, 0.2]"""


def write(
    folder: Path,
    search: str = RATES,
    more: str = "  sampler = random",
    trials: int = 6,
    environments: str = '"one"',
    steps: int = 100,
) -> Path:
    """A file with a tune."""
    folder.mkdir(exist_ok=True)
    file = folder / "tiny.tx"
    file.write_text(TEXT.format(search=search, more=more, trials=trials, environments=environments, steps=steps))
    return file


def tune_of(file: Path, space: Space | None = None) -> Tune:
    """The tune of a file, which is right; space: what an environment takes as its action."""
    expanded = load_tune(file, space)
    assert expanded.tune is not None, expanded.diagnostics
    return expanded.tune


def opened(file: Path, folder: str = "tiny", space: Space | None = None) -> Opened:
    """The tune of a file, whose store and folder are beside it; its random policies are measured already."""
    tune = tune_of(file, space)
    found = open_tune(tune, file.parent / folder, file.parent / "store", Asked(evaluate_every=20))
    for name in tune.environments:
        place = found.store.random(name)
        place.write(FILE, RandomReturn(environment=name, episodes=1, mean=-1.0).model_dump_json().encode())
    return found


def run(
    file: Path,
    jobs: int = 2,
    folder: str = "tiny",
    said: list[str] | None = None,
    session: str = "s",
    space: Space | None = None,
    launcher: Launcher | None = None,
) -> Search:
    """Run what is missing."""
    found = opened(file, folder, space)
    ways = Ways("cpu", 1, 10, "5min", False, (sys.executable, str(STAND_IN)))
    say: Callable[[str], None] = [].append if said is None else said.append
    driver = Driver(
        found.store,
        found.search.more,
        found.tune.environments,
        Observer(session, 60.0),
        session,
        launcher or Here(),
        Slots(jobs, jobs),
        ways,
        False,
        True,
        say,
        lambda driver: found.write(),
    )
    with found.claimed():
        found.declare()
        driver.run(lambda: None)
    return found.search


def table(file: Path, folder: str = "tiny") -> str:
    return (file.parent / folder / "trials.csv").read_text()


def start(file: Path, pause: float) -> subprocess.Popen[bytes]:
    """A driver in a process of its own."""
    environment = {**os.environ, "STAND_IN_PAUSE": str(pause), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, __file__, str(file)], env=environment)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
