"""How long a wait for a message goes on before whoever waits falls asleep."""

import os
import threading
import time

import pytest

from taxon.runtime.listener import AWAKE, Listener


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def waited(listener: Listener) -> float:
    began = time.perf_counter()
    listener.wait()
    return time.perf_counter() - began


def test_it_falls_asleep_at_once_unless_it_is_to_stay_awake(pipe):
    reader, writer = pipe
    listener = Listener(reader)
    assert min(waited(listener) for _ in range(20)) < AWAKE / 2
    listener.stay_awake()
    assert waited(listener) >= AWAKE
    os.close(writer)


def test_what_has_come_or_a_closed_end_is_not_waited_for(pipe):
    reader, writer = pipe
    listener = Listener(reader)
    listener.stay_awake()
    os.write(writer, b"+")
    assert min(waited(listener) for _ in range(20)) < AWAKE / 2
    os.read(reader, 1)
    assert waited(listener) >= AWAKE
    os.close(writer)
    assert min(waited(listener) for _ in range(20)) < AWAKE / 2


def test_what_comes_meanwhile_ends_the_wait(pipe, monkeypatch):
    reader, writer = pipe
    monkeypatch.setattr("taxon.runtime.listener.AWAKE", 60.0)
    listener = Listener(reader)
    listener.stay_awake()
    threading.Timer(0.05, os.write, (writer, b"+")).start()
    assert waited(listener) < 30.0
    os.close(writer)
