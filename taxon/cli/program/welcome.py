"""`taxon` alone: what it is, what to try, and what is here to train with; nothing heavy is imported for it."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from taxon.cli.doctoring.compiling import compiler
from taxon.cli.doctoring.computing import build, gpu
from taxon.cli.doctoring.packages import version_of
from taxon.cli.screen.terminal import BOLD, CYAN, DIM, Screen, screen
from taxon.version import VERSION

TRY = (
    ("taxon run sac --env Pendulum-v1 --steps 20k", "train a shipped spec: a minute or two on a laptop"),
    ("taxon new mine --from sac", "a spec of your own, to change and to check"),
    ("taxon diff mpo sac", "what two algorithms differ in, choice by choice"),
)


def welcome() -> None:
    """Print the screen."""
    print("\n".join(lines(screen())))


def lines(screen: Screen) -> Iterator[str]:
    """A screen of at most 80 columns and 24 lines."""
    yield f"{screen.paint(f'taxon {VERSION}', BOLD)}: RL algorithms as small specs, checked and compiled to PyTorch"
    yield ""
    for command, about in TRY:
        yield f"  {screen.paint(command, CYAN)}"
        yield f"      {screen.paint(about, DIM)}"
    yield ""
    for head, said in here():
        yield f"{head:9} {said}"
    yield ""
    yield from (f"{head:9} {said}" for head, said in ahead())


def here() -> Iterator[tuple[str, str]]:
    """What there is to train with."""
    torch = version_of("torch")
    yield "Python", platform.python_version()
    yield "torch", f"{torch}, {build()}" if torch else "not installed"
    yield "GPU", "there is a driver" if gpu() else "none"
    yield "compiler", compiler() or "none: updates run eagerly"


def ahead() -> Iterator[tuple[str, str]]:
    """Where to go on."""
    if version_of("torch") is None:
        yield "next", "pip install torch; specs are checked, compared and compiled without it"
    yield "look", "taxon doctor says more of what is here, and what to do next"
    yield "all", "taxon --help has all commands, taxon list the shipped specs"
