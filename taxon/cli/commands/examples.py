"""What taxon says about the examples of a code's page: found anew, as the command of the example would find it."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from taxon.cli.arguments.own import named
from taxon.cli.commands.check import checked, count
from taxon.cli.specs.loading import resolve_for
from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.pages import Example


def findings(example: Example) -> list[Diagnostic]:
    """The findings that the command of an example reports; none where no temporary folder can be made for its file."""
    _, command, spec, *options = shlex.split(example.command)
    try:
        with tempfile.TemporaryDirectory() as folder:
            if example.text:
                (Path(folder) / example.name).write_bytes(example.data)
            with chdir(folder):  # so that places are shown as one who stands beside the file sees them
                env = named(next(iter(_values(options, "--env")), None))
                if command == "check":
                    steps = next(iter(_values(options, "--steps")), None)
                    return checked([spec], env, count(steps)).diagnostics
                return resolve_for(spec, _values(options, "--set"), env).diagnostics
    except OSError:
        return []


def _values(options: Sequence[str], name: str) -> list[str]:
    return [options[at + 1] for at, option in enumerate(options) if option == name]
