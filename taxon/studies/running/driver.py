"""Makes what is missing of a study: processes beside each other, each of which may end in any way.

It keeps nothing that is not on the disk. Another driver may do the same at the same time, and whatever is killed is
taken up by whoever comes next.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.stopping import Stop
from taxon.studies.running.attempts import OUTPUT, TRIES, How, Lease, Observer, failures
from taxon.studies.running.jobs import Job, Measuring, Training, Ways, trainings
from taxon.studies.running.launching import Handle, Launcher, Work
from taxon.studies.running.store import Found, State, Store
from taxon.studies.running.units import Unit

BEAT = 30.0  # seconds between two signs of life
INTERRUPTED = 130  # a run's exit code where a signal ended it, with a checkpoint
_TAIL = 2**14  # bytes of a process's output in which its last words are looked for
_POLL, _IDLE = 0.1, 1.0  # seconds between two looks at the own processes, and at those of others


@dataclass(frozen=True)
class Slots:
    """What this machine gives: so many cores or GPUs, and at most so many processes.

    gpus: what CUDA_VISIBLE_DEVICES is for each process in turn; empty on a CPU.
    """

    processes: int
    cores: int
    gpus: tuple[str, ...] = ()

    def gpu(self, used: Sequence[str]) -> str:
        """The GPU that the fewest of those use that are used, the first of several; none on a CPU."""
        return min(self.gpus, key=used.count, default="")


def surroundings(threads: int, gpu: str) -> dict[str, str]:
    """What is set in the environment of a process: its threads, and the GPU that it sees."""
    found = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    return found | ({"CUDA_VISIBLE_DEVICES": gpu} if gpu else {})


@dataclass
class Running:
    """A process of this driver's."""

    job: Job
    leases: list[Lease]
    process: Handle
    gpu: str
    beaten: float
    lost: bool = False  # another driver took over
    unwanted: bool = False  # its units are no longer asked for


