"""taxon study: run a study, look at it, take its table."""

from __future__ import annotations

import typer

from taxon.cli.commands.study.moving import export, import_
from taxon.cli.commands.study.reading import report, status
from taxon.cli.commands.study.run import run
from taxon.cli.commands.study.work import work
from taxon.cli.program.defaulting import Defaulting

study = typer.Typer(
    cls=Defaulting,
    no_args_is_help=True,
    help="Run a study: what is missing of its runs, beside each other, each resumed after whatever ended it.\n\n"
    "`taxon study FILE` is `taxon study run FILE`.",
)

study.command("run")(run)
study.command("work")(work)
study.command("status")(status)
study.command("export")(export)
study.command("import")(import_)
study.command("report")(report)
