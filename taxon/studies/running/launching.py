"""How a process of a study is started, and what can be done with it afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.running.attempts import OUTPUT, Lease, note_child
from taxon.studies.running.processes import end_with_parent


@dataclass(frozen=True)
class Work:
    """A process to start: its command, what is set in its environment, its cores, and the attempts that it is for."""

    command: Sequence[str]
    environment: Mapping[str, str]
    threads: int
    leases: Sequence[Lease]


class Handle(Protocol):
    """A process that was started."""

    def poll(self) -> int | None:
        """Its exit code, less than 0 for a signal; None while it goes on."""

    def stop(self) -> None:
        """Have it end soon, with a checkpoint."""

    def kill(self) -> None:
        """End it at once."""


class Launcher(Protocol):
    """Starts processes."""

    def start(self, work: Work) -> Handle:
        """Start one, whose output goes into the first of its attempts."""


@dataclass
class Child:
    """A process of this one's."""

    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def poll(self) -> int | None:
        code = self.process.poll()
        if code is not None:
            self.output.close()
        return code

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()


def begin(command: Sequence[str], environment: Mapping[str, str], attempts: Sequence[RunFolder]) -> Child:
    """Start a process on this machine that ends with this one, and note it in its attempts' folders."""
    output = attempts[0].append(OUTPUT, 0)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
        preexec_fn=end_with_parent(),
    )
    for attempt in attempts:
        note_child(attempt, process.pid)
    return Child(process, output)


class Here:
    """Starts processes on this machine."""

    def start(self, work: Work) -> Child:
        return begin(work.command, work.environment, [lease.folder for lease in work.leases])
