"""torch, the devices that it offers, and the cores."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from taxon.cli.doctoring.finding import Finding, State
from taxon.cli.doctoring.packages import version_of

_BUILD = re.compile(r"^(cuda|hip|xpu)\b.*=\s*'([^']+)'", re.MULTILINE)
_INSTALL = "pip install torch; https://pytorch.org says how for a GPU"


def findings() -> Iterator[Finding]:
    """torch is imported for these."""
    version = version_of("torch")
    if version is None:
        yield Finding("torch", State.WRONG, "not installed", _INSTALL)
    else:
        try:
            import torch  # noqa: F401
        except Exception as error:  # a library that is missing or built for another system
            yield Finding("torch", State.WRONG, f"{version} cannot be imported: {error}", _INSTALL)
        else:
            yield Finding("torch", State.FINE, f"{version}, {build()}")
            yield devices()
            yield threads()


def build(place: Path | None = None) -> str:
    """What torch was built for, without importing it; place: of another torch."""
    if place is None:
        found = find_spec("torch")
        place = Path(found.origin).parent if found is not None and found.origin else None
    try:
        text = "" if place is None else (place / "version.py").read_text("utf-8")
    except OSError:
        text = ""
    made_for = [f"{kind.upper()} {version}" for kind, version in _BUILD.findall(text)]
    return f"built for {' and '.join(made_for)}" if made_for else "built for the CPU"


def gpu() -> bool:
    """Whether the system has a driver of NVIDIA's or AMD's, whatever torch makes of it; nothing is imported."""
    return os.path.exists("/dev/nvidia0") or os.path.exists("/dev/kfd")


def devices() -> Finding:
    """Where `--device auto` would train, and what else there is."""
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        return Finding("devices", State.FINE, f"cpu, {', '.join(f'cuda:{n} {name}' for n, name in enumerate(names))}")
    if not gpu():
        return Finding("devices", State.FINE, "cpu; there is no driver of a GPU")
    if build() == "built for the CPU":
        help = "install a build of torch for the GPU: https://pytorch.org says which"
        return Finding("devices", State.NOTE, "cpu; there is a GPU, and torch is built without it", help)
    help = "`nvidia-smi` says whether the driver works; torch needs one as new as the CUDA that it was built for"
    return Finding("devices", State.NOTE, "cpu; there is a GPU's driver, and torch finds no device", help)


def threads() -> Finding:
    """The cores of this process, and the threads that torch takes of them."""
    import torch

    return of_cores(cores(), torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS"))


def of_cores(count: int, taken: int, asked: str | None) -> Finding:
    """What so many threads on so many cores mean; asked: OMP_NUM_THREADS."""
    by = f", as OMP_NUM_THREADS={asked} asks" if asked else ""
    said = f"{count} of this process, {taken} threads of torch{by}"
    if taken > count:
        help = f"export OMP_NUM_THREADS={count}: threads that share a core wait for each other"
        return Finding("cores", State.NOTE, said, help)
    return Finding("cores", State.FINE, said)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
