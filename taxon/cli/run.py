"""taxon run: train a spec."""

from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.failure import user_errors


def run(
    spec: Annotated[str, typer.Argument(help="A .tx file, or a shipped spec such as std.sac.")],
    env: Annotated[str, typer.Option(help="A gymnasium id, or dm_control/<domain>-<task>.")],
    seeds: Annotated[str, typer.Option(help="How many (5: seeds 0 to 4), or which (3,7,9).")] = "1",
    steps: Annotated[str, typer.Option(help="Environment steps of every seed; 100k and 1M are understood.")] = "1M",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    set: Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override one leaf.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder [default: runs/<spec>-<env>-<n>].")] = None,
    eval_every: Annotated[str, typer.Option(help="Environment steps between two evaluations.")] = "20k",
    eval_episodes: Annotated[str, typer.Option(help="Episodes with the mean action in an evaluation.")] = "10",
) -> None:
    """Train a spec on an environment, several seeds in one process.

    Leaves the resolved spec, the emitted module, metrics, checkpoints and a learning curve in a folder.
    Ctrl-C stops cleanly, with a checkpoint.
    """
    from taxon.runtime.options import Options, parse_count, parse_seeds

    with user_errors():
        options = Options(
            environment=env,
            seeds=parse_seeds(seeds),
            steps=parse_count(steps, "--steps"),
            device=device,
            out=out,
            evaluate_every=parse_count(eval_every, "--eval-every"),
            evaluation_episodes=parse_count(eval_episodes, "--eval-episodes"),
        )
        from taxon.cli.frontend import load
        from taxon.compiler import emit

        resolved = load(spec, set or [], env)
        source = emit(resolved.row)
        from taxon.runtime.trainer import Program, train

        outcome = train(Program(resolved.name, resolved.hash, resolved.canonical, source), options)
    raise typer.Exit(outcome.exit_code)
