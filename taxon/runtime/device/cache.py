"""Where compiled graphs are kept: below the user's cache folder, unless TORCHINDUCTOR_CACHE_DIR names another."""

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

OURS = Path("taxon", "compiled")  # below the user's cache folder
MARKER = "compiling-"
PACKS = "packs"  # where packs.py keeps what it can check


def use_cache() -> Path:
    """Have torch keep compiled graphs in the user's cache folder, unless TORCHINDUCTOR_CACHE_DIR names another.

    The folder is the user's alone, since what lies in it is run. Where it cannot be written a temporary one serves,
    removed at the end.
    """
    chosen = Path(os.environ.get("TORCHINDUCTOR_CACHE_DIR", ""))
    # Torch itself sets the variable as soon as it differentiates a function: to a folder that a restart removes.
    by_torch = chosen.parent == Path(tempfile.gettempdir()) and chosen.name.startswith("torchinductor_")
    if chosen.name and not by_torch:
        return chosen
    try:
        folder = _of_user()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear_if_cut(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        folder = Path(tempfile.mkdtemp(prefix="taxon-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
    return folder


def kept_in() -> Path | None:
    """The folder that `use_cache` would take, made or not; None where the user has none."""
    chosen = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    try:
        return Path(chosen) if chosen else _of_user()
    except RuntimeError:
        return None


def _of_user() -> Path:
    """Below the user's cache folder. Raises RuntimeError where there is no home folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / OURS


def packs() -> Path | None:
    """Where packs are kept, or None where another user could write as well: what is there is run."""
    folder = use_cache() / PACKS
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return None
    shared = found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return None if shared else folder


def _clear_if_cut(folder: Path) -> None:
    """Empty the cache where a compilation in it was killed: a library that is half written fails every later run.

    A marker whose lock is free belongs to a process that has died; while another still compiles nothing is removed.
    """
    markers = []
    with ExitStack() as stack:
        for path in folder.glob(MARKER + "*"):
            markers.append(stack.enter_context(path.open()))
            try:
                fcntl.flock(markers[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        if markers:
            for entry in folder.iterdir():
                if entry.name != PACKS:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@contextmanager
def marked() -> Iterator[None]:
    """Leave a locked file in the cache while a compilation writes there."""
    folder = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
    if folder.parts[-2:] != OURS.parts:  # the user's own folder is left as it is
        yield
        return
    with tempfile.NamedTemporaryFile(prefix=MARKER, dir=folder) as marker:
        fcntl.flock(marker, fcntl.LOCK_EX)
        yield


@contextmanager
def alone(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Among processes, one after the other: a lock that ends with whoever has it. `waiting` is called before a wait.

    Where the disk has no locks several go on at once, which costs time alone.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("w"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass
        yield
