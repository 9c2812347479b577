"""On a Ray cluster of this machine: a worker that is killed costs nothing, and stopping leaves checkpoints."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from studies.running import studying
from studies.tuning import searching

from taxon.runtime.errors import UserError
from taxon.runtime.stopping import Stop
from taxon.studies.running.on_ray import OnRay

pytest.importorskip("ray")
pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnRay]:
    monkeypatch.setenv("STAND_IN_PAUSE", "0.1")
    made = OnRay("local", tmp_path / "store")
    yield made
    made.ray.shutdown()


def parents(folder: Path) -> list[int]:
    """The workers of Ray in which runs are going on."""
    found = []
    for record in studying.below(folder, "store/*/attempts-*/*/child.json"):
        if not (record.parent / "end.json").exists():
            status = Path(f"/proc/{json.loads(record.read_text())['number']}/stat")
            if status.exists():
                found.append(int(status.read_text().rpartition(")")[2].split()[1]))
    return found


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, cluster: OnRay) -> None:
    (tmp_path / "calm").mkdir()
    calm = studying.write(tmp_path / "calm", seeds=2, steps=400)
    studying.run(calm)
    file = studying.write(tmp_path, seeds=2, steps=400)
    killed: list[int] = []

    def kill() -> None:
        while not studying.below(tmp_path, "store/*/run-*/checkpoint.json") or not parents(tmp_path):
            time.sleep(0.02)
        killed.append(parents(tmp_path)[0])
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    said: list[str] = []
    counts = studying.run(file, launcher=cluster, said=said)
    thread.join()
    assert (counts.complete, counts.failed, len(killed)) == (4, 0, 1)
    assert any("SIGKILL" in line for line in said)
    assert (tmp_path / "tiny/results.csv").read_bytes() == (tmp_path / "calm/tiny/results.csv").read_bytes()


@pytest.mark.parametrize(
    ("address", "said"),
    [("127.0.0.1:1", "there is no Ray cluster"), ("nowhere", "is no address"), ("ray://here:1", "is no address")],
)
def test_no_cluster(tmp_path: Path, address: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        OnRay(address, tmp_path)


def test_a_search_makes_the_trials_that_it_makes_here(tmp_path: Path, cluster: OnRay) -> None:
    here, there = (searching.write(tmp_path / name, steps=400) for name in ("here", "there"))
    searching.run(here)
    searching.run(there, launcher=cluster)
    assert searching.table(there) == searching.table(here)


def test_stopping_leaves_checkpoints(tmp_path: Path, cluster: OnRay) -> None:
    file = studying.write(tmp_path, seeds=1, steps=4_000)
    study = studying.opened(file)
    study.declare()

    def stop() -> None:
        if len(studying.below(tmp_path, "store/*/run-*/checkpoint.json")) == 2:
            raise Stop

    with pytest.raises(Stop):
        studying.driver(study, launcher=cluster).run(stop)
    records = [json.loads(path.read_text()) for path in studying.below(tmp_path, "store/*/run-*/run.json")]
    assert [record["status"] for record in records] == ["interrupted"] * 2
