"""The peer's returns in a study's own tables, and each row's difference, taxon less the peer, by its statistics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fidelity.runs import Made
from taxon.runtime.folder.run_folder import RunFolder
from taxon.semantics.studies import Study
from taxon.studies.report.comparing import cells
from taxon.studies.report.recorded import Recorded, read
from taxon.studies.report.variants import Variant, variants
from taxon.studies.running import table
from taxon.studies.running.plan import Plan
from taxon.studies.running.results import Result, scored
from taxon.studies.running.store import State, make_folder
from taxon.studies.running.units import Unit
from taxon.studies.statistics.comparison import Comparison
from taxon.studies.statistics.expectation import Within
from taxon.studies.statistics.frozen import Cell, Treatment
from taxon.studies.statistics.judge import judge
from taxon.studies.statistics.results import Claim
from taxon.studies.statistics.wording import sentences

LIBRARY = "stable-baselines3"
OURS, THEIRS = "taxon", "the peer"


def write(plan: Plan, made: Mapping[Unit, Made | None], floors: Mapping[str, float], out: Path) -> None:
    """Write results.csv and curves.csv of the peer's runs, as the study has them of its own."""
    found = {unit: _result(plan, unit, each) for unit, each in made.items()}
    folder = make_folder(out)
    folder.write(table.RESULTS, table.results(plan, found, floors).csv().encode())
    folder.write(table.CURVES, table.curves(plan, found).csv().encode())


def _result(plan: Plan, unit: Unit, made: Made | None) -> Result:
    if made is None:
        return Result(State.MISSING)
    versions = {**made.versions, "extensions": f"{LIBRARY} {made.versions[LIBRARY]}", "device": made.device}
    score = scored(made.curve, unit, plan.study.score)
    return Result(State.DONE, score, made.curve[-1][1], None, made.curve, versions=tuple(versions.items()))


@dataclass(frozen=True)
class Difference:
    """A row's scores in an environment as they are shown, and their difference, where there is one."""

    environment: str
    ours: str
    theirs: str
    shown: str
    verdict: str

    @property
    def judged(self) -> str:
        return f"{self.shown}, {self.verdict}" if self.verdict else self.shown


@dataclass(frozen=True)
class Compared:
    """A row beside the peer's; said: of all environments together, and what to mind."""

    row: str
    differences: tuple[Difference, ...]
    said: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        yield f"{self.row}:"
        for each in self.differences:
            scores = f"{OURS} {each.ours}; {THEIRS} {each.theirs}"
            yield f"  {each.environment}: {scores}; difference {each.judged}"
        yield from (f"  {sentence}" for sentence in self.said)


def compare(study: Study, ours: RunFolder, theirs: RunFolder, within: float) -> Iterator[Compared]:
    """Each row's scores on each environment, and their difference; within: in scaled units, where there is a scale."""
    mine, peers = read(ours, study), read(theirs, study)
    found = _cells(mine, study, OURS) | _cells(peers, study, THEIRS)
    rows = variants(study)
    expected = Within(within) if study.scale else None
    claims = [
        Claim(row.label, _pair(row, study.environments[0]), expected, "difference", _elsewhere(row)) for row in rows
    ]
    results = judge(claims, found, study.environments, study.scale or None, Treatment(study.failure))
    for row, result in zip(rows, results, strict=True):
        differences = []
        for environment in study.environments:
            pair = row.hashes[environment]
            mine_, theirs_ = (_scores(found.get(((who, pair), environment))) for who in (OURS, THEIRS))
            finding = result.environments[environment]
            interval = finding.interval
            shown = (
                "no interval yet"
                if finding.value is None or interval is None
                else (f"{finding.value:+,.0f} [{interval[0]:,.0f}, {interval[1]:,.0f}]")
            )
            verdict = "" if finding.verdict is None else finding.verdict.value
            differences.append(Difference(environment, mine_, theirs_, shown, verdict))
        said = [f"warning: {warning}" for warning in result.warnings]
        if len(study.environments) > 1 and all(each.value is not None for each in result.environments.values()):
            said.insert(0, sentences(result, f"{OURS} less {THEIRS}"))
        yield Compared(row.label, tuple(differences), tuple(said))


def _cells(recorded: Recorded, study: Study, who: str) -> dict[tuple[tuple[str, str], str], Cell]:
    """The scores by whose they are, row and environment."""
    most = {(run.hash, run.environment): run.seeds.most for run in study.runs}
    return {((who, row), environment): cell for (row, environment), cell in cells(recorded, most).items()}


def _pair(row: Variant, environment: str) -> tuple[Comparison, ...]:
    own = row.hashes[environment]
    return (Comparison((OURS, own), (THEIRS, own)),)


def _elsewhere(row: Variant) -> dict[str, tuple[Comparison, ...]]:
    """The comparisons of the environments in which it is another row."""
    usual = next(iter(row.hashes.values()))
    return {environment: _pair(row, environment) for environment, own in row.hashes.items() if own != usual}


def _scores(cell: Cell | None) -> str:
    """`1,234 ± 56 (n = 5)`."""
    if cell is None:
        return "none yet"
    scores = np.asarray(cell.scores, float)
    spread = f" ± {scores.std(ddof=1):,.0f}" if len(scores) > 1 else ""
    return f"{scores.mean():,.0f}{spread} (n = {len(scores)})"
