"""One contender on one workload, in a process of its own with the cores that the workload grants it."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import handshake
from benchmarks.contenders import Contender, Places
from benchmarks.workload import Workload

TAIL = 600  # characters of a failed process's output that are kept


@dataclass(frozen=True)
class Measurement:
    """What one process did. Seconds count from the moment it was started."""

    steps_per_second: float  # of one environment, once settled
    processor: float  # seconds of processors that a settled step takes, all threads together
    first_step: float  # seconds: imports, networks, environments
    first_update: float  # seconds: until a step begins after the first update, compilation included
    process_bytes: int  # peak
    device_bytes: int | None  # peak of what torch gave out on the GPU
    versions: dict[str, str]
    update_processor: float | None = None  # seconds of processors until then, without those of a C++ compiler


class FailedError(Exception):
    """A contender that ended without leaving its times, or too late."""


class Started:
    """A contender's process under way."""

    def __init__(
        self, contender: Contender, work: Workload, places: Places, variables: Mapping[str, str] | None = None
    ) -> None:
        """Start it. Raises MissingError where the contender is not installed or cannot run the workload."""
        command = contender.command(work, places)
        self.work = work
        self.name = f"{contender.name} {work.algorithm}"
        self._folder = tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        self.log = self.folder / "log"
        threads = str(work.threads)
        surroundings = {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "PYTHONPATH": os.pathsep.join(map(str, command.packages)),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            **command.variables,
            **(variables or {}),
            handshake.SETTINGS: handshake.settings(work.environment, work.steps, self.folder),
        }
        with self.log.open("wb") as log, cores(work.threads):
            self.process = subprocess.Popen(
                command.arguments,
                cwd=self.folder,
                env=surroundings,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def wait(self, timeout: float) -> Measurement:
        """The measurement. Raises FailedError, with the end of what the process printed."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise FailedError(f"{self.name} was not done after {timeout:.0f} s: {self._tail()}") from None
        else:
            record = self._record()
            if not {"begins", "process_bytes"} <= record.keys():
                raise FailedError(f"{self.name} ended with code {code} and no times or memory: {self._tail()}")
            return measure(record, self.work)
        finally:
            self.end()

    def end(self) -> None:
        """End it and all that it started, such as a compiler's workers: the next one is to be alone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._folder.cleanup()

    def _record(self) -> dict[str, Any]:
        """What its processes left: what it knows itself, and else what those that it started do."""
        own = handshake.record(self.folder, self.process.pid)
        found: dict[str, Any] = {}
        for path in sorted(self.folder.glob(handshake.RECORDS), key=lambda path: path == own):
            found |= json.loads(path.read_text(encoding="utf-8"))
        return found

    def _tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-TAIL:].strip()


def launch(
    contender: Contender,
    work: Workload,
    places: Places,
    *,
    timeout: float = 600.0,
    variables: Mapping[str, str] | None = None,
) -> Measurement:
    """Start a contender and wait for its measurement. Raises MissingError or FailedError."""
    return Started(contender, work, places, variables).wait(timeout)


def measure(record: Mapping[str, Any], work: Workload) -> Measurement:
    """What a clock's record says. begins[k] is when step k + 1 began, so that k steps and their updates were done."""
    begins, processor = record["begins"], record["processor"]
    start = work.first + work.settle
    end = start + work.measured
    return Measurement(
        steps_per_second=work.measured / (begins[end] - begins[start]),
        processor=(processor[end] - processor[start]) / work.measured,
        first_step=begins[0],
        first_update=begins[work.first + 1],  # the peers first update after one step more than taxon
        process_bytes=record["process_bytes"],
        device_bytes=record.get("device_bytes"),
        versions=record["versions"],
        update_processor=processor[work.first + 1],
    )


@contextmanager
def cores(number: int) -> Iterator[None]:
    """What is started meanwhile may use so many cores; where the system cannot say so, as many as it likes."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:number]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
