"""taxon export: a run's policy as a file that acts without taxon."""

from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.modules import Again
from taxon.cli.specs.failure import user_errors
from taxon.diagnostics.visible import visible
from taxon.runtime.errors import UserError


def export(
    run: Annotated[Path, typer.Argument(help="The folder that `taxon run` wrote.", autocompletion=completing.runs)],
    format: Annotated[
        str,
        typer.Option(
            help="onnx: a graph for onnxruntime (needs the extra `onnx`); torch: a program for torch.export.load; "
            "standalone: one script that plays, with torch, numpy and gymnasium alone.",
            autocompletion=completing.formats,
        ),
    ],
    seed: Annotated[
        str | None, typer.Option(help="Which of the run's seeds; otherwise the first that was not frozen.")
    ] = None,
    best: Annotated[
        bool, typer.Option("--best", help="The seed's best policy, of a run with --keep best, and not its latest.")
    ] = False,
    module: Again = None,
    out: Annotated[
        Path | None, typer.Option(help="The file; otherwise policy.onnx, policy.pt2 or policy.py, here.")
    ] = None,
) -> None:
    """Write a policy as a file that acts without taxon, normalisation of observations and rescaling of actions inside,
    and say how far its actions are from the run's own on random observations."""
    with user_errors():
        from taxon.cli.specs.run_folder import opened, script_of
        from taxon.runtime.options import parse_seed
        from taxon.runtime.policies.formats import FILES, parse_format

        number = None if seed is None else parse_seed(seed, "--seed")
        wanted = parse_format(format, "--format")
        found, source = opened(run, best, module)
        if wanted == "standalone" and found.record.edited is not None:
            message = f"{run} trained an edited module, and a script is made of what is emitted of a spec"
            raise UserError(message, "write --format onnx or --format torch")
        from taxon.runtime.policies.exporting import export as exported
        from taxon.runtime.policies.policy import Policy

        policy = Policy(found, number)
        path = Path(FILES[wanted]) if out is None else out
        if path.exists():
            raise UserError(f"{path} is there already", "name another file with --out, or remove it")
        file = exported(policy, wanted, script_of(source))
        try:
            path.write_bytes(file.content)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}", "name another file with --out") from None
    typer.echo(f"{visible(repr(policy)[1:-1])}: {file.parity}")
    recipe = policy.record.recipe()
    if wanted == "standalone" and not recipe.plain:
        made = visible(str(recipe))
        typer.echo(f"no id alone makes {made}: the script names no environment, so play it with --env")
    typer.echo(f"{visible(str(path))}: {len(file.content):,} bytes")
