"""How long a wait for a message goes on before whoever waits falls asleep, by a clock that moves with every look."""

import os

import pytest

from taxon.runtime.environments.vectors import busy_wait as module
from taxon.runtime.environments.vectors.busy_wait import SPIN, BusyWait

LOOKS = 10  # in the time that one stays awake


class World:
    """A pipe, and a clock which moves on when the core is yielded; at the look `sends` a message comes, if ever."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.yields, self.sends = 0, -1

    def perf_counter(self) -> float:
        return self.yields * SPIN / LOOKS

    def sched_yield(self) -> None:
        self.yields += 1
        if self.yields == self.sends:
            os.write(self.writer, b"+")

    def waited(self, waiter: BusyWait) -> int:
        before = self.yields
        waiter.wait()
        return self.yields - before


@pytest.fixture
def world(monkeypatch):
    world = World()
    monkeypatch.setattr(module.time, "perf_counter", world.perf_counter)
    monkeypatch.setattr(module.os, "sched_yield", world.sched_yield)
    yield world
    os.close(world.reader)
    os.close(world.writer)


def test_it_falls_asleep_at_once_unless_it_is_to_stay_awake(world):
    waiter = BusyWait(world.reader)
    assert world.waited(waiter) == 0
    waiter.spin()
    assert LOOKS <= world.waited(waiter) <= LOOKS + 1


def test_what_has_come_is_not_waited_for_and_what_comes_ends_the_wait(world):
    waiter = BusyWait(world.reader)
    waiter.spin()
    world.sends = 3
    assert world.waited(waiter) == 3
    assert world.waited(waiter) == 0
    os.read(world.reader, 1)
    assert world.waited(waiter) >= LOOKS


def test_a_closed_end_is_not_waited_for(world):
    waiter = BusyWait(world.reader)
    waiter.spin()
    os.close(world.writer)
    assert world.waited(waiter) == 0
    world.writer = os.dup(world.reader)  # for the fixture to close
