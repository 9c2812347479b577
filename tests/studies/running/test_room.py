"""How processes are given cores and GPUs, and seeds processes: functions, of machines that are not here."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.program import taxon
from studies.running import studying

from taxon.runtime.errors import UserError
from taxon.studies.running.driver import Slots, surroundings
from taxon.studies.running.jobs import Ways, trainings
from taxon.studies.running.room import room, share


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("cpu", 8, (), 2), Slots(4, 8)),
        (("cpu", 1, (), 4), Slots(1, 4)),  # one that needs more cores than there are has them alone
        (("cpu", 8, (), 2, 3), Slots(3, 6)),
        (("cuda", 16, ("0", "1"), 2), Slots(2, 4, ("0", "1"))),
        (("cuda", 16, ("0", "1"), 2, None, 3), Slots(6, 12, ("0", "1"))),
        (("cuda", 16, ("0", "1"), 1, 5), Slots(5, 5, ("0", "1"))),
        (("cuda", 16, ("0", "1"), 1, 3, 2), Slots(3, 3, ("0", "1"))),
        (("cuda", 16, (), 1), Slots(1, 1)),
    ],
)
def test_room(given: tuple, expected: Slots) -> None:
    assert room(*given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("cpu", 8, (), 1, None, 2), "--per-gpu 2 shares a GPU, and this study runs on a CPU"),
        (("cuda", 8, ("0",), 1, 3, 2), "--jobs 3 is more than 1 GPUs with --per-gpu 2 have room for"),
    ],
)
def test_what_does_not_fit_together(given: tuple, message: str) -> None:
    with pytest.raises(UserError, match=message):
        room(*given)


def test_processes_go_where_the_fewest_are() -> None:
    slots = room("cuda", 8, ("GPU-a", "GPU-b"), 1, per_gpu=3)
    used: list[str] = []
    for _ in range(slots.processes):
        used.append(slots.gpu(used))
    assert used == ["GPU-a", "GPU-b"] * 3
    assert Slots(2, 2).gpu([]) == ""
    assert surroundings(2, "GPU-a")["CUDA_VISIBLE_DEVICES"] == "GPU-a"
    assert "CUDA_VISIBLE_DEVICES" not in surroundings(2, "")


def chunks(folder: Path, processes: int, levels: int = 2, seeds: int = 10) -> list[list[int]]:
    """The seeds of each process of a study on a GPU that has room for so many."""
    study = studying.opened(studying.write(folder, levels=[0.1 * (k + 1) for k in range(levels)], seeds=seeds))
    found = study.look()
    units = [*found]
    jobs = trainings(study.store, units, found, Ways("cuda", 1, share(units, processes), "5min"))
    return [[unit.seed for unit in job.units] for job in jobs]


@pytest.mark.parametrize(
    ("processes", "sizes"),
    [(1, [10, 10]), (2, [10, 10]), (3, [10, 10]), (4, [5, 5, 5, 5]), (8, [3, 3, 3, 1] * 2), (100, [1] * 20)],
)
def test_seeds_are_shared_out_where_cells_are_few(tmp_path: Path, processes: int, sizes: list[int]) -> None:
    found = chunks(tmp_path, processes)
    assert sorted(map(len, found)) == sorted(sizes)
    assert sorted(seed for each in found for seed in each) == sorted([*range(10)] * 2)


def test_nothing_left_to_share() -> None:
    assert share([], 4) == 1


def test_a_cpu_refuses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    studying.write(tmp_path)
    told = taxon("study", "tiny.tx", "--per-gpu", "2")
    assert told.exit_code == 2
    assert "this study runs on a CPU" in told.stderr


def test_chunks_run_whole(tmp_path: Path) -> None:
    file = studying.write(tmp_path, levels=(0.1,), seeds=5)
    study = studying.opened(file)
    assert studying.run(file, stack=share([*study.look()], 2), jobs=2).complete == 5
    assert sorted(path.name for path in studying.below(tmp_path, "store/*/run-*")) == ["run-0-1", "run-3-1"]
