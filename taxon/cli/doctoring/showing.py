"""What pictures, films and the command line itself need: none of it is needed to train."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from ctypes.util import find_library
from pathlib import Path

from taxon.cli.doctoring.finding import Finding, State
from taxon.cli.doctoring.packages import version_of

_LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa", "glfw": "GL"}
# Where typer puts a shell's completion.
_COMPLETIONS = {
    "bash": ".bash_completions/taxon.sh",
    "zsh": ".zfunc/_taxon",
    "fish": ".config/fish/completions/taxon.fish",
}


def findings() -> Iterator[Finding]:
    yield rendering(os.environ)
    yield films()
    yield completion(os.environ, Path(os.path.expanduser("~")))


def rendering(environment: Mapping[str, str], platform: str = sys.platform) -> Finding:
    """How MuJoCo would draw a film here; environment: the variables of the process."""
    version = version_of("mujoco")
    if version is None:
        return Finding("MuJoCo", State.NOTE, "not installed", "pip install mujoco, for its environments")
    screen = bool(environment.get("DISPLAY"))
    backend = environment.get("MUJOCO_GL") or ("egl" if platform == "linux" and not screen else "glfw")
    said = f"{version}, which draws with {backend}"
    library = _LIBRARIES.get(backend)
    if platform != "linux":
        return Finding("MuJoCo", State.FINE, said)
    if library is None:
        help = f"export MUJOCO_GL as one of {', '.join(_LIBRARIES)}"
        return Finding("MuJoCo", State.NOTE, f"{version}, and MUJOCO_GL={backend} is no way to draw", help)
    if find_library(library) is None:
        help = "apt install libegl1, or libosmesa6 and export MUJOCO_GL=osmesa; only films need it"
        return Finding("MuJoCo", State.NOTE, f"{said}, whose library {library} is missing", help)
    return Finding("MuJoCo", State.FINE, said)


def films() -> Finding:
    """The encoder of `taxon eval --video`."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return Finding("ffmpeg", State.FINE, get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError):
        return Finding("ffmpeg", State.NOTE, "none, for taxon eval --video", "pip install 'imageio[ffmpeg]'")


def completion(environment: Mapping[str, str], home: Path) -> Finding:
    """Whether the user's shell completes taxon's words."""
    shell = Path(environment.get("SHELL", "")).name
    file = _COMPLETIONS.get(shell)
    if file is None:
        return Finding("completion", State.FINE, f"none for the shell {shell or 'of this process, which is not known'}")
    if (home / file).exists():
        return Finding("completion", State.FINE, f"{shell}, by {home / file}")
    return Finding("completion", State.NOTE, f"not installed for {shell}", "taxon --install-completion")
