"""Where the tensors live."""

import re

import torch

from taxon.runtime.errors import UserError, one_line

_HELP = "use --device auto, cpu, cuda, one GPU of several as in cuda:1, or mps"


def choose_device(name: str) -> torch.device:
    """`cpu`, `cuda`, `cuda:1`, `mps`, or `auto` for CUDA where there is one; what is chosen is torch's present device.

    Raises UserError where this machine has no such device.
    """
    match = re.fullmatch(r"(auto|cpu|mps|cuda)(?::(\d{1,3}))?", name)
    if match is None or (match[2] is not None and match[1] != "cuda"):
        raise UserError(f"there is no device {one_line(name, 40)}", _HELP)
    kind = match[1]
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda":
        return _gpu(match[2])
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UserError("this machine offers no MPS device to torch", "use --device cpu, or leave --device out")
    return torch.device(kind)


def _gpu(index: str | None) -> torch.device:
    if not torch.cuda.is_available():
        raise UserError("this machine offers no CUDA device to torch", "use --device cpu, or leave --device out")
    if index is None:
        return torch.device("cuda")
    if int(index) >= (count := torch.cuda.device_count()):
        there = ", ".join(f"cuda:{number}" for number in range(count))
        raise UserError(f"this machine has no device cuda:{index}, only {there}", "name one of these")
    device = torch.device("cuda", int(index))
    torch.cuda.set_device(device)  # graphs are recorded, and memory is counted, on the present device
    return device


def described(device: torch.device) -> str:
    """A device and what it is, or why it is the CPU, in a few words."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu" and not torch.cuda.is_available():
        return "cpu (no CUDA device here)"
    return str(device)
