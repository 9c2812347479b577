"""What commands that run many runs have in common: where the runs are kept, how they are made, and on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from taxon.cli.arguments import completing
from taxon.cli.specs.environments import unusable_environment
from taxon.cli.specs.reporting import Format, exit_code, report
from taxon.diagnostics.model import Diagnostic
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.options import parse_cadence, parse_count, parse_episodes, parse_mode, parse_precision

if TYPE_CHECKING:
    from taxon.semantics.studies import Study
    from taxon.semantics.tuning.model import Tune
    from taxon.studies.running.driver import Slots
    from taxon.studies.running.driving import Ending
    from taxon.studies.running.jobs import Ways
    from taxon.studies.running.launching import Launcher
    from taxon.studies.running.plan import Asked

Declared = TypeVar("Declared", "Study", "Tune")

Kept = Annotated[Path, typer.Option("--store", help="The folder of the runs, which all studies share.")]
Own = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        metavar="MODULE:ID",
        help="An environment of your own that `on` names: its module may be imported, or its file executed.",
        autocompletion=completing.environments,
    ),
]
Jobs = Annotated[
    str | None,
    typer.Option(help="Runs at a time; otherwise as many as there are cores for, or one for each GPU."),
]
Threads = Annotated[str, typer.Option(help="Cores of each run.")]
PerGpu = Annotated[
    str | None,
    typer.Option(metavar="K", help="Processes that share a GPU; a cell's seeds are shared out where cells are fewer."),
]
OnCluster = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Run on the Ray cluster with its head at HOST:PORT, auto for this machine's, or local for one that is "
        "started here. Needs the extra `ray`.",
    ),
]
Device = Annotated[str, typer.Option(help="cpu or cuda.", autocompletion=completing.study_devices)]
Stack = Annotated[
    str | None,
    typer.Option(help="Seeds of a cell that share a process; otherwise 1 on a CPU, and all that are missing on a GPU."),
]
SaveEvery = Annotated[str, typer.Option(help="What passes between two checkpoints of a run: 90s, 5min, 1h, or steps.")]
Keep = Annotated[
    str,
    typer.Option(
        help="What a finished run keeps: last, its latest checkpoint and its replay, with which more steps go on from "
        "there, or none, for which more steps begin anew.",
        autocompletion=completing.kept,
    ),
]
EvalEvery = Annotated[
    str | None,
    typer.Option(
        help="Environment steps between two evaluations, of which the steps of every run are a multiple; otherwise "
        "20k or the most that is. This and the next three are settled when the study begins.",
    ),
]
EvalEpisodes = Annotated[str | None, typer.Option(help="Episodes of an evaluation; otherwise 10.")]
Compile = Annotated[
    str,
    typer.Option(
        help="Compile the updates: on, off, or auto, for studies of runs of 100k steps or more.",
        autocompletion=completing.modes,
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        help="Of the networks' matrix products in updates: float32, tf32 or bf16; otherwise float32.",
        autocompletion=completing.precisions,
    ),
]
Anew = Annotated[
    bool, typer.Option("--anew", help="Run again what another version of taxon made by another module: stale runs.")
]
STORE = Path("runs/store")


def asked_of(eval_every: str | None, eval_episodes: str | None, compile: str, precision: str | None) -> Asked:
    """What a command line says of how runs are made."""
    from taxon.studies.running.plan import Asked

    return Asked(
        None if eval_every is None else parse_count(eval_every, "--eval-every"),
        None if eval_episodes is None else parse_episodes(eval_episodes, "--eval-episodes"),
        None if precision is None else parse_precision(precision),
        parse_mode(compile),
    )


def machine(
    device: str,
    jobs: str | None,
    threads: str,
    stack: str | None,
    save_every: str,
    keep: str,
    per_gpu: str | None = None,
) -> tuple[Slots, Ways]:
    """What this machine gives, and how a run uses it."""
    from taxon.studies.running import room

    return room.machine(
        device,
        asked_count(jobs, "--jobs"),
        parse_count(threads, "--threads"),
        asked_count(per_gpu, "--per-gpu"),
        asked_count(stack, "--stack"),
        parse_cadence(save_every, "--save-every"),
        keep,
    )


def launching(
    ray: str | None, store: Path, slots: Slots, ways: Ways, jobs: str | None, per_gpu: str | None
) -> tuple[Launcher, Slots]:
    """What starts the processes, and what it gives them."""
    from taxon.studies.running.launching import Here
    from taxon.studies.running.on_ray import OnRay, room

    if ray is None:
        return Here(), slots
    cluster = OnRay(ray, store)
    count = None if jobs is None else slots.processes
    return cluster, room(cluster, ways, count, asked_count(per_gpu, "--per-gpu") or 1)


def ended(ending: Ending) -> typer.Exit:
    """The end of a command that ran what was missing."""
    return typer.Exit({"complete": 0, "partial": 1, "stopped": 130}[ending.value])


def one_of(options: Mapping[str, bool]) -> None:
    """Raise UserError where several options are given of which each is to do something else."""
    given = [option for option, there in options.items() if there]
    if len(given) > 1:
        raise UserError(f"{given[0]} and {given[1]} each do something else", "leave one of them out")


def asked_count(text: str | None, option: str) -> int | None:
    return None if text is None else parse_count(text, option)


def declared(
    found: Declared | None,
    diagnostics: Sequence[Diagnostic],
    words: list[str] | None,
    recipe: Callable[[str], Recipe],
) -> Declared:
    """A study or a tune whose environments can be used; otherwise its errors are printed, and the command ends.

    words: the environments of the user's own. recipe: what a name of an environment stands for.
    """
    from taxon.runtime.environments.trust import check_named

    said = list(diagnostics)
    if found is not None:
        check_named(found.environments, words)
        unusable = (unusable_environment(recipe(name)) for name in found.environments)
        said += [each for each in unusable if each is not None]
    if said:
        report(said, Format.FULL, error_stream=True)
    code = exit_code(said)
    if found is None or code:
        raise typer.Exit(code or 1)
    return found
