"""Parameters that several commands take, with their help and their completion."""

from typing import Annotated

import typer

from taxon.cli.arguments import completing

Spec = Annotated[
    str, typer.Argument(help="A .tx file, `file.tx:name`, or a shipped spec.", autocompletion=completing.specs)
]
Env = Annotated[
    str | None,
    typer.Option(
        "--env", help="Apply the `when env` blocks that match this environment.", autocompletion=completing.environments
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override one leaf.", autocompletion=completing.settings),
]
Unsets = Annotated[
    list[str] | None,
    typer.Option("--unset", metavar="PATH", help="Return one path to its default.", autocompletion=completing.paths),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--env-set",
        metavar="NAME=VALUE",
        help="Set one argument of the environment: a number, true, false, a text, a list.",
    ),
]
Wraps = Annotated[
    list[str] | None,
    typer.Option(
        "--wrap",
        metavar="WRAPPER",
        help="Put a wrapper around the environment: one of gymnasium.wrappers, as in 'TimeLimit(200)', or "
        "'module.Class(size=3)'. The first is the innermost.",
        autocompletion=completing.wrappers,
    ),
]
