"""How long the commands of the front end take from a cold start: `python benchmarks/cold_start.py [rounds]`.

Every round calls each command once, in a process of its own, so that what else the machine does falls on all alike. The
round before the first is not counted: it leaves behind what an installed program has, bytecode and taxon's own cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (
    "check sac",
    "fmt --check sac.tx",
    "show mpo",
    "diff mpo sac",
    "table mpo awr awac sac",
    "list",
    "new mine --from sac",
    "doc G",
    "explain TX312",
    "ladder sac td3",
    "emit mpo",
    "emit sac --standalone",
    "derive mpo",
    "--help",
    "emit --help",
)
FOUND = {"diff": 1}  # the exit code where it is not 0: two specs differ


@dataclass(frozen=True)
class Case:
    """A command line and the seconds of its calls: on the wall, and of the processor."""

    shown: str
    call: list[str]
    exit_code: int = 0
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def measure(self, folder: Path, environment: dict[str, str]) -> None:
        """Call it once."""
        before, start = os.times(), time.perf_counter()
        finished = subprocess.run(self.call, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - start, os.times()
        if finished.returncode != self.exit_code:
            sys.exit(f"{self.shown} ended with {finished.returncode}:\n{finished.stderr}")
        self.wall.append(wall)
        self.processor.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )

    def row(self) -> str:
        """A row of the table; the first call is not counted."""
        wall, processor = statistics.median(self.wall[1:]), statistics.mean(self.processor[1:])
        return f"| `{self.shown}` | {wall:.2f} | {min(self.wall[1:]):.2f} | {processor:.2f} |"


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description="Wall and processor seconds of every front-end command.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds: int = parser.parse_args().rounds
    cases = [Case("python -c pass", [sys.executable, "-c", "pass"])]
    for command in COMMANDS:
        words = command.split()
        cases.append(Case(f"taxon {command}", [sys.executable, "-m", "taxon", *words], FOUND.get(words[0], 0)))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    for _ in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(ROOT / "specs" / "sac.tx", folder)
            for case in cases:
                case.measure(Path(folder), environment)
    print("| command | median | fastest | processor |", "|---|---|---|---|", *(case.row() for case in cases), sep="\n")


if __name__ == "__main__":
    main()
