"""What an editor finds on the PATH, and what `editors/README.md` says to write in its configuration."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def command(folder: Path) -> Path:
    """This checkout's `taxon`, as a command in a folder."""
    path = folder / "taxon"
    call = f"exec '{sys.executable}' -c 'from taxon.cli.main import main; main()' \"$@\""
    path.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' {call}\n", "utf-8")
    path.chmod(0o755)
    return path


def snippet(heading: str, language: str) -> str:
    """The first block of a language below a heading of the page."""
    page = (ROOT / "editors" / "README.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(heading)}.*?^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found is not None, heading
    return found[1]
