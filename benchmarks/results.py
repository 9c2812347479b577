"""What a benchmark leaves behind: one JSON file of samples, with the machine and the date."""

import json
import os
import platform
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.launch import Measurement
from benchmarks.workload import Workload

FORMAT = 1


@dataclass(frozen=True)
class Sample:
    """One process: who, on what, in which round, and what was measured."""

    contender: str
    round: int
    workload: Workload
    measurement: Measurement
    cache: str = ""  # cold or warm where that of the compiler was set; empty: as it was


@dataclass(frozen=True)
class Study:
    """Several runs of one row by one contender, from the first start to the last end."""

    contender: str
    round: int
    algorithm: str
    environment: str
    runs: int
    steps: int  # of each
    cores: int
    seconds: float
    processor: float  # seconds of all processes together

    @property
    def hourly(self) -> float:
        """Runs an hour."""
        return 3600 * self.runs / self.seconds


@dataclass
class Results:
    """The samples of one command."""

    kind: str
    command: str
    machine: dict[str, Any]
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    samples: list[Sample] = field(default_factory=list)
    studies: list[Study] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # what did not run, and why
    notes: dict[str, str] = field(default_factory=dict)  # what other commands printed, by title

    def write(self, path: Path) -> None:
        """Written after every sample, so that what was measured survives whatever comes next."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1), encoding="utf-8")
        part.rename(path)


def read(path: Path) -> Results:
    """A file that `write` left. Raises ValueError where it is none."""
    record = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(record, dict) or record.pop("format", None) != FORMAT:
        raise ValueError(f"{path} holds no results of this benchmark")
    record["samples"] = [
        Sample(**{**one, "workload": Workload(**one["workload"]), "measurement": Measurement(**one["measurement"])})
        for one in record["samples"]
    ]
    record["studies"] = [Study(**one) for one in record.get("studies", [])]
    return Results(**record)


def told(text: str) -> str:
    """A text without the folders of this machine: of an absolute path only the last part is left."""
    return re.sub(r"(?<![\w.])/(?:[\w.+@-]+/)+(?=[\w.+@-])", "", text)


def machine(accelerator: str | None = None) -> dict[str, Any]:
    """Where this runs. Says nothing of the accelerator by itself: finding it would take torch."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "accelerator": accelerator,
        "load": os.getloadavg()[0],  # of the last minute, when the benchmark began: of other programs
    }


def _processor() -> str:
    """The processor's name where Linux tells it, with its family and model: in a virtual machine names say little."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    fields = [line.split(":", 1) for line in lines if ":" in line]
    first = {key.strip(): value.strip() for key, value in reversed(fields)}
    if "model name" not in first:
        return platform.processor() or platform.machine()
    kind = [f"{name} {first[key]}" for name, key in (("family", "cpu family"), ("model", "model")) if key in first]
    return f"{first['model name']} ({', '.join(kind)})" if kind else first["model name"]
