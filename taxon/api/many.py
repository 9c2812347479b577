"""Running many runs, each in a process of its own: what studies and searches have in common."""

from __future__ import annotations

import io
import sys
import uuid
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from taxon.api import asking
from taxon.api.findings import Diagnostic, SpecError, findings
from taxon.api.interactive import at_prompt, in_notebook
from taxon.api.programs import SpecWarning
from taxon.api.wording import in_python, reworded
from taxon.diagnostics.visible import visible
from taxon.errors import Error
from taxon.runtime.options import Mode, Precision

if TYPE_CHECKING:
    from taxon.api.run import Amount
    from taxon.diagnostics import model
    from taxon.studies.running.driving import Ending, Means
    from taxon.studies.running.plan import Asked
    from taxon.studies.running.showing import Line

Meant = TypeVar("Meant")


def meant(found: Meant | None, diagnostics: Iterable[model.Diagnostic]) -> tuple[Meant, tuple[Diagnostic, ...]]:
    """A study or a tune with its lints. Raises SpecError where it means nothing."""
    said = findings(diagnostics)
    if found is None or any(each.severity == "error" for each in said):
        raise SpecError(said)
    return found, said


def asked(
    eval_every: Amount | None, eval_episodes: Amount | None, compile: Mode | bool, precision: Precision | None
) -> Asked:
    """How runs are made, as a program asks for it; None where it is left to what declares them."""
    from taxon.studies.running.plan import Asked

    return Asked(
        None if eval_every is None else asking.count("eval_every", eval_every),
        None if eval_episodes is None else asking.episodes_of(eval_episodes),
        None if precision is None else asking.precision(precision),
        asking.mode(compile),
    )


def means(
    store: Path,
    jobs: Amount | None,
    threads: Amount,
    device: str,
    per_gpu: Amount | None,
    stack: Amount | None,
    save_every: Amount,
    keep: str,
    anew: bool,
    ray: str | None,
) -> Means:
    """What runs are started with, here or on a Ray cluster. Raises Error where that cannot be had."""
    from taxon.studies.running import on_ray
    from taxon.studies.running.driving import Means
    from taxon.studies.running.launching import Here
    from taxon.studies.running.room import machine

    def count(name: str, value: Amount | None) -> int | None:
        return None if value is None else asking.count(name, value)

    asking.one_of("device", device, Literal["cpu", "cuda"])
    asking.one_of("keep", keep, Literal["last", "none"])
    with in_python():
        each = count("per_gpu", per_gpu)
        cadence, own = asking.cadence("save_every", save_every), asking.count("threads", threads)
        slots, ways = machine(device, count("jobs", jobs), own, each, count("stack", stack), cadence, keep)
        if ray is None:
            return Means(Here(), slots, ways, anew)
        cluster = on_ray.OnRay(ray, store)
        there = on_ray.room(cluster, ways, None if jobs is None else slots.processes, each or 1)
        return Means(cluster, there, ways, anew)


def driven(run: Callable[[Line, str], Ending], folder: Path, lints: Sequence[Diagnostic], progress: bool) -> bool:
    """Let something be run: whether all of it is complete.

    run: is given what shows how far it is, and the name of this session. lints: are warned of. Where it is told to stop
    a script raises KeyboardInterrupt.
    """
    from taxon.studies.running.driving import Ending
    from taxon.studies.running.showing import Line

    for each in lints:
        warnings.warn(str(each), SpecWarning, stacklevel=3)
    stream = sys.stderr if progress else io.StringIO()
    shown = Line(stream, True if in_notebook() else None, lambda text: visible(reworded(text)))
    with in_python():
        ending = run(shown, uuid.uuid4().hex)
    if ending is Ending.STOPPED and not at_prompt():
        raise KeyboardInterrupt(f"{folder}: what was running has left checkpoints, and the same again goes on with it")
    return ending is not Ending.PARTIAL


def partial(done: int, asked: int, what: str, command: str) -> Error:
    """What is raised where not all of it is complete; what: runs or trials."""
    help = f"`taxon {command} status FILE` says why; anew=True runs again what is another version's"
    if done == asked:
        return Error("the return of random actions was not measured in every environment", help)
    return Error(f"{asked - done:,} of {asked:,} {what} failed, or are another version's", help)
