"""From a row to a plan to one Python module."""

from taxon.compiler.emit import emit
from taxon.compiler.standalone import standalone

__all__ = ["emit", "standalone"]
