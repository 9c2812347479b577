"""A study's rows by Stable-Baselines3 with the same numbers, and the difference from taxon's with its interval.

    python -m benchmarks.fidelity benchmarks/specs/fidelity.tx:fidelity --peers-folder DIR

Runs of the peer that are made are kept and not made again: type the same after a kill. taxon's own are those of
`taxon study` of the same file.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.contenders import locate
from benchmarks.declared import declared
from benchmarks.fidelity.comparing import compare, write
from benchmarks.fidelity.runs import jobs, make, read
from taxon.runtime.errors import UserError
from taxon.studies.running.opened import Opened, open_study
from taxon.studies.running.plan import Asked
from taxon.studies.running.store import existing_folder
from taxon.studies.running.table import RESULTS


def opened(file: str, out: Path | None, store: Path, every: int | None) -> Opened:
    """The study of a file. Raises UserError where it means nothing."""
    study = declared(file)
    return open_study(study, out or Path("studies") / study.name, store, Asked(evaluate_every=every))


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    options = argparse.ArgumentParser("python -m benchmarks.fidelity", description=(__doc__ or "").split("\n")[0])
    options.add_argument("study", metavar="FILE[:NAME]")
    options.add_argument("--peers-folder", type=Path, help="what `python -m benchmarks.peers install` filled")
    options.add_argument("--out", type=Path, help="the study's folder; the peer's tables are in `peer` there")
    options.add_argument("--store", type=Path, default=Path("runs/store"), help="taxon's runs")
    options.add_argument("--runs", type=Path, default=Path("runs/peers"), help="the peer's runs")
    options.add_argument("--jobs", type=int, default=1, help="runs at a time")
    options.add_argument("--threads", type=int, default=1, help="cores of each run")
    options.add_argument("--eval-every", type=int, help="as `taxon study` was given it, before its first run")
    options.add_argument("--within", type=float, default=0.1, help="how small a difference is none, in scaled units")
    options.add_argument("--seeds", type=int, help="the first so many of each row alone")
    options.add_argument("--compare", action="store_true", help="compare what there is; run nothing")
    return options


def main(words: list[str] | None = None) -> int:
    options = parser().parse_args(words)
    try:
        study = opened(options.study, options.out, options.store, options.eval_every)
        asked = jobs(study.plan, options.threads)
        failures = []
        if not options.compare:
            python = locate(options.peers_folder).stable
            if python is None:
                raise UserError("Stable-Baselines3 is not installed", "python -m benchmarks.peers install DIR stable")
            first = [job for unit, job in asked.items() if options.seeds is None or unit.seed < options.seeds]
            failures = make(options.runs, first, python, options.jobs, lambda text: print(text, flush=True))
        made = {unit: read(options.runs, job) for unit, job in asked.items()}
        write(study.plan, made, study.floors(), study.out / "peer")
        for text in dict.fromkeys(
            f"{job.peer.algorithm}: {each}" for job in asked.values() for each in job.peer.differences
        ):
            print(text)
        folder, theirs = existing_folder(study.out), existing_folder(study.out / "peer")
        if folder is None or theirs is None or RESULTS not in folder.files():
            print(f"{study.out}/peer has the peer's tables; taxon's runs are to be made: taxon study {options.study}")
            return 1 if failures else 0
        for compared in compare(study.plan.study, folder, theirs, options.within):
            print("\n".join(compared.lines()))
        return 1 if failures else 0
    except UserError as error:
        print(f"error: {error.message}\n help: {error.help}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
