"""Environments in worker processes: the numbers of a run without them, and what happens when a process dies."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import worlds

from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.environments.vectors import worker_count
from taxon.runtime.environments.vectors.busy_wait import SPIN
from taxon.runtime.environments.vectors.collector import Collector
from taxon.runtime.environments.vectors.subprocess_vector import SubprocessVector, shares
from taxon.runtime.environments.vectors.worker_count import choose_workers, fastest
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint, manifest
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.trainer import Program, resume, train
from tests.runtime.saved import saved_in
from tests.runtime.test_resume import comparable, options, plain, program, rollouts, state, stop_after, words

__all__ = ["program", "rollouts"]  # fixtures
WALK = "worlds:known/Walk-v0"
COUNTED = ("steps_done", "environment_steps", "evaluation_steps", "updates", "samples", "frozen", "causes")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def asked(folder: Path, **changes):
    return options(folder, **({"seeds": (3, worlds.BROKEN, 7), "steps": 150} | changes))


def same(folder: Path, other: Path) -> bool:
    ours, theirs = manifest.read(RunFolder(folder)), manifest.read(RunFolder(other))
    counts = all(getattr(ours, field) == getattr(theirs, field) for field in COUNTED)
    return counts and state(folder) == state(other) and words(folder) == words(other)


@pytest.fixture
def restarts(rollouts):
    """Rollouts whose environments all begin anew each round."""
    return replace(rollouts, source=rollouts.source.replace("batch=8)", "batch=8, restarts=True, group=2)"))


@pytest.mark.parametrize(
    ("kind", "id", "workers"),
    [
        ("program", "Pendulum-v1", 2),
        ("program", WALK, 2),
        ("rollouts", "HalfCheetah-v4", 1),
        ("rollouts", WALK, 3),
        ("restarts", WALK, 2),
        ("restarts", WALK, 9),
    ],
)
def test_a_run_with_workers_is_the_run_without(request, tmp_path, kind, id, workers):
    program = request.getfixturevalue(kind)
    for many in (0, workers):
        outcome = train(program, asked(tmp_path / str(many), environment=Recipe(id), workers=many), plain())
        assert outcome.manifest.workers == many
    assert same(tmp_path / str(workers), tmp_path / "0")


@pytest.mark.parametrize(("kind", "share"), [("program", 0), ("rollouts", 3)])
def test_the_run_steps_a_share_where_it_would_only_wait(request, tmp_path, monkeypatch, kind, share):
    made = []
    monkeypatch.setattr(
        "taxon.runtime.prepared.make", lambda recipe, number: made.append(number) or make(recipe, number)
    )
    train(
        request.getfixturevalue(kind), asked(tmp_path / "run", environment=Recipe(WALK), steps=20, workers=2), plain()
    )
    assert len(made) == 3 + share  # one for each seed's evaluations


@pytest.mark.parametrize(("kind", "threads"), [("program", 2), ("rollouts", 1)])
def test_rollouts_take_one_core_of_this_process(request, tmp_path, monkeypatch, kind, threads):
    """A thread of torch that waits for work would keep one that a worker needs."""
    seen, start, before = set(), Collector.start, torch.get_num_threads()
    monkeypatch.setattr(Collector, "start", lambda *given: seen.add(torch.get_num_threads()) or start(*given))
    torch.set_num_threads(2)
    try:
        train(request.getfixturevalue(kind), asked(tmp_path / "run", environment=Recipe(WALK), steps=20), plain())
        assert (seen, torch.get_num_threads()) == ({threads}, 2)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("kind", ["program", "restarts"])
def test_a_run_goes_on_with_another_number_of_workers(request, tmp_path, kind):
    program = request.getfixturevalue(kind)
    train(program, asked(tmp_path / "whole", environment=Recipe(WALK)), plain())
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 12)
        train(program, asked(tmp_path / "broken", environment=Recipe(WALK), workers=2), plain())
    lives = []
    for workers, calls in ((None, 12), (0, 12), (3, 1000)):
        with pytest.MonkeyPatch.context() as patch:
            stop_after(patch, calls)
            lives.append(resume(program, tmp_path / "broken", None, plain(), workers, Recipe(WALK)).manifest)
    assert [(life.status, life.workers) for life in lives] == [("interrupted", 2), ("interrupted", 0), ("finished", 3)]
    assert same(tmp_path / "broken", tmp_path / "whole")


def test_an_environment_that_cannot_be_restored_begins_anew_in_a_worker_too(program, tmp_path, monkeypatch):
    monkeypatch.setattr("taxon.runtime.trainer.restorable", lambda id, seed: False)
    for workers in (0, 2):
        with pytest.MonkeyPatch.context() as patch:
            stop_after(patch, 70)
            train(program, asked(tmp_path / str(workers), workers=workers), plain())
        resume(program, tmp_path / str(workers), console=plain())
    assert saved_in(tmp_path / "2")["collector"]["environments"] == [None] * 3
    assert same(tmp_path / "2", tmp_path / "0")


@pytest.mark.parametrize(
    ("kind", "seeds", "fault", "cause"),
    [
        ("program", (3, 5, 7), "raises", "ValueError: the motor burnt"),
        ("rollouts", (3, 5, 7), "raises", "ValueError: the motor burnt"),
        ("rollouts", (5, 3, 7), "sys-exits", "SystemExit: 3"),
        ("program", (3, 5, 7), "interrupts", "KeyboardInterrupt"),
    ],
)
def test_an_environment_that_raises_beside_others_ends_its_own_seed(request, tmp_path, kind, seeds, fault, cause):
    """In a worker, and in the share of the run's own process."""
    program, id = request.getfixturevalue(kind), f"worlds:known/Walk-{fault}-v0"
    for workers in (0, 2):
        train(program, asked(tmp_path / str(workers), environment=Recipe(id), seeds=seeds, workers=workers), plain())
    assert manifest.read(RunFolder(tmp_path / "2")).causes == {"5": f"{id} failed: {cause}"}
    assert "in fail\n" in (tmp_path / "2" / "failure-of-seed-5.txt").read_text()
    assert same(tmp_path / "2", tmp_path / "0")


