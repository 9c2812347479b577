"""What is said when a run has ended."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from taxon.runtime.amounts import several
from taxon.runtime.environments.recipe import Recipe


def counts(
    seeds: Sequence[int],
    frozen: Mapping[int, int],
    steps: int,
    updates: Mapping[str, int],
    samples: int,
    evaluation: Sequence[int],
) -> list[str]:
    """What every seed has had, a line for those that went to the end and one for each that was frozen.

    frozen: the step at which each of them was. updates, by phase, and samples, the stored steps that they read: of a
    seed that was not frozen. evaluation: environment steps of every seed's evaluations.
    """
    spent = dict(zip(seeds, evaluation, strict=True))
    lines = []
    if whole := [seed for seed in seeds if seed not in frozen]:
        who = several("seed", whole) if frozen else "each seed"
        made = ", ".join(f"{count:,} updates{_of(name, updates)}" for name, count in updates.items())
        ratio = sum(updates.values()) / max(steps, 1)
        average = sum(spent[seed] for seed in whole) // len(whole)
        about = "" if len({spent[seed] for seed in whole}) == 1 else "about "
        lines.append(
            f"{who}: {steps:,} steps, {made} ({ratio:.4g} a step), {samples:,} stored steps read by them, "
            f"{about}{average:,} steps of evaluation"
        )
    for seed in (seed for seed in seeds if seed in frozen):
        lines.append(f"seed {seed}: frozen at step {frozen[seed]:,}, {spent[seed]:,} steps of evaluation")
    return lines


def resume_command(folder: Path, environment: Recipe, module: str | None = None) -> str:
    """What a user types to go on with a run, for a shell; module: the file of an edited one.

    In Python, where only a program has the function that makes the environment.
    """
    if environment.called:
        return f"taxon.open({str(folder)!r}).resume(env=...), with the function that made {environment}"
    # A run's folder is not believed where more than an id is made: see environments/trust.py.
    words = ["taxon", "run", "--resume", str(folder), *([] if environment.plain else environment.words)]
    words += [] if module is None else ["--module", module]
    return shlex.join(words)


def _of(phase: str, updates: Mapping[str, int]) -> str:
    return f" of the {phase}" if len(updates) > 1 else ""
