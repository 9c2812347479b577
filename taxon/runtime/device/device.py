"""Where the tensors live."""

import torch

from taxon.runtime.errors import UserError


def choose_device(name: str) -> torch.device:
    """`cpu`, `cuda`, or `auto` for CUDA where there is one."""
    if name not in ("auto", "cpu", "cuda"):
        raise UserError(f"there is no device {name}", "use --device auto, --device cpu or --device cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("this machine offers no CUDA device to torch", "use --device cpu, or leave --device out")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
