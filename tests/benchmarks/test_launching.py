"""A contender in a process of its own, measured by the environment's clock."""

import os
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.contenders import CONTENDERS, Command, Contender, Interpreter, MissingError, Places, locate
from benchmarks.launch import FailedError, launch
from benchmarks.workload import workload

TINY = replace(workload("sac", "Pendulum-v1", batch=32, width=32), first=150, settle=20, measured=30)


def test_taxon_is_measured_from_command_to_update():
    found = launch(CONTENDERS["taxon"], TINY, locate(None), timeout=300, variables={"TORCHDYNAMO_DISABLE": "1"})
    assert found.steps_per_second > 0
    assert 0 < found.first_step < found.first_update
    assert found.process_bytes > 50_000_000
    assert found.versions["gymnasium"]


@pytest.mark.parametrize("algorithm", ["sac", "ppo"])
def test_a_contender_whose_environments_live_in_other_processes_is_measured_too(algorithm):
    """SAC's all do, PPO's but for one."""

    def command(work, places):
        alone = CONTENDERS["taxon"].command(work, places)
        return replace(alone, arguments=[*alone.arguments, "--workers", "2"])

    work = workload(algorithm, "Pendulum-v1", batch=32, width=32, seeds=3)
    found = launch(
        Contender("beside", (algorithm,), command),
        replace(work, first=150, settle=20, measured=30)
        if algorithm == "sac"
        else replace(work, settle=0, measured=64),
        locate(None),
        timeout=300,
        variables={"TORCHDYNAMO_DISABLE": "1"},
    )
    assert found.steps_per_second > 0
    assert found.process_bytes > 150_000_000  # a worker does not import torch


def test_a_contender_that_breaks_tells_why():
    broken = Contender("broken", ("sac",), lambda work, places: _python("print('it hurts'); raise SystemExit(3)"))
    with pytest.raises(FailedError, match=r"(?s)broken sac ended with code 3 .*it hurts"):
        launch(broken, TINY, locate(None))


def test_a_contender_that_hangs_is_ended():
    slow = Contender("slow", ("sac",), lambda work, places: _python("import time; time.sleep(60)"))
    with pytest.raises(FailedError, match="not done after"):
        launch(slow, TINY, locate(None), timeout=0.5)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin processes")
def test_a_contender_gets_the_cores_of_its_workload():
    before = os.sched_getaffinity(0)
    tells = Contender("tells", ("sac",), lambda work, places: _python("import os; print(os.sched_getaffinity(0))"))
    with pytest.raises(FailedError, match=rf"\{{{min(before)}\}}"):
        launch(tells, TINY, locate(None))
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("name", ["sb3", "sbx", "cleanrl", "leanrl"])
def test_a_peer_that_is_not_installed_is_named(name):
    with pytest.raises(MissingError, match="not installed"):
        CONTENDERS[name].command(TINY, locate(None))


@pytest.mark.parametrize("name", ["sb3", "cleanrl"])
def test_peers_run_the_benchmarks_constants_alone(name):
    here = Interpreter(Path(sys.executable))
    places = Places(here, stable=here, single=here, cleanrl=Path("cleanrl"))
    with pytest.raises(MissingError, match="one seed"):
        CONTENDERS[name].command(replace(TINY, seeds=2), places)


def test_what_is_asked_of_taxon_stands_in_its_command():
    work = workload("ppo", environments=4, seeds=3, batch=128, width=32)
    arguments = CONTENDERS["taxon"].command(work, locate(None)).arguments
    sets = {after for before, after in pairwise(arguments) if before == "--set"}
    assert sets == {
        "data.environments=4",
        "data.steps=512",
        "data.batch=128",
        "network.policy.hidden=[32, 32]",
        "network.value.hidden=[32, 32]",
    }
    assert arguments[arguments.index("--seeds") + 1] == "3"


def _python(code):
    return Command([sys.executable, "-c", code])
