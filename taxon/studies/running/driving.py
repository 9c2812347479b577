"""Running what is missing of a study, or anything that a driver makes, shown as it goes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import Enum

from taxon.runtime.errors import UserError
from taxon.runtime.stopping import Stop, stop_on_signals
from taxon.studies.running.attempts import Observer
from taxon.studies.running.driver import Driver, Slots
from taxon.studies.running.jobs import Ways
from taxon.studies.running.launching import Launcher
from taxon.studies.running.opened import Opened
from taxon.studies.running.progress import Costs, count
from taxon.studies.running.room import share
from taxon.studies.running.showing import Line
from taxon.studies.running.store import State

LEASE = 15 * 60.0  # seconds without a sign of life after which another machine's run is taken over


class Ending(Enum):
    """How it ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    """Some of it failed, or is another version's."""
    STOPPED = "stopped"
    """A signal ended it; what was running has left checkpoints."""


@dataclass(frozen=True)
class Means:
    """What it is run with."""

    launcher: Launcher
    slots: Slots
    ways: Ways
    anew: bool = False  # whether runs of another version are made again


def shared(opened: Opened, slots: Slots, ways: Ways) -> Ways:
    """The same with the seeds of each cell shared out among the processes, on a GPU."""
    if ways.device == "cpu":
        return ways
    missing = [unit for unit, each in opened.look().items() if not each.state.complete]
    return replace(ways, stack=share(missing, slots.processes))


def run(
    opened: Opened,
    means: Means,
    shown: Line,
    session: str,
    lease: float = LEASE,
    patient: bool = True,
    again: bool = True,
) -> Ending:
    """Run what is missing of a study.

    lease: as `LEASE`. patient: whether it waits for what others are running. again: whether what failed in other
    sessions is tried again. Raises UserError where its folders cannot be used.
    """
    costs = Costs(opened.store, opened.plan.places.values())

    def notice(driver: Driver) -> None:
        opened.write(driver.found)
        found = opened.checked(driver.found)
        costs.read()
        left = costs.left(found)
        shown.show(count(found, driver.busy), None if left is None else left / means.slots.cores)

    opened.declare()
    driver = Driver(
        opened.store,
        opened.looks().more,
        opened.plan.study.environments,
        Observer(session, lease),
        session if again else None,
        means.launcher,
        means.slots,
        means.ways,
        means.anew,
        patient,
        shown.say,
        notice,
    )
    if not driven(driver, shown, "the study's folder"):
        return Ending.STOPPED
    found = opened.checked(driver.found)
    for unit, each in found.items():
        if each.state is State.BROKEN:
            shown.say(f"{unit}: {each.why}")
    counts = count(found, 0)
    if counts.stale and not means.anew:
        shown.say(f"{counts.stale:,} runs are another version's: --anew runs them again")
    measured = opened.floors().keys() >= set(opened.plan.study.environments)
    complete = counts.complete + driver.elsewhere >= counts.units and (measured or not patient)
    return Ending.COMPLETE if complete else Ending.PARTIAL


def driven(driver: Driver, shown: Line, folder: str, held: AbstractContextManager[None] | None = None) -> bool:
    """Let a driver run until nothing is left to do; False where a signal ended it.

    held: what is entered meanwhile. Raises UserError where the store, or the folder that is called so, cannot be used.
    """
    try:
        with held or nullcontext(), stop_on_signals() as stop:
            driver.run(stop)
    except (Stop, KeyboardInterrupt):
        return False
    except OSError as error:
        help = "mend what the system says of it, and type the same again"
        raise UserError(f"the store or {folder} cannot be used: {error}", help) from None
    finally:
        shown.end()
    return True
