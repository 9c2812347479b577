"""The gallery of the examples' curves: short runs, one after the other, what they measured, and the page that shows it.

    python -m benchmarks.gallery train      trains what the table of curves lacks, with one core
    python -m benchmarks.gallery draw       writes docs/gallery.md and its pictures from that table

docs/gallery/curves.csv holds every evaluation of every seed. A curve whose command is no longer the one below is
trained anew.
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGE = DOCS / "gallery.md"
FOLDER = DOCS / "gallery"
CURVES = FOLDER / "curves.csv"
SEEDS, EPISODES = 3, 10


class Point(NamedTuple):
    """One evaluation of a seed: the mean undiscounted return of its episodes."""

    command: str
    seed: int
    step: int
    value: float


@dataclass(frozen=True)
class Curve:
    """One run of the gallery; settings: what the run sets beside the example, so that it is short."""

    example: str
    environment: str
    steps: str
    every: str
    settings: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        words = ["taxon", "run", f"examples/{self.example}.tx", "--env", self.environment, "--seeds", str(SEEDS)]
        words += ["--steps", self.steps, "--eval-every", self.every, "--eval-episodes", str(EPISODES)]
        for setting in self.settings:
            words += ["--set", setting]
        return shlex.join(words)


@dataclass(frozen=True)
class Part:
    """An environment's picture, and what its returns are to be held against."""

    environment: str
    returns: str
    curves: tuple[Curve, ...]

    @property
    def picture(self) -> str:
        return f"{self.environment.rpartition('/')[2].lower()}.png"


_EARLY = "data.warmup=1k"  # of 10,000 random steps nothing would be left to learn in
_SMALL = "network.hidden=[64, 64]"


def _part(environment: str, returns: str, *runs: tuple[str, str, str, tuple[str, ...]]) -> Part:
    curves = (Curve(example, environment, steps, every, settings) for example, steps, every, settings in runs)
    return Part(environment, returns, tuple(curves))


PARTS = (
    _part(
        "CartPole-v1",
        "500 is the most there is; uniformly random actions have about 22.",
        ("ppo_soft", "20k", "2k", ()),
        ("vmpo_gae", "20k", "2k", ()),
        ("mpo_discrete", "10k", "1k", ("data.steps_per_update=4", _SMALL)),
        ("sac_discrete", "6k", "1k", (_EARLY, _SMALL)),
    ),
    _part(
        "Pendulum-v1",
        "A policy that holds the pole up from most starts has about -150; uniformly random actions have about -1,200.",
        ("ddpg_nstep", "6k", "1k", (_EARLY, _SMALL)),
        ("sac_mixture", "6k", "1k", (_EARLY, _SMALL)),
        ("mirror_descent", "6k", "1k", (_EARLY, _SMALL)),
    ),
    _part(
        "taxon/Reach-v0",
        "Every policy stays below 50, a hand-written linear one has 46.8; uniformly random actions have 8.3.",
        ("ppo_beta", "20k", "2k", ()),
        ("awac_mixture", "6k", "1k", (_EARLY, _SMALL)),
    ),
)


def train(curve: Curve) -> list[Point]:
    """Run a curve's command with one core, eagerly, and read what it measured."""
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        out = Path(folder) / "run"
        words = [sys.executable, "-m", *shlex.split(curve.command), "--out", str(out), "--compile", "off"]
        surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        subprocess.run([*words, "--workers", "0"], check=True, cwd=ROOT, env=surroundings)
        found = map(json.loads, (out / "metrics.jsonl").read_text("utf-8").splitlines())
        return [
            Point(curve.command, line["seed"], line["step"], line["return"])
            for line in found
            if line["kind"] == "evaluation"
        ]


def read() -> list[Point]:
    """Every evaluation that is recorded."""
    with CURVES.open(encoding="utf-8", newline="") as file:
        return [Point(row[0], int(row[1]), int(row[2]), float(row[3])) for row in list(csv.reader(file))[1:]]


def write(points: Sequence[Point]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with CURVES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Point._fields)
        writer.writerows((*point[:3], f"{point.value:.6g}") for point in points)


def every_curve() -> Iterator[Curve]:
    for part in PARTS:
        yield from part.curves


def train_missing() -> None:
    """Train each curve that is not recorded, and record it at once; drop what is no curve of the gallery any more."""
    wanted = [curve.command for curve in every_curve()]
    points = [point for point in read() if point.command in wanted] if CURVES.exists() else []
    for curve in every_curve():
        if not any(point.command == curve.command for point in points):
            points += train(curve)
            write(sorted(points, key=lambda point: (wanted.index(point.command), *point[1:])))


def page() -> str:
    """The page: a picture for each environment, and the command of each of its curves."""
    from taxon.semantics import load_spec

    parts = [_INTRODUCTION]
    for part in PARTS:
        parts.append(f"## {part.environment}\n\n{part.returns}")
        names = ", ".join(curve.example for curve in part.curves)
        parts.append(f"![Learning curves on {part.environment} of {names}](gallery/{part.picture})")
        for curve in part.curves:
            row = load_spec(ROOT / "examples" / f"{curve.example}.tx").row
            assert row is not None
            parts.append(f"**{curve.example}**: {row.doc.strip()}\n\n```console\n$ {curve.command}\n```")
    return "\n\n".join(parts) + "\n"


def draw() -> None:
    """Write the page and its pictures."""
    from taxon.figures.curves import Group, Panel, curves
    from taxon.figures.style import image

    points = read()
    for part in PARTS:
        panels: list[Panel] = []
        for curve in part.curves:
            seeds: dict[int, list[tuple[int, float]]] = {}
            for point in points:
                if point.command == curve.command:
                    seeds.setdefault(point.seed, []).append((point.step, point.value))
            panels.append(Panel(curve.example, [Group("mean over seeds", seeds)]))
        (FOLDER / part.picture).write_bytes(image(lambda drawn=panels: curves(drawn, alone=True), "png"))
    PAGE.write_text(page(), encoding="utf-8")


_INTRODUCTION = f"""\
# A gallery of curves

Examples of `examples/` as they learn, in short runs: each picture shows an environment, each panel a spec. A point is
an evaluation of {EPISODES} episodes with the mean action, or the most probable one; the first is the untrained policy.
Thin lines are the {SEEDS} seeds, the thick one is their mean, the band its 95 % interval by Student's t, which with
{SEEDS} seeds is wide. The runs are too short and too few to rank anything: they show what a spec does in its first
steps, and by which command. Steps and the settings after `--set` are chosen so that one core needs a few minutes.

Written by `python -m benchmarks.gallery draw` from the evaluations in `docs/gallery/curves.csv`, which
`python -m benchmarks.gallery train` makes: eagerly, with one core."""


if __name__ == "__main__":
    commands = {"train": train_missing, "draw": draw}
    if sys.argv[1:] not in [[name] for name in commands]:
        sys.exit(f"usage: python -m benchmarks.gallery {'|'.join(commands)}")
    commands[sys.argv[1]]()
