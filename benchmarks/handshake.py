"""What a measured process is told, and the name by which it makes the environment with a clock."""

import json
import time
from pathlib import Path

SETTINGS = "BENCHMARK_CLOCK"  # the environment variable that holds `settings`
CONTENDER = "BENCHMARK_CONTENDER"  # and by which the processes that it starts know its number
PREFIX = "Clocked-"
RECORDS = "times-*.json"  # a process's, with its number


def settings(environment: str, steps: int, folder: Path) -> str:
    """The environment's id, how many steps to make, where the records go, and that the process starts now."""
    return json.dumps({"environment": environment, "steps": steps, "folder": str(folder), "started": time.monotonic()})


def record(folder: Path, process: int) -> Path:
    """Where a process leaves what it knows."""
    return folder / RECORDS.replace("*", str(process))


def clocked(environment: str) -> str:
    """The id under which a process that was told `settings` makes the environment."""
    return f"benchmarks.clock:{PREFIX}{environment}"
