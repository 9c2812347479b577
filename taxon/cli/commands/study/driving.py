"""Running what is missing of a study, with a line that says how far it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taxon.cli.screen.line import Line
from taxon.runtime.errors import UserError
from taxon.runtime.options import parse_cadence

if TYPE_CHECKING:
    from taxon.studies.running.driver import Driver, Slots
    from taxon.studies.running.jobs import Ways
    from taxon.studies.running.launching import Launcher
    from taxon.studies.running.opened import Opened

LEASE = "15min"


def shared(opened: Opened, slots: Slots, ways: Ways) -> Ways:
    """The same with the seeds of each cell shared out among the processes, on a GPU."""
    from taxon.studies.running.room import share

    if ways.device == "cpu":
        return ways
    missing = [unit for unit, each in opened.look().items() if not each.state.complete]
    return replace(ways, stack=share(missing, slots.processes))


def drive(
    opened: Opened,
    launcher: Launcher,
    slots: Slots,
    ways: Ways,
    anew: bool,
    session: str,
    lease: str,
    patient: bool,
    again: bool,
) -> int:
    """Run what is missing: the exit code.

    patient: whether it waits for what others are running. again: whether what failed in other sessions is tried again.
    """
    from taxon.runtime.stopping import Stop, stop_on_signals
    from taxon.studies.running.attempts import Observer
    from taxon.studies.running.driver import Driver
    from taxon.studies.running.progress import Costs, count

    seconds = parse_cadence(lease, "--lease").seconds
    if seconds is None:
        raise UserError(f"--lease {lease} is no time", "write a time, as in --lease 15min")
    costs = Costs(opened.store, opened.plan.places.values())
    shown = Line()

    def notice(driver: Driver) -> None:
        opened.write(driver.found)
        costs.read()
        left = costs.left(driver.found)
        shown.show(count(driver.found, driver.busy), None if left is None else left / slots.cores)

    opened.declare()
    driver = Driver(
        opened.store,
        opened.looks().more,
        opened.plan.study.environments,
        Observer(session, seconds),
        session if again else None,
        launcher,
        slots,
        ways,
        anew,
        patient,
        shown.say,
        notice,
    )
    try:
        with stop_on_signals() as stop:
            driver.run(stop)
    except (Stop, KeyboardInterrupt):
        return 130
    except OSError as error:
        help = "mend what the system says of it, and type the same again"
        raise UserError(f"the store or the study's folder cannot be used: {error}", help) from None
    finally:
        shown.end()
    counts = count(driver.found, 0)
    if counts.stale and not anew:
        shown.say(f"{counts.stale:,} runs are another version's: --anew runs them again")
    measured = opened.floors().keys() >= set(opened.plan.study.environments)
    return 0 if counts.complete + driver.elsewhere >= counts.units and (measured or not patient) else 1
