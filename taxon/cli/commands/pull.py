"""taxon pull: a published run as a folder."""

from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.specs.failure import user_errors
from taxon.diagnostics.visible import visible


def pull(
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository on the hub.")],
    to: Annotated[Path | None, typer.Option(help="The folder to write, empty or new; otherwise runs/NAME.")] = None,
    revision: Annotated[str | None, typer.Option(help="A branch, a tag or a commit; otherwise the latest.")] = None,
) -> None:
    """Download a run that `taxon push` published, for `taxon eval`, `export`, `diff` and `plot` (the extra `hub`).

    It is a stranger's: its spec is data, its weights are safetensors, and scripts and programs stay where they are.
    """
    with user_errors():
        from taxon.hub.arriving import pull as pulled
        from taxon.hub.service import check_name

        check_name(name)
        target = Path("runs") / name.rpartition("/")[2] if to is None else to
        left = pulled(name, revision, target)
    typer.echo(f"{visible(name)} is in {visible(str(target))}: taxon eval {visible(str(target))}")
    if left:
        shown = ", ".join(visible(file) for file in left[:10])
        typer.echo(f"left there, since it is no part of a run that is read: {shown}{', ...' * (len(left) > 10)}")