@pytest.mark.parametrize(
    ("fault", "kind", "workers", "lost", "how"),
    [
        ("killed", "program", 3, ["5"], "was ended by SIGKILL, perhaps since memory ran out"),
        ("crashes", "program", 2, ["3", "5"], "was ended by SIGSEGV"),
        ("exits", "rollouts", 9, ["5"], "ended with exit code 3"),
        ("exits", "rollouts", 2, ["5"], "ended with exit code 3"),  # beside this process, which has seed 3's
    ],
)
def test_a_worker_that_dies_ends_the_seeds_it_carried(request, tmp_path, fault, kind, workers, lost, how):
    program, id = request.getfixturevalue(kind), f"worlds:known/Walk-{fault}-v0"
    outcome = train(program, asked(tmp_path / "run", environment=Recipe(id), workers=workers), plain())
    assert outcome.exit_code == 0
    record = manifest.read(RunFolder(tmp_path / "run"))
    assert record.causes == dict.fromkeys(lost, f"{id} failed: its worker process {how}")
    assert record.frozen.keys() == record.causes.keys()
    assert ("in fail" in (tmp_path / "run" / "failure-of-seed-5.txt").read_text()) == (fault == "crashes")
    # The others are what they are without it, to the bit.
    others = tuple(seed for seed in (3, 5, 7) if str(seed) not in lost)
    train(program, asked(tmp_path / "without", environment=Recipe(WALK), seeds=others), plain())
    ours, theirs = (saved_in(folder)["agent"] for folder in (tmp_path / "run", tmp_path / "without"))
    places = [place for place, seed in enumerate((3, 5, 7)) if seed in others]
    assert {name: comparable(tensor[places]) for name, tensor in ours.items()} == comparable(theirs)
    resume(program, tmp_path / "run", 200, plain(), environment=Recipe(id))
    assert manifest.read(RunFolder(tmp_path / "run")).causes == record.causes


