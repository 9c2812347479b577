"""taxon plot: the learning curves of runs in one picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.screen.writing import write
from taxon.cli.specs.failure import user_errors
from taxon.runtime.errors import UserError


class By(StrEnum):
    """What has a panel of its own."""

    ENVIRONMENT = "env"
    SPEC = "spec"


def plot(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders that `taxon run` wrote.", autocompletion=completing.runs),
    ],
    by: Annotated[
        By, typer.Option(help="env: a panel for each environment, a line for each spec; spec: the other way round.")
    ] = By.ENVIRONMENT,
    out: Annotated[Path, typer.Option(help="The picture: .png, .svg or .pdf. What is there is replaced.")] = Path(
        "curves.png"
    ),
) -> None:
    """Draw the learning curves of runs: the mean over seeds and its 95 % interval, and each seed.

    Seeds of one spec in one environment are one line, from however many runs.
    """
    from taxon.figures.curves import curves
    from taxon.figures.style import image
    from taxon.studies.report import runs as pictures
    from taxon.studies.running.store import make_folder

    with user_errors():
        if out.suffix not in (".png", ".svg", ".pdf"):
            raise UserError(f"{out} is no picture that can be written", "name a file that ends with .png, .svg or .pdf")
        found = [pictures.read(run) for run in dict.fromkeys(runs)]
        panels = pictures.by_environment(found) if by is By.ENVIRONMENT else pictures.by_spec(found)
        content = image(lambda: curves(panels, alone=True), out.suffix[1:])
        try:
            make_folder(out.parent).write(out.name, content)
        except OSError as error:
            raise UserError(f"{out} cannot be written: {error.strerror}", "choose another place with --out") from None
        write(str(out))
