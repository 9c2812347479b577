"""One process at a time is at a place, and a place is not lost with a process."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.running.attempts import BEAT, CHILD, END, HOLDER, Holder, Lease, Observer, failures, numbers
from taxon.studies.running.processes import Process, process


class Clock:
    """Seconds as a test has them."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def place(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path).folder("attempts-0", make=True)


def holder(attempts: RunFolder, number: int, by: Process) -> None:
    """As another process would have left it."""
    folder = attempts.folder(str(number))
    folder.write(HOLDER, Holder(process=by, session="other").model_dump_json().encode())


ELSEWHERE = Process(machine="another", number=1, begun="1")


def test_one_of_many_claims(place: RunFolder, tmp_path: Path) -> None:
    found: list[Lease | None] = []

    def claim(number: int) -> None:
        own = RunFolder(tmp_path, f"-{number}").folder("attempts-0")
        found.append(Observer(str(number), 60.0).claim(own))

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len([lease for lease in found if lease is not None]) == 1
    assert numbers(place) == [1]


def test_several_places_are_claimed_together_or_not_at_all(place: RunFolder, tmp_path: Path) -> None:
    other = RunFolder(tmp_path).folder("attempts-1", make=True)
    held = Observer("other", 60.0).claim(other)
    assert held is not None
    observer = Observer("s", 60.0)
    assert observer.claim_all([place, other]) is None
    assert not observer.held(place)
    held.folder.remove(HOLDER)  # as a disk that was full may leave it
    with pytest.raises(UserError, match=HOLDER):
        observer.claim_all([place, other])
    assert not observer.held(place)
    held.end("stopped")
    leases = observer.claim_all([place, other])
    assert leases is not None
    assert [lease.number for lease in leases] == [3, 2]


def test_an_ended_attempt_frees_its_place(place: RunFolder) -> None:
    observer = Observer("s", 60.0)
    lease = observer.claim(place)
    assert lease is not None
    assert observer.held(place)
    assert observer.claim(place) is None
    lease.end("stopped")
    assert not observer.held(place)
    following = observer.claim(place)
    assert following is not None
    assert following.number == 2


def test_a_heartbeat_that_stands_still_for_a_lease_is_given_up(place: RunFolder) -> None:
    clock = Clock()
    observer = Observer("s", 60.0, clock)
    lease = observer.claim(place)
    assert lease is not None
    holder(place, 1, ELSEWHERE)
    assert observer.claim(place) is None  # seen for the first time
    clock.now += 59
    assert lease.beat()
    assert observer.claim(place) is None  # it changed
    clock.now += 59
    assert observer.claim(place) is None
    clock.now += 2
    taken = observer.claim(place)
    assert taken is not None
    assert taken.number == 2
    assert not lease.beat()  # a fence: the first holder has to stop
    assert taken.beat()


def test_a_process_that_is_gone_is_given_up_at_once(place: RunFolder) -> None:
    observer = Observer("s", 1e9)
    assert observer.claim(place) is not None
    gone = subprocess.Popen([sys.executable, "-c", ""])
    left = process(gone.pid)
    gone.wait()
    holder(place, 1, left)
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    place.folder("1").write(CHILD, process(living.pid).model_dump_json().encode())
    assert observer.claim(place) is None  # what works for it does
    living.communicate(b"\n")
    assert observer.claim(place) is not None


def test_a_number_that_another_process_has_now_is_no_proof_of_life() -> None:
    own = process()
    assert own.gone() is False
    assert own.model_copy(update={"begun": "1"}).gone() is True
    assert own.model_copy(update={"machine": "another"}).gone() is None


def test_all_places_or_none(tmp_path: Path) -> None:
    places = [RunFolder(tmp_path).folder(f"attempts-{seed}", make=True) for seed in range(3)]
    observer = Observer("s", 60.0)
    assert observer.claim(places[2]) is not None
    assert observer.claim_all(places) is None
    assert [observer.held(place) for place in places] == [False, False, True]
    assert observer.claim_all(places[:2]) is not None


def test_failures_in_a_row_of_a_session(place: RunFolder, tmp_path: Path) -> None:
    for session, how in (("a", "failed"), ("a", "stopped"), ("a", "failed"), ("b", "failed"), ("b", "failed")):
        lease = Observer(session, 60.0).claim(place)
        assert lease is not None
        lease.end(how, f"{session}{lease.number}")  # type: ignore[arg-type]
    whole = RunFolder(tmp_path)
    assert failures(whole, "attempts-0") == ["a3", "b4", "b5"]
    assert failures(whole, "attempts-0", "b") == ["b4", "b5"]
    assert failures(whole, "attempts-0", "c") == []
    assert failures(whole, "attempts-7") == []


@pytest.mark.parametrize("name", [HOLDER, END, CHILD])
def test_a_record_that_is_none(place: RunFolder, name: str) -> None:
    observer = Observer("s", 60.0)
    assert observer.claim(place) is not None
    place.folder("1").write(name, b"{")
    with pytest.raises(UserError, match=name):
        observer.claim(place)


def test_a_record_that_is_a_link_is_refused(place: RunFolder, tmp_path: Path) -> None:
    observer = Observer("s", 60.0)
    assert observer.claim(place) is not None
    (tmp_path / "attempts-0/1" / BEAT).unlink()
    (tmp_path / "attempts-0/1" / BEAT).symlink_to("/etc/hostname")
    with pytest.raises(UserError, match="is a link"):
        observer.claim(place)
