"""Training, as `taxon run` does it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from taxon.api import asking, resolving
from taxon.api.environments import Environment, known, recipe_of
from taxon.api.findings import SpecError, findings
from taxon.api.interactive import at_prompt, in_notebook
from taxon.api.run import AS_BEFORE, Amount, Run, open
from taxon.api.spec import Spec, spec_of
from taxon.api.wording import in_python
from taxon.compiler import emit
from taxon.runtime.options import Crowd, Mode, Options, Precision
from taxon.semantics import canonical, row_hash
from taxon.taxonomy.language import packages_of

if TYPE_CHECKING:
    from rich.console import Console

    from taxon.runtime.environments.recipe import Recipe
    from taxon.runtime.events import Callback
    from taxon.runtime.progress import Display
    from taxon.runtime.trainer import Outcome, Program

class SpecWarning(UserWarning):
    """A lint about a spec that is trained: published evidence of trouble."""


class Interrupted(KeyboardInterrupt):
    """A script was told to stop while it trained; the run is saved, and `run.resume()` goes on with it.

    In a notebook and at a prompt nothing is raised: the interrupted run is returned.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.folder} is saved after {run.steps:,} steps; taxon.open(...).resume() goes on with it")
        self.run = run


def train(
    spec: Spec | str | os.PathLike[str],
    env: Environment,
    *,
    seeds: int | Sequence[int] = 1,
    steps: Amount = 1_000_000,
    out: str | os.PathLike[str] | None = None,
    env_set: Mapping[str, Any] | None = None,
    wrap: str | Sequence[str] = (),
    eval_every: Amount | None = 20_000,
    eval_episodes: Amount | None = None,
    eval_seed: int | None = None,
    stop_at: float | None = None,
    keep: Literal["last", "best"] = "last",
    callbacks: Sequence[Callback] = (),
    log: str | Sequence[str] | None = "tensorboard",
    save_every: Amount = "5min",
    compile: Mode | bool = "auto",
    precision: Precision = "float32",
    workers: Crowd = "auto",
    device: str = "auto",
    progress: bool = True,
) -> Run:
    """Train a spec on an environment, several seeds in one process, and return the run when it ends.

    It is what `taxon run` does, with the same folder and the same numbers. A script needs no guard around it, and a
    notebook shows the learning curve. Ctrl-C, or a notebook's stop, ends the run after the present step, saved: in a
    notebook it is returned as it is, in a script `Interrupted` is raised. In a thread other than the main one it goes on.

    Args:
        spec: a spec, or the name or file of one.
        env: an environment's id, as `--env` takes it, or a function that makes a new environment at every call.
        seeds: how many, from 0 on, or which.
        steps: environment steps of every seed.
        out: the run's folder; otherwise runs/<spec>-<env>-<n>.
        env_set: arguments of the environment.
        wrap: wrappers around it, from the innermost, as `--wrap` takes them: "TimeLimit(200)".
        eval_every: environment steps between two evaluations, the first before training begins; None for none.
        eval_episodes: episodes of an evaluation, with the mean action or the most probable one; 10 if not given.
        eval_seed: what the starts of every evaluation are drawn from, so that all begin alike; otherwise new ones.
        stop_at: the mean return of an evaluation at which the run ends.
        keep: "best" keeps the policies of each seed's best evaluation beside those of the latest checkpoint.
        callbacks: what the run's events are given to; each may end the run. See `taxon.Callback`.
        log: what is written beside metrics.jsonl, as `--log` takes it: "tensorboard", "csv", several of them, or None.
        save_every: what passes between two checkpoints: "90s", "5min", "1h", or environment steps.
        compile: whether updates are compiled: "on", "off", or "auto", where a run is long enough.
        precision: of the networks' matrix products in updates: "float32", "tf32" or "bf16".
        workers: processes that step the environments beside this one, 0 for none, or "auto".
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        progress: whether the run shows how it goes.

    Raises:
        SpecError: the spec means nothing, or not in this environment, or would make no update.
        Error: a value, the environment, the folder or the device cannot be used, or a callback failed.
        Interrupted: a script was told to stop.
    """
    every, episodes = asking.evaluations(eval_every, eval_episodes)
    recipe = recipe_of(env, env_set, wrap)
    with in_python():
        options = Options(
            environment=recipe,
            seeds=asking.seeds_of(seeds),
            steps=asking.count("steps", steps),
            device=asking.device(device),
            out=None if out is None else Path(out),
            evaluate_every=every,
            evaluation_episodes=episodes,
            save_every=asking.cadence("save_every", save_every),
            compile=asking.mode(compile),
            precision=asking.precision(precision),
            workers=asking.workers(workers),
            evaluation_seed=None if eval_seed is None else asking.whole("eval_seed", eval_seed),
            stop_at=None if stop_at is None else asking.real("stop_at", stop_at),
            keep_best=asking.one_of("keep", keep, Literal["last", "best"]) == "best",
            log=asking.loggers(log),
        )
    program = _program(spec_of(spec), recipe, options.steps)

    def begin(shown: Console | Display, listeners: Sequence[Callback]) -> Outcome:
        from taxon.runtime.trainer import train

        return train(program, options, shown, listeners)

    return _made(begin, recipe, callbacks, progress)


