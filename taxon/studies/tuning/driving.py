"""Running what is missing of a search, shown as it goes; then its best row is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from taxon.studies.running.attempts import Observer
from taxon.studies.running.driver import Driver
from taxon.studies.running.driving import LEASE, Ending, Means, driven
from taxon.studies.running.showing import Line
from taxon.studies.tuning import telling
from taxon.studies.tuning.best import write_best
from taxon.studies.tuning.opened import Opened
from taxon.studies.tuning.preview import left


def run(opened: Opened, means: Means, shown: Line, session: str) -> Ending:
    """Run what is missing of a search, and write its best row. Raises UserError where its folders cannot be used."""
    tune, search = opened.tune, opened.search

    def notice(driver: Driver) -> None:
        opened.write()
        core_seconds = left(opened)
        running = len({running.job.units[0].place.program.name for running in driver.running if running.job.units})
        counts = telling.count(tune, search.trials, search.best(), running)
        shown.show(counts, None if core_seconds is None else core_seconds / means.slots.cores)

    @contextmanager
    def held() -> Iterator[None]:
        with opened.claimed():
            opened.declare()
            yield

    driver = Driver(
        opened.store,
        search.more,
        tune.environments if tune.failure == "floor" else (),
        Observer(session, LEASE),
        session,
        means.launcher,
        means.slots,
        means.ways,
        means.anew,
        True,
        shown.say,
        notice,
    )
    if not driven(driver, shown, "the search's folder", held()):
        return Ending.STOPPED
    written = write_best(search, opened.out)
    if written is not None:
        shown.say(f"the best row: {written[0]}")
    return Ending.COMPLETE if opened.complete else Ending.PARTIAL
