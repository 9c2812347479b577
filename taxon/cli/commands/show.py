"""taxon show: a spec with every value written out."""

from __future__ import annotations

from typing import Annotated

import typer

from taxon.cli.arguments.own import named
from taxon.cli.arguments.parameters import Env, Sets, Spec, Unsets
from taxon.cli.screen import paging
from taxon.cli.screen.columns import columns
from taxon.cli.screen.highlighting import highlighted
from taxon.cli.screen.terminal import CYAN, DIM, screen
from taxon.cli.specs.loading import load
from taxon.cli.specs.reporting import Format, exit_code, report
from taxon.semantics import check_file, find_study, leaf_text
from taxon.semantics.origins import origin_text
from taxon.syntax.printing import declaration


def show(
    spec: Spec,
    env: Env = None,
    set: Sets = None,
    unset: Unsets = None,
    origins: Annotated[bool, typer.Option("--origin", help="List every leaf and where it comes from.")] = False,
) -> None:
    """Print the resolved spec: its canonical text, or each leaf with the layer that set it; or a study, or a tune."""
    study = None if set or unset or origins else find_study(spec)  # these have no row
    if study is not None:
        found = check_file(study.span.source.name)
        report(found, Format.FULL, error_stream=True)
        if exit_code(found):
            raise typer.Exit(exit_code(found))
        paging.show(highlighted(declaration(study).rstrip("\n"), screen()))
        return
    resolved = load(spec, set or [], named(env), unset or [])
    if not origins:
        paging.show(highlighted(resolved.canonical.rstrip("\n"), screen()))
        return
    rows = [[path, leaf_text(leaf.value), origin_text(leaf.origin)] for path, leaf in resolved.row.leaves.items()]
    paging.show("\n".join(columns(rows, 1, screen(), None, styles=(CYAN, "", DIM))))
