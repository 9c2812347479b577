"""The C++ compiler that torch's compiler calls, tried on a file, and the folder where what it makes is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from taxon.cli.doctoring.finding import Finding, State

_TRIED = "#include <Python.h>\n#include <cmath>\n#include <omp.h>\ndouble f(double x) { return std::exp(x); }\n"
_SECONDS = 20.0
_EAGER = "without it updates run eagerly, at a third of the speed or less"
_SLOW = 20_000  # files of the cache that are counted


def findings() -> Iterator[Finding]:
    yield tried(compiler())
    yield cache()


def compiler() -> str | None:
    """Where the C++ compiler is that torch's compiler would call; None where there is none."""
    asked = os.environ.get("CXX")
    candidates = [asked] if asked else ["clang++"] if sys.platform == "darwin" else ["g++", "clang++"]
    return next((found for each in candidates if (found := shutil.which(each))), None)


def tried(path: str | None) -> Finding:
    """Whether a compiler makes a library of the kind that a compiled update is."""
    if path is None:
        help = f"{_install()}; {_EAGER}"
        asked = os.environ.get("CXX")
        return Finding("compiler", State.NOTE, f"CXX names {asked}, which is not there" if asked else "none", help)
    openmp = [] if sys.platform == "darwin" else ["-fopenmp"]
    text = _TRIED.replace("#include <omp.h>\n", "") if sys.platform == "darwin" else _TRIED
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "tried.cpp"
        source.write_text(text)
        headers = sysconfig.get_path("include")
        call = [path, "-shared", "-fPIC", *openmp, f"-I{headers}", str(source), "-o", str(Path(folder) / "tried.so")]
        try:
            made = subprocess.run(call, capture_output=True, text=True, errors="replace", timeout=_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Finding("compiler", State.NOTE, f"{path} does not run: {error}", f"{_install()}; {_EAGER}")
    if made.returncode == 0:
        return Finding("compiler", State.FINE, f"{path}, which compiles a library")
    said = next((line for line in made.stderr.splitlines() if "error" in line), f"exit code {made.returncode}")
    help = "install Python's headers, such as python3-dev" if "Python.h" in said else _install()
    return Finding("compiler", State.NOTE, f"{path} compiles no library: {said.strip()[:200]}", f"{help}; {_EAGER}")


def cache() -> Finding:
    """The folder of compiled graphs: whether it can be written, and how much is in it."""
    from taxon.runtime.device.cache import kept_in

    folder = kept_in()
    if folder is None:
        help = "set XDG_CACHE_HOME to a folder that you can write: until then every run compiles anew"
        return Finding("cache", State.NOTE, "there is no home folder for compiled graphs", help)
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(nearest, os.W_OK):
        help = f"mend the permissions of {nearest}, or set XDG_CACHE_HOME: until then every run compiles anew"
        return Finding("cache", State.NOTE, f"{folder} cannot be written", help)
    count, size = held(folder)
    said = f"{folder}, {'more than ' * (count >= _SLOW)}{size / 2**20:,.0f} MiB of compiled graphs"
    return Finding("cache", State.FINE, said)


def held(folder: Path) -> tuple[int, int]:
    """How many files a folder has, and their bytes, as far as they are soon counted."""
    count = size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
            count += 1
            if count >= _SLOW:
                return count, size
    return count, size


def _install() -> str:
    if sys.platform == "darwin":
        return "install Xcode's command-line tools: xcode-select --install"
    return "install g++, as in apt install g++"
