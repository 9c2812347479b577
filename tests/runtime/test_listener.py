"""How long a wait for a message goes on before whoever waits falls asleep, by a clock that moves with every look."""

import os

import pytest

from taxon.runtime import listener as module
from taxon.runtime.listener import AWAKE, Listener

LOOKS = 10  # in the time that one stays awake


class World:
    """A pipe, and a clock which moves on when the core is yielded; at the look `sends` a message comes, if ever."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.yields, self.sends = 0, -1

    def perf_counter(self) -> float:
        return self.yields * AWAKE / LOOKS

    def sched_yield(self) -> None:
        self.yields += 1
        if self.yields == self.sends:
            os.write(self.writer, b"+")

    def waited(self, listener: Listener) -> int:
        before = self.yields
        listener.wait()
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
    listener = Listener(world.reader)
    assert world.waited(listener) == 0
    listener.stay_awake()
    assert LOOKS <= world.waited(listener) <= LOOKS + 1


def test_what_has_come_is_not_waited_for_and_what_comes_ends_the_wait(world):
    listener = Listener(world.reader)
    listener.stay_awake()
    world.sends = 3
    assert world.waited(listener) == 3
    assert world.waited(listener) == 0
    os.read(world.reader, 1)
    assert world.waited(listener) >= LOOKS


def test_a_closed_end_is_not_waited_for(world):
    listener = Listener(world.reader)
    listener.stay_awake()
    os.close(world.writer)
    assert world.waited(listener) == 0
    world.writer = os.dup(world.reader)  # for the fixture to close
