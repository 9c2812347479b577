"""taxon --version: what a report of a bug should name."""

from __future__ import annotations

import platform

import typer

from taxon.version import VERSION


def print_version(asked: bool) -> None:
    """Where `--version` is given, print the versions of taxon, Python and torch, and end. Imports none of them."""
    if not asked:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        torch = f"torch {version('torch')}"
    except PackageNotFoundError:
        torch = "without torch"
    typer.echo(f"taxon {VERSION} (Python {platform.python_version()}, {torch})")
    raise typer.Exit
