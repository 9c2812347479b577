"""taxon eval: evaluate the agents of a run."""

from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.modules import Again
from taxon.cli.arguments.own import named_again
from taxon.cli.arguments.parameters import Settings, Wraps
from taxon.cli.specs.failure import user_errors
from taxon.diagnostics.visible import visible


def evaluate(
    run: Annotated[Path, typer.Argument(help="The folder that `taxon run` wrote.", autocompletion=completing.runs)],
    episodes: Annotated[str, typer.Option(help="Episodes of every seed.")] = "10",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.", autocompletion=completing.devices)
    ] = "auto",
    best: Annotated[
        bool, typer.Option("--best", help="Each seed's best policy, of a run with --keep best, and not its latest.")
    ] = False,
    eval_seed: Annotated[
        str | None,
        typer.Option(metavar="N", help="Draw all starts from this number; otherwise as the training's evaluation did."),
    ] = None,
    video: Annotated[Path | None, typer.Option(help="Film one episode of the first seed to this file (.mp4).")] = None,
    env: Annotated[
        str | None,
        typer.Option(
            help="The run's environment again, with its --env-set and --wrap, where it is more than an id.",
            autocompletion=completing.environments,
        ),
    ] = None,
    module: Again = None,
    env_set: Settings = None,
    wrap: Wraps = None,
) -> None:
    """Evaluate what a run has learnt with the mean action or the most probable one, and film it on request."""
    from taxon.runtime.options import parse_episodes, parse_evaluation_seed

    with user_errors():
        count = parse_episodes(episodes, "--episodes")
        starts = None if eval_seed is None else parse_evaluation_seed(eval_seed, "--eval-seed")
        from taxon.cli.specs.run_folder import program_of
        from taxon.runtime.environments.trust import trusted
        from taxon.runtime.folder import manifest
        from taxon.runtime.folder.run_folder import RunFolder

        folder = RunFolder(run)
        record = manifest.read(folder)
        environment = trusted(record.recipe(), named_again(record.recipe(), env, env_set, wrap))
        program = program_of(folder, record, environment, module)
        from taxon.runtime.saved import evaluate_run

        source, identity = program.source, program.identity
        result = evaluate_run(run, source, identity, count, device, video, environment, best, starts)
    title = visible(f"{record.title} on {environment}")  # the words of the run's folder
    several = "1 episode" if count == 1 else f"{count:,} episodes"
    after = "at its best" if best else f"after {max(seed.steps for seed in result.seeds):,} steps"
    typer.echo(f"{title} {after}, {several} of every seed")
    for seed in result.seeds:
        name = f"seed {seed.seed} after {seed.steps:,} steps" if best else f"seed {seed.seed}"
        if not seed.returns:
            never = "never evaluated, " if best else ""
            typer.echo(f"seed {seed.seed}: {never}frozen at step {seed.frozen or 0:,}")
        else:
            mean = sum(seed.returns) / len(seed.returns)
            spread = (sum((value - mean) ** 2 for value in seed.returns) / len(seed.returns)) ** 0.5
            deviation = f", standard deviation {spread:,.1f}" if len(seed.returns) > 1 else ""
            typer.echo(f"{name}: return {mean:,.1f}{deviation}")
    if video is not None:
        typer.echo(f"filmed to {visible(str(video))}")
