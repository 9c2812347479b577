"""One long run that is killed again and again: what it keeps, what it takes, and whether its metrics are whole.

    python benchmarks/long_run.py sac Humanoid-v4 --set data.capacity=15k --minutes 70 --kills 25 --out long

A replay takes its memory step by step, so that only a full one shows whether the rest is flat: hence the capacity.

Each life is killed (SIGKILL) at a random moment and resumed; the last is stopped by SIGTERM. A line of JSON for each
goes to OUT/lives.jsonl, and the folder of the run is OUT/run. It ends with exit code 1 where a promise was broken.
"""

import argparse
import collections
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PAGE = 4096  # bytes


def resident(process: int) -> int:
    """Bytes of memory a process has now, without what it maps from files; 0 where it is gone."""
    try:
        _, all_, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(all_) - int(shared)) * PAGE


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of a run's folder by kind of file."""
    found: collections.Counter[str] = collections.Counter()
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                found[path.parent.name if path.parent != folder else path.name.partition("-")[0]] += path.stat().st_size
        except FileNotFoundError:  # a checkpoint was just replaced
            continue
    return dict(found)


def whole(metrics: Path) -> list[str]:
    """What is wrong with a metrics file: a line that is none, a step that goes back, or one that is there twice."""
    wrong, seen, last = [], set(), 0
    records: list[dict[str, Any]] = [json.loads(line) for line in metrics.read_text().splitlines()]
    final = records[-1]["step"]  # a run that is stopped has its last words wherever that is
    for number, record in enumerate(records, 1):
        key = (record["kind"], record["step"], record.get("seed"), record.get("phase"))
        if key in seen:
            wrong.append(f"line {number} repeats {key}")
        if record["kind"] == "speed":
            if record["step"] - last != 1000 and record["step"] != final:
                wrong.append(f"line {number}: from step {last} to {record['step']}")
            last = record["step"]
        seen.add(key)
    return wrong


def live(command: list[str], seconds: float, number: int, log: Path) -> tuple[int, list[int], float]:
    """End a command after some seconds: its exit code, memory every five seconds, and how long ending took."""
    with log.open("a") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    end, memory = time.monotonic() + seconds, []
    while time.monotonic() < end and process.poll() is None:
        time.sleep(min(5.0, max(0.1, end - time.monotonic())))
        memory.append(resident(process.pid))
    asked = time.monotonic()
    process.send_signal(number)
    code = process.wait()
    return code, [bytes_ for bytes_ in memory if bytes_], time.monotonic() - asked


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("spec")
    parser.add_argument("env")
    parser.add_argument("--minutes", type=float, default=70.0)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--set", action="append", default=[], help="as in `taxon run`")
    parser.add_argument("--save-every", default="60s")
    parser.add_argument("--out", type=Path, default=Path("long"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True)
    folder, draw, began = asked.out / "run", random.Random(0), time.monotonic()
    taxon = [sys.executable, "-m", "taxon", "run"]
    command = [*taxon, asked.spec, "--env", asked.env, "--steps", "100M", "--save-every", asked.save_every]
    command += ["--device", "cpu", "--out", str(folder)] + [f"--set={value}" for value in asked.set]
    mean, broken = 60 * asked.minutes / (asked.kills + 1), 0
    for life in range(asked.kills + 1):
        last = life == asked.kills
        seconds = mean * (1.0 if last else draw.uniform(0.5, 1.5))
        number = signal.SIGTERM if last else signal.SIGKILL
        code, memory, ending = live(command, seconds, number, asked.out / "said.txt")
        wrong = [] if code == (130 if last else -signal.SIGKILL) else [f"it ended with {code}"]
        record = json.loads((folder / "run.json").read_text())
        if last:
            wrong += whole(folder / "metrics.jsonl")
        broken += len(wrong)
        entry = {
            "life": life,
            "minutes": (time.monotonic() - began) / 60,
            "step": record["steps_done"],
            "memory": {"first": memory[0], "last": memory[-1], "most": max(memory)} if memory else {},
            "disk": sizes(folder),
            "ending": ending,
            "wrong": wrong,
        }
        with (asked.out / "lives.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")
        command = [*taxon, "--resume", str(folder)]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