@dataclass
class Driver:
    """Runs the units of a study or a tune; `found` has their state, as far as this driver looked.

    asked: the units that are asked for, by the state of those that were; what is running and no longer asked for is
    stopped, with a checkpoint.
    counted: whose failures make it give up, everyone's for None. anew: whether units that are stale are run again.
    patient: whether it waits for what others are at.
    say: is given a line for a person. notice: is called whenever something changed, and now and then.
    """

    store: Store
    asked: Callable[[Mapping[Unit, Found]], Sequence[Unit]]
    environments: Sequence[str]
    observer: Observer
    counted: str | None
    launcher: Launcher
    slots: Slots
    ways: Ways
    anew: bool
    patient: bool
    say: Callable[[str], None]
    notice: Callable[[Driver], None]
    found: dict[Unit, Found] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)
    elsewhere: int = 0  # units that others are at
    unmeasured: list[str] = field(default_factory=list)
    _refused: dict[Unit, str] = field(default_factory=dict)  # whose place in the store cannot be used, and why
    _looked: float = -math.inf  # when
    _noticed: float = -math.inf

    def run(self, stop: Callable[[], None]) -> None:
        """Go on until nothing is left to do. Raises Stop where `stop` does, once all processes have ended."""
        try:
            changed = True
            while True:
                stop()
                changed = self._reap() or changed
                if changed or time.monotonic() - self._looked >= self._patience():
                    changed = self._begin()
                    if not self.running and not changed and not (self.elsewhere and self.patient):
                        self.notice(self)
                        return
                self._tell(changed)
                time.sleep(_POLL)
        except Stop:
            self.say(f"stopping: {len(self.running)} running, each leaves a checkpoint")
            try:
                self._end(at_once=False)
            except BaseException:
                self._end(at_once=True)
                raise
            self.notice(self)
            raise
        except BaseException:
            self._end(at_once=True)
            raise

    def look(self) -> None:
        """Find out what there is of all that was not complete."""
        for unit in self.asked(self.found):
            self._find(unit)
        while missing := [unit for unit in self.asked(self.found) if unit not in self.found]:
            for unit in missing:
                self._find(unit)
        names = self.environments if self._looked < 0 else self.unmeasured
        self.unmeasured = [name for name in names if not self._given_up(name)]
        self._looked = time.monotonic()

    def _find(self, unit: Unit) -> None:
        before = self.found.get(unit)
        if unit in self._refused:
            self.found[unit] = Found(State.BROKEN, why=self._refused[unit])
        elif before is None or not before.state.complete:
            self.found[unit] = self.store.find(unit, self.counted)

    def wanted(self) -> list[Unit]:
        """The units that are to be run, in the order in which they were asked for, as of the last look."""
        states = {State.MISSING, State.UNFINISHED, *([State.STALE] if self.anew else [])}
        asked = (unit for unit in self.asked(self.found) if unit in self.found)
        return [unit for unit in asked if self.found[unit].state in states]

    @property
    def busy(self) -> int:
        """The units that are being run, here or by others."""
        return sum(len(running.job.units) for running in self.running) + self.elsewhere

    def _patience(self) -> float:
        """Seconds between two looks at what others do, which take the longer the more there is to look at."""
        return _IDLE * max(1.0, len(self.wanted()) / 50)

    def _tell(self, changed: bool) -> None:
        if changed or time.monotonic() - self._noticed >= BEAT:
            self._noticed = time.monotonic()
            self.notice(self)

    def _begin(self) -> bool:
        """Begin as many jobs as there is room for; whether any began, or any turned out to be done."""
        self.look()
        self._drop()
        busy = {lease.attempts.path for running in self.running for lease in running.leases}
        changed, self.elsewhere = False, 0
        for job in self._jobs():
            if not self._room(job.threads):
                break
            try:
                places = job.places()
                if any(place.path in busy for place in places):
                    continue
                leases = self.observer.claim_all(places)
            except UserError as error:
                self._refuse(job, error)
                continue
            if leases is None:
                self.elsewhere += len(job.units)
                continue
            if job.done() or not job.current():  # someone was faster: what is left to do shows at the next look
                for lease in leases:
                    lease.end("stopped")
            else:
                self._start(job, leases)
                busy.update(place.path for place in places)
            changed = True
        return changed

    def _drop(self) -> None:
        """Stop what is no longer asked for."""
        asked = set(self.asked(self.found))
        for running in self.running:
            units = running.job.units
            if units and asked.isdisjoint(units) and not running.unwanted and not running.job.done():
                running.process.stop()
                running.unwanted = True

    def _refuse(self, job: Job, error: UserError) -> None:
        self.say(f"{job.label}: {error.message}; {error.help}")
        match job:
            case Training(units=units):
                self._refused.update((unit, error.message) for unit in units)
            case Measuring(environment=name):
                self.unmeasured.remove(name)

    def _jobs(self) -> list[Job]:
        measuring = [Measuring(self.store, name) for name in self.unmeasured]
        return [*measuring, *trainings(self.store, self.wanted(), self.found, self.ways)]

    def _room(self, threads: int) -> bool:
        """Whether a process of so many threads may begin; one of more than there are cores has them alone."""
        busy = sum(running.job.threads for running in self.running)
        return len(self.running) < self.slots.processes and (not self.running or busy + threads <= self.slots.cores)

    def _start(self, job: Job, leases: list[Lease]) -> None:
        gpu = self.slots.gpu([running.gpu for running in self.running])
        work = Work(job.command(leases), surroundings(job.threads, gpu), job.threads, leases)
        process = self.launcher.start(work)
        self.running.append(Running(job, leases, process, gpu, time.monotonic()))

    def _reap(self, stopping: bool = False) -> bool:
        """Give signs of life, and take leave of processes that ended; whether there were any."""
        ended = [running for running in self.running if running.process.poll() is not None]
        for running in ended:
            self.running.remove(running)
            self._ended(running, stopping or running.lost or running.unwanted)
        now = time.monotonic()
        for running in self.running:
            if now - running.beaten < BEAT:
                continue
            running.beaten = now
            held = [lease.beat() for lease in running.leases]
            if not all(held) and not running.lost:
                self.say(f"{running.job.label}: another process took over")
                running.process.stop()
                running.lost = True
        return bool(ended)

    def _ended(self, running: Running, stopping: bool) -> None:
        """Record how a process ended."""
        how: How = "failed"
        why = ""
        if running.job.done():
            how = "done"
        elif stopping or running.process.poll() == INTERRUPTED:
            how = "stopped"
        else:
            why = self._why(running)
            self.say(f"{running.job.label}: {why}; its output: {running.leases[0].folder.path / OUTPUT}")
        if how == "done" or running.unwanted:
            running.job.tidy()
        for lease in running.leases:
            lease.end(how, why)

    def _given_up(self, environment: str) -> bool:
        """Whether an environment's random policy is measured, or cannot be."""
        if Measuring(self.store, environment).done():
            return True
        return len(failures(self.store.random(environment), self.store.ATTEMPTS, self.counted)) >= TRIES

    def _why(self, running: Running) -> str:
        """The last words of a process that failed."""
        code = running.process.poll() or 0
        if code < 0:
            names = {each.value: each.name for each in signal.Signals}
            return f"it was ended by {names.get(-code, f'signal {-code}')}"
        with running.leases[0].folder.reading(OUTPUT) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = file.read(_TAIL).decode("utf-8", "replace").splitlines()
        told = [line for line in lines if line.strip()]
        errors = [line.removeprefix("error: ") for line in told if line.startswith("error")]
        return one_line((errors or told or [f"it ended with exit code {code}"])[-1].strip())

    def _end(self, at_once: bool) -> None:
        """End all processes, and wait for them."""
        for running in self.running:
            running.process.kill() if at_once else running.process.stop()
        while self.running:
            self._reap(stopping=True)
            time.sleep(_POLL)
        self.look()
