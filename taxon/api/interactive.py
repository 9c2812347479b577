"""Where a program runs: in a notebook, at a prompt, or as a script."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any | None:
    """IPython's shell, where there is one."""
    found = sys.modules.get("IPython")
    return None if found is None else found.get_ipython()


def in_notebook() -> bool:
    """Whether what is displayed goes to a notebook."""
    return hasattr(shell(), "kernel")


def at_prompt() -> bool:
    """Whether somebody reads what an expression gives, as in a notebook."""
    return shell() is not None or hasattr(sys, "ps1")
