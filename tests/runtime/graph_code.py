"""A function as a compiled graph, beside its code."""

from __future__ import annotations

from typing import Any

import torch
from torch._inductor.utils import run_and_get_code

from taxon.runtime.device.graph import compiled


def made(function: Any, *arguments: Any) -> tuple[Any, Any, str]:
    """The graph, what it gives, and its code."""
    torch.compiler.reset()
    with torch.no_grad():
        (graph, given), codes = run_and_get_code(compiled, function, *arguments)
    return graph, given, "".join(codes)
