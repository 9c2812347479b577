"""A script for Slurm: an array of workers that claim what is missing of a study, until nothing is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from taxon.runtime.errors import UserError

MOST = 1_000  # of an array: Slurm's MaxArraySize is 1001 unless a site sets another


def script(name: str, worker: Sequence[str], options: str, workers: int, asked: Mapping[str, str], here: str) -> str:
    """The text of a script that `sbatch` takes; submitted again it goes on.

    Args:
        name: of the study.
        worker: the command of a worker.
        options: of sbatch, as they are typed, such as `--time=24:00:00 --partition=long`; they come after the script's
            own, and what is repeated replaces them.
        workers: how many there may be at a time.
        asked: what each needs, as options of sbatch.
        here: the folder in which the command was typed, to which its paths are relative.
    """
    try:
        given = shlex.split(options)
    except ValueError as error:
        raise UserError(f"--slurm {options}: {error}", "quote the options of sbatch as for a shell") from None
    if any(not option.isprintable() for option in given):
        raise UserError("an option of sbatch has a character that cannot be shown", "write them in one line")
    own = {
        "--job-name": f"taxon-{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}",
        "--array": f"0-{max(1, min(workers, MOST)) - 1}",
        **asked,
        "--signal": "TERM@120",
        "--output": "slurm-%A_%a.out",
    }
    said = {option.partition("=")[0] for option in given}
    lines = [f"#SBATCH {option}={value}" for option, value in own.items() if option not in said]
    return "\n".join(
        [
            "#!/bin/bash",
            *lines,
            *(f"#SBATCH {' '.join(shlex.quote(option) for option in each)}" for each in _pairs(given)),
            "",
            "# Each worker runs what no other one is running, and ends when nothing is left. Two minutes before its",
            "# time is over it leaves checkpoints; submit the script again to go on.",
            "set -euo pipefail",
            f"cd {shlex.quote(here)}",
            'export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"  # which srun does not take over by itself',
            f"exec srun {shlex.join(worker)}",
            "",
        ]
    )


def _pairs(options: Sequence[str]) -> list[list[str]]:
    """Each option with its value, where that is a word of its own."""
    pairs: list[list[str]] = []
    for word in options:
        if word.startswith("-") or not pairs:
            pairs.append([word])
        else:
            pairs[-1].append(word)
    return pairs