def test_a_worker_that_is_gone_when_its_state_is_asked_for_ends_its_seeds_at_the_next_step():
    vector = SubprocessVector(Recipe("Pendulum-v1"), [1, 2, 3], 3, 3, 1)
    try:
        vector.open(1, False)
        assert vector.begin(dict.fromkeys(range(3))) == []
        first, _, last = vector.checkpoints()
        state = first.capture()
        assert state
        vector._remotes[0]._process.kill()
        vector._remotes[0]._process.wait()
        assert first.capture() is None
        assert last.capture()
        with pytest.raises(UserError, match="a worker process ended"):
            first.restore(state)
        vector.start(np.zeros((3, 1), np.float32), np.ones(3, np.bool_), 1, False)
        with pytest.raises(RuntimeError, match="was begun and not ended"):
            last.capture()
        assert [said.seed for said in vector.finish()] == [0]
        with pytest.raises(ValueError, match="state of an environment is a dictionary"):
            last.restore({"nothing": 1})
    finally:
        vector.close()
    assert all(remote._process.returncode is not None for remote in vector._remotes)


def test_what_a_worker_cannot_make_is_a_message_and_leaves_nothing(program, tmp_path):
    """Registered by this process alone."""
    with pytest.raises(UserError, match="in a worker process there is no environment known/Drawn-v0") as caught:
        train(program, asked(tmp_path / "run", environment=Recipe("known/Drawn-v0"), workers=2), plain())
    assert "--workers 0" in caught.value.help
    assert not (tmp_path / "run").exists()


LIFE = """
import sys
from dataclasses import replace
from pathlib import Path
import torch
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.trainer import Program, train
torch.set_num_threads(1)
source, folder = Path(sys.argv[1]).read_text(), Path(sys.argv[2])
asked = Options(Recipe("Pendulum-v1"), (3, 5, 7), 10**6, "cpu", folder, compile="off", workers=2)
asked = replace(asked, save_every=parse_cadence("50", ""))
sys.exit(train(Program("toy", "0123abcd", "taxon 1\\n", source), asked).exit_code)
"""


@pytest.fixture
def life(toy_source, tmp_path):
    """A run in a process and a group of its own that has begun to step, and its workers."""
    (tmp_path / "toy.py").write_text(toy_source)
    arguments = [sys.executable, "-c", LIFE, str(tmp_path / "toy.py"), str(tmp_path / "run")]
    process = subprocess.Popen(arguments, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        while (
            not (tmp_path / "run" / checkpoint.INDEX).exists()
            or checkpoint.read(RunFolder(tmp_path / "run")).steps < 50
        ):
            assert process.poll() is None
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        workers = [
            int(child) for child in children if "taxon.runtime.environments.vectors.worker" in command(int(child))
        ]
        assert len(workers) == 2
        yield process, workers
    finally:
        process.kill()
        process.wait()


def command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text()


def gone(processes: list[int]) -> bool:
    """Whether all end within seconds."""
    until = time.monotonic() + 10
    while any(Path(f"/proc/{process}").exists() for process in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@linux
def test_a_killed_run_leaves_no_process(life):
    process, workers = life
    process.kill()
    process.wait()
    assert gone(workers)


@linux
def test_workers_are_light_and_leave_signals_to_the_run(life, tmp_path, toy_source):
    process, workers = life
    for worker in workers:
        assert "libtorch" not in Path(f"/proc/{worker}/maps").read_text()
        os.kill(worker, signal.SIGINT)
        os.kill(worker, signal.SIGTERM)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) == 130
    assert gone(workers)
    record = manifest.read(RunFolder(tmp_path / "run"))
    assert (record.status, record.causes) == ("interrupted", {})
    program = Program("toy", "0123abcd", "taxon 1\n", toy_source)
    steps = record.steps_done + 20
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 20)
        resume(program, tmp_path / "run", console=plain(), workers=0)
    whole = options(tmp_path / "whole", seeds=(3, 5, 7), steps=steps, evaluate_every=20_000)
    train(program, whole, plain())
    ours, theirs = (saved_in(tmp_path / name) for name in ("run", "whole"))
    assert ours["loop"]["steps"] == theirs["loop"]["steps"] == steps
    assert comparable(ours["agent"]) == comparable(theirs["agent"])
    assert comparable(ours["collector"]) == comparable(theirs["collector"])


