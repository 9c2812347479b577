"""All changes of a graph, as the one pass that Inductor takes."""

import hashlib
from pathlib import Path

from torch import fx
from torch._inductor.custom_graph_pass import CustomGraphPass

from taxon.runtime.device.inductor.once import once
from taxon.runtime.device.inductor.products import has_brgemm, products


class Changes(CustomGraphPass):
    """Changes a graph for the processor that it is compiled on."""

    def __call__(self, graph: fx.Graph) -> None:
        if has_brgemm():
            products(graph)
        once(graph)

    def uuid(self) -> str:
        """What the graphs in the cache were made with: this folder, and whether the kernels were there."""
        sources = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.*"))]
        return hashlib.sha256(b"".join([*sources, str(has_brgemm()).encode()])).hexdigest()
