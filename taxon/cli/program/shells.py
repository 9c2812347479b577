"""The word that a shell wants completed: what its completion function hands over, before typer reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO

COMPLETING = "_TAXON_COMPLETE"  # set to complete_bash, complete_zsh, ...
_BREAKS = re.compile(r"[=:]+")  # of COMP_WORDBREAKS, what stands in the words of this command line


def words() -> list[str] | None:
    """The words between `taxon` and the one that is completed; None where no shell completes."""
    match os.environ.get(COMPLETING, "").partition("_"):
        case "complete", _, "bash":
            return _bash()[0][1:-1]
        case "complete", _, _:
            return re.split(r"\s+", os.environ.get("_TYPER_COMPLETE_ARGS", ""))[1:-1]
        case _:
            return None


def _bash() -> tuple[list[str], str]:
    """The words to the cursor, those joined that bash breaks at `=` and `:`; what of the last one bash leaves alone."""
    try:
        split = os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]
    except (KeyError, ValueError):
        return [""], ""
    joined: list[str] = []
    kept, open_ = 0, False
    for word in split:
        is_break = len(joined) > 1 and _BREAKS.fullmatch(word) is not None
        if is_break or open_:
            joined[-1] += word
        else:
            joined.append(word)
            kept = 0
        if is_break:
            kept = len(joined[-1])
        open_ = is_break
    before = joined[-1][:kept]
    return joined, before.partition("=")[2] if before.startswith("-") else before


def completing(program: Callable[[], None]) -> None:
    """Run the program; for bash, print of each word only what stands in place of the piece that bash completes."""
    if os.environ.get(COMPLETING) != "complete_bash":
        program()
        return
    joined, kept = _bash()
    os.environ.update(COMP_WORDS="\n".join(joined), COMP_CWORD=str(len(joined) - 1))
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            program()
    finally:
        print("\n".join(line.removeprefix(kept) for line in printed.getvalue().splitlines()))