def test_workers_that_stay_awake_step_as_others_do_and_are_missed_when_they_are_gone():
    received = {}
    for awake in (False, True):
        vector = SubprocessVector(Recipe("Pendulum-v1"), [1, 2], 2, 3, 1)
        try:
            if awake:
                vector.spin()
            buffer = vector.open(1, False)
            assert vector.begin(dict.fromkeys(range(2))) == []
            for now in range(5):
                if now == 3:
                    time.sleep(3 * SPIN)  # they have fallen asleep
                vector.start(np.full((2, 1), 0.5, np.float32), np.ones(2, np.bool_), now, False)
                assert vector.finish() == []
            received[awake] = buffer.rows.copy()
            vector._remotes[0]._process.kill()
            vector.start(np.zeros((2, 1), np.float32), np.ones(2, np.bool_), 5, False)
            assert [said.seed for said in vector.finish()] == [0]
        finally:
            vector.close()
    assert np.array_equal(received[False], received[True])


@pytest.mark.parametrize(("cores", "awake"), [(1, False), (2, True)])
def test_workers_of_a_run_stay_awake_where_each_has_a_core(rollouts, tmp_path, monkeypatch, cores, awake):
    monkeypatch.setattr(worker_count, "_cores", lambda: cores)
    asked_for = []
    monkeypatch.setattr(SubprocessVector, "spin", lambda self: asked_for.append(True))
    train(rollouts, asked(tmp_path / "run", environment=Recipe(WALK), workers=1), plain())
    assert bool(asked_for) == awake


@pytest.mark.parametrize(("count", "workers"), [(1, 4), (3, 2), (7, 3), (8, 6), (16, 16), (10, 1)])
def test_shares_are_even_and_in_order(count, workers):
    found = shares(range(5, count + 5), workers)
    assert [number for share in found for number in share] == list(range(5, count + 5))
    assert len(found) == min(count, workers)
    assert sorted(map(len, found), reverse=True) == list(map(len, found))
    assert len(found[0]) - len(found[-1]) <= 1


def test_workers_are_taken_where_they_save_time():
    assert fastest(16, 1e-3, 8, True) == 8
    assert fastest(16, 1e-3, 1, True) == 0  # it would only do elsewhere what can be done here
    assert fastest(8, 10e-6, 8, True) == 0  # the steps are shorter than the way there
    assert fastest(8, 200e-6, 7, True) == 4  # five would step two each, too


def test_a_run_that_steps_a_share_itself_takes_fewer_workers():
    assert fastest(16, 1e-3, 7, False) == 7
    assert fastest(2, 1e-3, 7, False) == 1  # each has one
    assert fastest(16, 36e-6, 1, False) == 1
    assert fastest(5, 36e-6, 1, False) == 1  # the worker, which needs longer, has two of them
    assert fastest(2, 25e-6, 1, False) == 0
    assert fastest(8, 50e-6, 7, False) == 3


def test_one_environment_or_no_free_core_asks_for_none(monkeypatch):
    monkeypatch.setattr(worker_count, "_seconds", lambda id, number: 1.0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)

    def chosen(count, cores, device="cpu", beside=True):
        monkeypatch.setattr(worker_count, "_cores", lambda: cores)
        return choose_workers(Recipe("Pendulum-v1"), 0, count, torch.device(device), beside)

    assert [chosen(count, 8) for count in (1, 2, 3, 100)] == [0, 2, 3, 5]
    assert [chosen(100, cores) for cores in (1, 3, 4, 5)] == [0, 0, 0, 2]
    assert chosen(100, 8, "cuda") == 7  # the updates take one, to tell the GPU what to do
    # While rollouts are made, nothing is updated.
    assert [chosen(100, cores, beside=False) for cores in (1, 2, 5)] == [0, 1, 4]
    assert [chosen(count, 8, beside=False) for count in (1, 2, 3)] == [0, 1, 2]
    assert chosen(100, 8, "cuda", beside=False) == 7


def test_an_environment_that_fails_when_it_is_timed_stays_here(monkeypatch):
    monkeypatch.setattr(worker_count, "_cores", lambda: 64)
    assert choose_workers(Recipe("known/Nowhere-v0"), 0, 8, torch.device("cpu"), True) == 0
    assert (
        choose_workers(Recipe("known/Dictionary-v0"), 0, 8, torch.device("cpu"), True) == 0
    )  # its step breaks its own word
