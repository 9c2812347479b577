"""In place of `taxon run`: a run whose numbers follow from row, seed and step, in a fraction of a second.

It keeps its folder as a run does: a line for each evaluation, a checkpoint that says how many bytes of them it stands
behind, and run.json. What the environment is called says what goes wrong with it, and so does STAND_IN_FAILS: what
stands in the specs that are refused.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

stopped = False


def note(number: int, frame: FrameType | None) -> None:
    global stopped
    stopped = True


def record(place: dict, seeds: list[int], steps: int, module: str | None = None) -> dict:
    machine = {"system": "s", "processor": "p", "cores": 2, "threads": 1, "accelerator": None}
    return {
        "taxon": "0",
        "name": "a",
        "row": place["row"],
        "environment": place["environment"],
        "seeds": seeds,
        "steps": steps,
        "evaluate_every": place["evaluate_every"],
        "evaluation_episodes": place["evaluation_episodes"],
        "save_every": "5min",
        "restorable": True,
        "device": "cpu",
        "python": "3",
        "packages": {"torch": "2"},
        "machine": machine,
        "started": "2026-01-01T00:00:00+00:00",
        "observation": {"kind": "box", "shape": [3], "dtype": "float32"},
        "action": {"kind": "choice", "n": 2, "start": 0, "dtype": "int64"},
        "edited": None if module is None else edited(Path(module)),
    }


def edited(module: Path) -> dict:
    """What a run keeps of an edited module."""
    digest = hashlib.sha256(module.read_bytes()).hexdigest()
    return {"module": digest, "file": "agent.py", "spec": "row", "emitted": "0" * 64, "added": 1, "removed": 1}


def evaluation(row: str, seed: int, step: int) -> float:
    """A number that follows from its arguments."""
    return (int(row[:6], 16) % 1000) / 7 + seed * 1.1 + step / 3


def save(folder: Path, run: dict, steps: int) -> None:
    """As a run does: the checkpoint, then the record."""
    size = (folder / "metrics.jsonl").stat().st_size
    records = {"checkpoint.json": {"bytes": size, "steps": steps}, "run.json": {**run, "steps_done": steps}}
    for name, content in records.items():
        beside = folder / f"{name}.new"
        beside.write_text(json.dumps(content))
        os.replace(beside, folder / name)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("spec", nargs="?")
    for option in ("env", "steps", "seeds", "out", "resume", "module"):
        parser.add_argument(f"--{option}")
    for option in ("workers", "device", "compile", "precision", "save-every", "eval-every", "eval-episodes"):
        parser.add_argument(f"--{option}", help="changes nothing here")
    said = parser.parse_args()
    steps, environment = int(said.steps), said.env
    signal.signal(signal.SIGTERM, note)
    if environment.startswith("refused"):
        print("error: the environment is refused\n help: choose another", file=sys.stderr)
        return 2
    if said.spec and os.environ.get("STAND_IN_FAILS", "\0") in Path(said.spec).read_text():
        print("error: the row is refused\n help: choose another", file=sys.stderr)
        return 2
    if said.resume:
        folder = Path(said.resume)
        run = json.loads((folder / "run.json").read_text())
        checkpoint = json.loads((folder / "checkpoint.json").read_text())
        os.truncate(folder / "metrics.jsonl", checkpoint["bytes"])
        done, run["steps"], run["status"] = checkpoint["steps"], steps, "running"
    else:
        folder = Path(said.out)
        folder.mkdir()
        place = json.loads((Path(said.spec).parent / "place.json").read_text())
        run = record(place, [int(seed) for seed in said.seeds.split(",") if seed], steps, said.module)
        (folder / "metrics.jsonl").touch()
        done = -run["evaluate_every"]
    with (folder / "metrics.jsonl").open("a") as metrics:
        while done < steps:
            if stopped:
                save(folder, {**run, "status": "interrupted"}, max(done, 0))
                return 130
            time.sleep(float(os.environ.get("STAND_IN_PAUSE", "0")))
            done += run["evaluate_every"]
            for seed in run["seeds"]:
                line = {"kind": "evaluation", "step": done, "seed": seed, "return": evaluation(run["row"], seed, done)}
                metrics.write(json.dumps(line) + "\n")
            metrics.write(
                json.dumps({"kind": "speed", "step": done, "seconds": 0.01 * (done + 1), "updates": done}) + "\n"
            )
            metrics.flush()
            if environment.startswith(("freezes", "raises")) and done >= 40:
                raises = environment.startswith("raises")
                cause = (
                    "ValueError: it is broken" if raises else "it is no longer finite: value_loss of the phase update"
                )
                run["frozen"] = {str(seed): done for seed in run["seeds"]}
                run["causes"] = {str(seed): cause for seed in run["seeds"]}
                for seed in run["seeds"] if raises else ():
                    (folder / f"failure-of-seed-{seed}.txt").write_text("Traceback")
                save(folder, {**run, "status": "frozen"}, done)
                return 1
            save(folder, run, done)
            if environment.startswith("dies") and not said.resume:
                os.kill(os.getpid(), signal.SIGKILL)
    save(folder, {**run, "status": "finished"}, done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