def go_on(
    run: Run,
    recipe: Recipe | None,
    *,
    steps: Amount | None,
    workers: Crowd | None,
    stop_at: float | Literal["never"] | None,
    log: str | Sequence[str] | None,
    device: str | None,
    callbacks: Sequence[Callback],
    progress: bool,
) -> Run:
    """Go on with a run from its latest checkpoint, as `Run.resume` says. recipe: its environment, as the user says it."""
    from taxon.runtime.environments.trust import trusted

    record = open(run.folder)._record  # as it is now
    asked = None if steps is None else asking.count("steps", steps)
    # Of a finished run more is asked for; any other one may have nothing left to do but to end.
    done = record.steps_done if record.status == "finished" and asked is not None else 0
    wanted = None if asked is not None and asked <= record.steps_done else asked or record.steps
    crowd = None if workers is None else asking.workers(workers)
    loggers = None if log == AS_BEFORE else asking.loggers(log)
    place = None if device is None else asking.device(device)
    least: float | Literal["never"] | None = None
    if stop_at is not None:
        least = "never" if stop_at == "never" else asking.real("stop_at", stop_at)
    with in_python():
        where = trusted(record.recipe(), recipe)
    program = _program(run.spec, where, wanted, done)

    def begin(shown: Console | Display, listeners: Sequence[Callback]) -> Outcome:
        from taxon.runtime.anew import Anew
        from taxon.runtime.trainer import resume

        anew = Anew(least, loggers, place)
        return resume(
            program, run.folder, asked, shown, workers=crowd, callbacks=listeners, anew=anew, environment=where
        )

    return _made(begin, recipe, callbacks, progress)


def _program(spec: Spec, recipe: Recipe, steps: int | None, done: int = 0) -> Program:
    """A spec, compiled for an environment. Raises SpecError where it cannot be trained there for so many steps."""
    from taxon.runtime.trainer import Program

    row, found = resolving.resolved(replace(spec._given, environment=known(recipe)), steps, done)
    if row is None:
        raise SpecError(findings(found))
    for each in findings(found):
        warnings.warn(str(each), SpecWarning, stacklevel=4)
    packages = {package.name: package.version for package in packages_of(row)}
    return Program(row.name, row_hash(row), canonical(row), emit(row), packages)


def _made(
    begin: Callable[[Console | Display, Sequence[Callback]], Outcome],
    recipe: Recipe | None,
    callbacks: Sequence[Callback],
    progress: bool,
) -> Run:
    """The run that is made, shown where the program runs."""
    shown, own = _shown(progress)
    with in_python(), _as_it_was():
        outcome = begin(shown, [*own, *callbacks])
    run = Run(outcome.folder, recipe)
    if run.status == "interrupted" and not at_prompt():
        raise Interrupted(run)
    return run


def _shown(progress: bool) -> tuple[Console | Display, list[Callback]]:
    """What a run shows itself on, and who listens to it for that."""
    from rich.console import Console

    if not progress:
        return Console(quiet=True), []
    if in_notebook():
        from taxon.api.live import Live

        live = Live()
        return live, [live]
    from taxon.runtime.progress import RunConsole

    return RunConsole(), []


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Leave the working folder and torch's threads as they were, which a run and its environments may change."""
    import torch

    here, threads = os.getcwd(), torch.get_num_threads()
    try:
        yield
    finally:
        os.chdir(here)
        torch.set_num_threads(threads)
