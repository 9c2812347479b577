"""Garbage is looked for after a start and not during it, and among everything again after a run."""

import gc
import weakref

import pytest

from taxon.runtime.device.garbage import put_off, search_again
from taxon.runtime.trainer import train
from tests.runtime.test_resume import options, plain, program

__all__ = ["program"]  # a fixture


class Ring:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before():
    yield
    gc.unfreeze()
    gc.enable()


def test_what_is_there_after_a_start_is_left_alone_until_the_end():
    with put_off():
        assert not gc.isenabled()
        early = weakref.ref(Ring())
    assert gc.isenabled()
    late = weakref.ref(Ring())
    gc.collect()
    assert (early() is None, late() is None) == (False, True)
    search_again()
    gc.collect()
    assert early() is None


def test_whoever_looks_for_none_is_left_with_that():
    gc.disable()
    with put_off():
        pass
    assert not gc.isenabled()


def test_a_start_inside_another_ends_with_that():
    with put_off():
        with put_off():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.parametrize("how", ["on", "off"])
def test_a_run_leaves_the_search_as_it_was(program, tmp_path, how):
    train(program, options(tmp_path / "run", steps=60, compile=how), plain())
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
