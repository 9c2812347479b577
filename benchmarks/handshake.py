"""What a measured process is told, and the name by which it makes the environment with a clock."""

import json
import time
from pathlib import Path

SETTINGS = "BENCHMARK_CLOCK"  # the environment variable that holds `settings`
PREFIX = "Clocked-"


def settings(environment: str, steps: int, out: Path) -> str:
    """The environment's id, how many steps to make, where the times go, and that the process starts now."""
    return json.dumps({"environment": environment, "steps": steps, "out": str(out), "started": time.monotonic()})


def clocked(environment: str) -> str:
    """The id under which a process that was told `settings` makes the environment."""
    return f"benchmarks.clock:{PREFIX}{environment}"
