"""What compiled functions of a module depend on beside their arguments, in one digest."""

import ast
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

HERE = Path(__file__).parents[2]
# taxon's own packages that need torch: what a module imports, and what surrounds an update.
OWN = ("operators", "networks", "runtime")
# Settings of torch's compiler, of its libraries and of the C++ compiler, but for where they keep things.
SETTINGS = ("TORCHINDUCTOR_", "TORCHDYNAMO_", "TORCH_COMPILE", "ONEDNN_", "DNNL_", "ATEN_", "CXX", "CPATH", "CPLUS_")
PLACES = ("TORCHINDUCTOR_CACHE_DIR",)


def made_from(source: str, *what: object) -> str:
    """Stands for a module's text, the code that it imports, this machine, its compiler and `what` is told besides.

    what: has a text that is the same in every process.
    """
    digest = hashlib.sha256(repr((source, *what, *_machine(), *_settings())).encode())
    for path in _files(source):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _files(source: str) -> Iterator[Path]:
    """The code that a module of this text reaches, in order, but for Python's own and torch's."""
    for folder in OWN:
        yield from _below([HERE / folder])
    for package in sorted(_imported(source) - {"taxon", "torch"} - sys.stdlib_module_names):
        spec = importlib.util.find_spec(package)
        places = [] if spec is None else spec.submodule_search_locations or [spec.origin or ""]
        yield from _below(map(Path, places))


def _below(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in files if path.suffix in (".py", ".h"))


def _imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def _machine() -> tuple[str, ...]:
    """Versions, and the processor: libraries are made for exactly this one."""
    git: str = torch.version.git_version
    return (
        sys.version,
        torch.__version__,
        git,
        platform.machine(),
        torch.backends.cpu.get_cpu_capability(),
        _processor(),
    )


def _processor() -> str:
    """Its name and instructions where Linux tells them; elsewhere the machine's name stands for them."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = iter(file.readline, "\n")  # of the first processor
            kept = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU ")
            return "".join(line for line in lines if line.startswith(kept))
    except OSError:
        return platform.node()


def _settings() -> tuple[str, ...]:
    compiler = shutil.which(os.environ.get("CXX", "g++")) or ""
    found = Path(compiler).resolve().stat() if compiler else None
    chosen = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith(SETTINGS) and k not in PLACES)
    return compiler, "" if found is None else f"{found.st_size} {found.st_mtime_ns}", *chosen
