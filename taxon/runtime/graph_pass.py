"""Changes of the graphs that torch's compiler makes, as one of its passes.

Importing this takes seconds, since it needs the compiler.
"""

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path

from torch import fx
from torch._inductor.custom_graph_pass import CustomGraphPass

Change = Callable[[fx.Graph], None]


class GraphPass(CustomGraphPass):
    """Changes in turn."""

    def __init__(self, *changes: Change) -> None:
        self.changes = changes

    def __call__(self, graph: fx.Graph) -> None:
        for change in self.changes:
            change(graph)

    def uuid(self) -> str:
        """What the graphs in the cache were made with: the source of every change."""
        sources = [Path(inspect.getfile(change)).read_bytes() for change in self.changes]
        return hashlib.sha256(b"".join(sources)).hexdigest()
