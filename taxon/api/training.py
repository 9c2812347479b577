"""Training, as `taxon run` does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from taxon.api import asking
from taxon.api.environments import Environment, recipe_of
from taxon.api.programs import executed, program_of
from taxon.api.run import Amount, Run, run_of
from taxon.api.spec import Spec, spec_of
from taxon.api.wording import in_python
from taxon.runtime.options import Crowd, Mode, Options, Precision

if TYPE_CHECKING:
    from rich.console import Console

    from taxon.runtime.events import Callback
    from taxon.runtime.progress import Display
    from taxon.runtime.trainer import Outcome


def train(
    spec: Spec | str | PathLike[str],
    env: Environment,
    *,
    seeds: int | Sequence[int] = 1,
    steps: Amount = 1_000_000,
    out: str | PathLike[str] | None = None,
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
    notebook it is returned as it is, in a script `Interrupted` is raised. No signal reaches a run in another thread.

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
    program = program_of(spec_of(spec), recipe, options.steps, log=options.log)

    def begin(shown: Console | Display, listeners: Sequence[Callback]) -> Outcome:
        from taxon.runtime.trainer import train

        return train(program, options, shown, listeners)

    return run_of(executed(begin, callbacks, progress), recipe)
