"""What the command line says of packages that extend the language."""

from __future__ import annotations

import sys

from taxon.diagnostics.visible import visible
from taxon.taxonomy.language import language


def warn() -> None:
    """Say which installed extensions are left out, on standard error."""
    for fault in language().faults:
        print(f"warning: {visible(str(fault))}", file=sys.stderr)
