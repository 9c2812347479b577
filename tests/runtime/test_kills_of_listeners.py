"""A run with early stopping and best policies that is killed at random moments ends where one that never was does."""

import random
import shutil
import time
from pathlib import Path
from typing import Any

from taxon.runtime.folder import best, checkpoint, manifest
from taxon.runtime.folder.run_folder import RunFolder
from tests.runtime import kills
from tests.runtime.test_resume import state, words

KILLS = 3


def kept(folder: Path) -> tuple[Any, ...]:
    found = best.read(RunFolder(folder))
    return found.steps, found.returns, (folder / found.file).read_bytes()


def ended(folder: Path) -> str:
    there = (folder / manifest.FILE).exists()
    return manifest.read(RunFolder(folder)).status if there else "running"


def test_a_killed_run_stops_at_the_same_step_with_the_same_best(toy_source: str, tmp_path: Path) -> None:
    context, program = kills.processes(), ("toy", "0123abcd", "taxon 1\n", toy_source)
    options: dict[str, Any] = {"environment": "Pendulum-v1", "seeds": (3, 5), "steps": 160, "device": "cpu"}
    options |= {"evaluate_every": 40, "evaluation_episodes": 1, "save_every": "30", "keep_best": True}

    def life(folder: str, **changes: Any) -> Any:
        return context.Process(target=kills.live, args=(program, options | changes, tmp_path / folder))

    kills.end(life("unbroken"))
    returns = [(line["step"], line["return"]) for line in words(tmp_path / "unbroken") if line["kind"] == "evaluation"]
    means = {step: sum(value for at, value in returns if at == step) / 2 for step, _ in returns}
    least = max(value for step, value in means.items() if step >= 80)  # so that there is something to kill
    whole = life("whole", stop_at=least)
    began = time.monotonic()
    kills.end(whole)
    longest = time.monotonic() - began
    assert ended(tmp_path / "whole") in ("reached", "finished")

    draw, killed, folder = random.Random(7), 0, tmp_path / "killed"
    while ended(folder) == "running":
        if not (folder / checkpoint.INDEX).exists():
            shutil.rmtree(folder, ignore_errors=True)  # begin again: there is nothing to go on with
        after = draw.uniform(0.2, 0.8) * longest if killed < KILLS else None
        killed += kills.end(life("killed", stop_at=least), after)
    assert killed
    assert ended(folder) == ended(tmp_path / "whole")
    assert state(folder) == state(tmp_path / "whole")
    assert words(folder) == words(tmp_path / "whole")
    assert kept(folder) == kept(tmp_path / "whole")
