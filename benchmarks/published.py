"""A study's learning curves beside published ones, and the difference at its last step with its interval.

    python -m benchmarks.published examples/studies/on_policy.tx --beside std.ppo_clip=PPO std.trpo_gae=TRPO

reads studies/NAME/results.csv and curves.csv and writes published.png, .svg and .pdf beside them.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.declared import declared
from taxon.figures.curves import Group, Other, Panel, curves
from taxon.figures.style import files
from taxon.runtime.errors import UserError
from taxon.semantics.studies import Study
from taxon.studies.report.comparing import cells
from taxon.studies.report.recorded import Recorded, read
from taxon.studies.report.variants import Variant, variants
from taxon.studies.running.store import State, existing_folder
from taxon.studies.statistics import student
from taxon.studies.statistics.contrast import contrast
from taxon.studies.statistics.moments import Moments

FILE = Path(__file__).with_suffix(".json")
NEAR = 0.03  # of the steps, within which a published point counts as one at them


@dataclass(frozen=True)
class Published:
    """A published curve: steps, means and standard deviations over seeds."""

    environment: str
    name: str
    source: str
    seeds: int
    points: tuple[tuple[int, float, float], ...]

    @property
    def label(self) -> str:
        return f"{self.name}, published ({self.source}, {self.environment}, n = {self.seeds})"

    def other(self, until: int, place: int) -> Other:
        """As a figure has it, up to so many steps."""
        shown = [point for point in self.points if point[0] <= until * (1 + NEAR)]
        wide = float(student.quantile(0.975, self.seeds - 1)) / self.seeds**0.5
        points = [(step, mean) for step, mean, _ in shown]
        label = f"{self.name}, {self.source} (n = {self.seeds})"
        return Other(label, points, [wide * deviation for _, _, deviation in shown], place)

    def at(self, steps: int) -> Moments | None:
        """What was published at so many steps; None where nothing was."""
        step, mean, deviation = min(self.points, key=lambda point: abs(point[0] - steps))
        near = abs(step - steps) <= NEAR * steps
        return Moments(self.seeds, mean, deviation**2) if near else None


def published(path: Path = FILE) -> dict[tuple[str, str], Published]:
    """The curves of a file, by the environment without its version, and the algorithm."""
    found = {}
    for environment, curves_ in json.loads(path.read_text(encoding="utf-8"))["curves"].items():
        for name, said in curves_.items():
            points = tuple((int(step), float(mean), float(deviation)) for step, mean, deviation in said["points"])
            own = Published(environment, name, said["source"], said["seeds"], points)
            found[environment.rpartition("-")[0], name] = own
    return found


def panels(
    study: Study, recorded: Recorded, beside: Mapping[str, str], known: Mapping[tuple[str, str], Published]
) -> list[Panel]:
    """A panel for each environment with curves of its own."""
    steps = {run.environment: run.steps for run in study.runs}
    drawn, rows = [], variants(study)
    wanted = [_curve(study, row, beside) for row in rows]
    for environment in study.environments:
        groups, others = [], []
        for place, (row, name) in enumerate(zip(rows, wanted, strict=True)):
            key = row.key(environment)
            if recorded.curves.get(key):
                frozen = {seed.number for seed in recorded.seeds[key] if seed.state is State.FROZEN}
                groups.append(Group(row.label, recorded.curves[key], frozenset(frozen), place))
            other = known.get((environment.rpartition("-")[0], name))
            if other is not None and name not in wanted[:place]:
                # One that is for several rows has a colour of its own.
                shown = other.other(steps[environment], place if wanted.count(name) == 1 else len(rows))
                others += [shown] if shown.points else []
        if groups:
            drawn.append(Panel(environment, groups, recorded.random.get(environment), others=others))
    return drawn


@dataclass(frozen=True)
class Difference:
    """A row's scores in an environment and the published ones as they are shown, and the difference."""

    row: str
    environment: str
    ours: str
    published: str
    theirs: str
    shown: str

    def line(self) -> str:
        scores = f"{self.ours}; {self.published}: {self.theirs}"
        return f"{self.row} on {self.environment}: {scores}; difference {self.shown}"


def differences(
    study: Study, recorded: Recorded, beside: Mapping[str, str], known: Mapping[tuple[str, str], Published]
) -> Iterator[Difference]:
    """The study's less the published, for each row with a published curve and each environment."""
    found = cells(recorded, {(run.hash, run.environment): run.seeds.most for run in study.runs})
    steps = {run.environment: run.steps for run in study.runs}
    for row in variants(study):
        for environment in study.environments:
            other = known.get((environment.rpartition("-")[0], _curve(study, row, beside)))
            theirs = None if other is None else other.at(steps[environment])
            cell = found.get(row.key(environment))
            if other is None or theirs is None or cell is None:
                continue
            ours = Moments.of(cell.scores)
            estimate = contrast({"ours": 1.0, "theirs": -1.0}, {"ours": ours, "theirs": theirs})
            interval = estimate.interval(0.05)
            value = "none" if estimate.value is None else f"{estimate.value:+,.0f}"
            shown = "" if interval is None else f" [{interval[0]:,.0f}, {interval[1]:,.0f}]"
            yield Difference(row.label, environment, _moments(ours), other.label, _moments(theirs), f"{value}{shown}")


def _curve(study: Study, row: Variant, beside: Mapping[str, str]) -> str:
    """The published curve of a row: that of its base, or the only one where the study has one base; or nothing."""
    if not any(factor.about == "base" for factor in study.factors):
        return next(iter(beside.values()), "") if len(beside) == 1 else ""
    (base,) = (part.removeprefix("base = ") for part in row.cells[0].split(", ") if part.startswith("base = "))
    return beside.get(base, "")


def _moments(cell: Moments) -> str:
    spread = "" if cell.variance is None else f" ± {cell.variance**0.5:,.0f}"
    return "none" if cell.mean is None else f"{cell.mean:,.0f}{spread} (n = {cell.n})"


def main(words: list[str] | None = None) -> int:
    options = argparse.ArgumentParser("python -m benchmarks.published", description=(__doc__ or "").split("\n")[0])
    options.add_argument("study", metavar="FILE[:NAME]")
    options.add_argument(
        "--beside", nargs="+", required=True, metavar="BASE=NAME", help="which curve is for which base"
    )
    options.add_argument("--out", type=Path, help="the study's folder")
    asked = options.parse_args(words)
    try:
        study = declared(asked.study)
        folder = existing_folder(asked.out or Path("studies") / study.name)
        if folder is None:
            raise UserError("nothing of the study has been run there", "run it first, with taxon study")
        recorded, known = read(folder, study), published()
        beside = dict(each.split("=", 1) for each in asked.beside)
        drawn = panels(study, recorded, beside, known)
        if not drawn:
            raise UserError("the study has no curves yet", "wait for its first runs")
        for name, content in files("published", partial(curves, drawn)).items():
            folder.write(name, content)
        for each in differences(study, recorded, beside, known):
            print(each.line())
        print(folder.path / "published.png")
    except UserError as error:
        print(f"error: {error.message}\n help: {error.help}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
