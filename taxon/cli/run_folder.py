"""What the commands that take a run's folder compile. A run may come from a stranger."""

from __future__ import annotations

from pathlib import Path

from taxon.cli.frontend import Resolved
from taxon.runtime.errors import UserError


def compiled(
    folder: Path, environment: str, env: str | None, steps: int | None = None, done: int = 0
) -> tuple[Resolved, str]:
    """A run's spec, and the module emitted anew from it: text found in a folder is never executed.

    environment: the run's own. env: the same again by the user's hand, where it would import a module. Raises UserError
    where that is needed or wrong. steps: how many are asked for in all, where it is to be trained, of which `done` are
    made already; where no update would follow, the command ends.
    """
    from taxon.cli.frontend import load
    from taxon.compiler import emit

    # gymnasium imports what stands before a colon. The folder's word alone does not do for that.
    if env is None and ":" in environment:
        message = f"the run's environment {environment} would import a module"
        raise UserError(message, f"if you trust that module, add --env {environment}")
    if env not in (None, environment):
        raise UserError(f"the run was on {environment}, not on {env}", "leave --env out")
    resolved = load(str(folder / "resolved.tx"), [], environment, steps=steps, done=done)
    return resolved, emit(resolved.row)
