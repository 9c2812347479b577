"""How many processes there is room for, what each does, and how the seeds of a study are shared among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from taxon.runtime.errors import UserError
from taxon.runtime.options import Cadence
from taxon.studies.running.driver import Slots
from taxon.studies.running.jobs import Ways
from taxon.studies.running.machine import cores, gpus
from taxon.studies.running.units import Unit

ALL = 10_000  # seeds of a cell that share a process where all of them do


def machine(
    device: str,
    jobs: int | None,
    threads: int,
    per_gpu: int | None,
    stack: int | None,
    save_every: Cadence,
    keep: str,
) -> tuple[Slots, Ways]:
    """What this machine gives, and how a run uses it; None where it is left to the machine.

    Raises UserError where there is no such way, or the numbers do not fit together.
    """
    if device not in ("cpu", "cuda"):
        raise UserError(f"these runs take no device {device}", "write --device cpu or --device cuda")
    if keep not in ("last", "none"):
        raise UserError(f"a finished run keeps no {keep}", "write --keep last or --keep none")
    seeds = stack or (1 if device == "cpu" else ALL)
    slots = room(device, cores(), gpus(), threads, jobs, per_gpu)
    return slots, Ways(device, threads, seeds, save_every.text, keep == "last")


def room(
    device: str, cores: int, gpus: Sequence[str], threads: int, jobs: int | None = None, per_gpu: int | None = None
) -> Slots:
    """What a machine with these cores and GPUs gives to processes of so many threads.

    jobs: processes at a time, None for as many as there is room for. per_gpu: how many share a GPU, None for one unless
    `jobs` asks for more. Raises UserError where that does not fit together.
    """
    if device == "cpu":
        if per_gpu is not None:
            message = f"--per-gpu {per_gpu} shares a GPU, and this study runs on a CPU"
            raise UserError(message, "leave it out, or write --device cuda; --jobs is the number of runs at a time")
        count = max(1, cores // threads) if jobs is None else jobs
        return Slots(count, count * threads)
    most = len(gpus) * (per_gpu or 1)
    if per_gpu is not None and jobs is not None and jobs > most > 0:  # none are known where Ray has them
        message = f"--jobs {jobs} is more than {len(gpus)} GPUs with --per-gpu {per_gpu} have room for"
        raise UserError(message, "leave one of the two out")
    count = max(1, most) if jobs is None else jobs
    return Slots(count, count * threads, tuple(gpus))


def share(units: Sequence[Unit], processes: int) -> int:
    """How many seeds of a cell share a process, so that all have some: all of them where there are cells enough.

    units: those that are to be run.
    """
    cells = Counter(unit.place for unit in units)
    if not cells:
        return 1
    parts = max(1, processes // len(cells))
    return -(-max(cells.values()) // parts)
