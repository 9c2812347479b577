"""A run killed five times at random moments ends in the state of one that never was: a shipped spec of every kind, and
all of them with `-m slow`."""

import random
import shutil
import time
from pathlib import Path

import pytest
from sampling import sampled
from smaller import smaller

from taxon.cli.specs.loading import load
from taxon.compiler import emit
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.loading import shipped_names
from tests.runtime import kills
from tests.runtime.test_resume import state, words

KILLS = 5
# Small, and with several rounds and every kind of update: set where a row has the path.
SMALL = {
    "network.hidden": "[8, 6]",
    "data.batch": 4,
    "data.capacity": 60,
    "data.warmup": 20,
    "data.steps_per_update": 5,
    "data.environments": 4,
    "data.steps": 10,
    "data.restarts.group": 2,
    "data.policy_epochs": 1,
    "data.value_epochs": 1,
    "data.updates": 2,
    "data.episodes.value_updates": 2,
    "data.episodes.policy_updates": 2,
}
REMEMBERING = {"ddpg": ["exploration = ornstein_uhlenbeck"]}  # acting that keeps a memory
DISCRETE = {"mpo_categorical", "mpo_discrete", "reps", "urex", "sac_discrete"}
EPISODIC = {"power", "rwr", "rwr_return"}  # what they see must pay rewards that have logarithms
SPECS = sorted(set(shipped_names()) - {"architectures"})


def environment_of(spec: str) -> str:
    if spec in EPISODIC:
        return "taxon/Reach-v0"
    return "CartPole-v1" if spec in DISCRETE else "Pendulum-v1"


def kind(spec: str) -> tuple[object, ...]:
    """What of a row decides which data and which networks a run keeps."""
    row = load(spec, [], Recipe(environment_of(spec))).row
    return row["data"], row.base("pi_p.update"), row.base("target"), spec in REMEMBERING


def compiled(spec: str, environment: str) -> tuple[str, str, str, str]:
    row = load(spec, [], Recipe(environment)).row
    found = load(spec, [*smaller(row, SMALL), *REMEMBERING.get(spec, [])], Recipe(environment))
    return found.name, found.hash, found.canonical, emit(found.row)


@pytest.mark.parametrize("spec", sampled(SPECS, kind))
def test_a_killed_run_ends_in_the_same_state(spec: str, tmp_path: Path) -> None:
    environment, context = environment_of(spec), kills.processes()
    program = compiled(spec, environment)
    options = {"environment": environment, "seeds": (2, 5), "steps": 80, "device": "cpu"}
    options |= {"evaluate_every": 40, "evaluation_episodes": 1, "save_every": "10"}

    def life(folder: str):
        return context.Process(target=kills.live, args=(program, options, tmp_path / folder))

    began = time.monotonic()
    assert not kills.end(life("whole"))
    longest = time.monotonic() - began

    draw, killed, folder = random.Random(spec), 0, tmp_path / "killed"
    while killed < KILLS or not finished(folder):
        if finished(folder) or not (folder / checkpoint.INDEX).exists():
            shutil.rmtree(folder, ignore_errors=True)  # begin again: there is nothing to go on with
        after = draw.uniform(0, 0.6) * longest if killed < KILLS else None
        killed += kills.end(life("killed"), after)
        if finished(folder):
            assert state(folder) == state(tmp_path / "whole")
            assert words(folder) == words(tmp_path / "whole")


def finished(folder: Path) -> bool:
    return (folder / manifest.FILE).exists() and manifest.read(RunFolder(folder)).status == "finished"
