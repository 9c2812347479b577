"""Runs of a few steps, compiled from real specs, whose policies the tests act with."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from taxon.cli.specs.loading import load
from taxon.compiler import emit
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.policies.policy import Policy, load_policy
from taxon.runtime.trainer import Program, train
from tests.smaller import smaller

ROOT = Path(__file__).parents[3]
SMALL = {
    "network.hidden": "[8, 6]",
    "network.policy.hidden": "[8, 6]",
    "network.value.hidden": "[8, 6]",
    "data.batch": 4,
    "data.warmup": 20,
    "data.capacity": 200,
    "data.environments": 2,
    "data.steps": 8,
    "data.epochs": 1,
}


@dataclass(frozen=True)
class SmallRun:
    """A folder and the program that it was made with."""

    path: Path
    program: Program

    def policy(self, seed: int | None = None) -> Policy:
        return load_policy(self.path, self.program.source, self.program.row, seed, "cpu")


def small_run(
    path: Path,
    spec: str,
    environment: str,
    *sets: str,
    seeds: tuple[int, ...] = (3, 5),
    steps: int = 40,
    keep_best: bool = False,
) -> SmallRun:
    """Train a spec, shipped or of examples/, for some steps on the CPU."""
    example = ROOT / "examples" / f"{spec}.tx"
    spec = str(example) if example.exists() else spec
    recipe = Recipe(environment)
    reduced = smaller(load(spec, list(sets), recipe).row, SMALL)
    found = load(spec, [*reduced, *sets], recipe)
    program = Program(found.name, found.hash, found.canonical, emit(found.row))
    options = Options(
        environment=recipe,
        seeds=seeds,
        steps=steps,
        device="cpu",
        out=path,
        evaluate_every=steps,
        evaluation_episodes=1,
        save_every=parse_cadence("1h", ""),
        compile="off",
        workers=0,
        keep_best=keep_best,
    )
    train(program, options, Console(file=io.StringIO()))
    return SmallRun(path, program)
