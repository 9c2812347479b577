"""What a run has left in its folder."""

from pathlib import Path
from typing import Any

from taxon.runtime.folder import checkpoint
from taxon.runtime.folder.run_folder import RunFolder


def saved_in(path: Path) -> dict[str, Any]:
    """All that the latest checkpoint holds."""
    folder = RunFolder(path)
    return checkpoint.load(folder, checkpoint.read(folder))
