"""The commands whose output may be longer than a terminal, and the option that has it printed all the same."""

from __future__ import annotations

import os
from typing import Any

from typer.core import TyperOption

from taxon.cli.program.naming import Command

HELP = "Print what is longer than the terminal without a pager."


def stop_paging(asked: bool) -> None:
    """Where `--no-pager` is given: no pager from now on, which is what an empty TAXON_PAGER says."""
    if asked:
        os.environ["TAXON_PAGER"] = ""


class Paged(Command):
    """A command that takes `--no-pager`, too: `taxon --no-pager diff A B` and `taxon diff A B --no-pager`."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(
            TyperOption(
                param_decls=["--no-pager"],
                is_flag=True,
                default=False,
                expose_value=False,
                callback=lambda context, parameter, asked: stop_paging(asked),
                help=HELP,
            )
        )
