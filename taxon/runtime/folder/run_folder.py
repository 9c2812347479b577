"""A run's folder: everything below it is opened here, through a descriptor of the folder and through no link.

A folder may come from a stranger, with a link where a run has a file, or a pipe without a writer. The folder
itself is the user's word, and may be reached through links; what lies below it is a file or a folder of its own, or
refused. A file that is written where it lies and has another name as well (a hard link) is copied first, so that what
else bears its contents keeps them.
"""

import errno
import fcntl
import os
import stat
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from taxon.runtime.errors import UserError

RECORD, SPEC, CHECKPOINT = "run.json", "resolved.tx", "checkpoint.json"  # what is read without torch too
MODULE = "agent.py"
CURVE = "curve.png"
LOCK, UNFINISHED, MAKING = ".lock", ".unfinished", ".making"
AT_ONCE = 2**20  # bytes copied at a time

_OPENED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # without O_NONBLOCK opening a pipe would block
_FILE, _FOLDER = stat.S_IFREG, stat.S_IFDIR
_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_RESTORE = "remove it, or restore the folder from a copy"


def failure_file(seed: int) -> str:
    """Where the traceback of a seed is kept whose environment failed."""
    return f"failure-of-seed-{seed}.txt"


class RunFolder:
    """A folder held open; its files are named, without a path, relative to it wherever the process's own folder is.

    Every method raises UserError where something else stands than a file, or a folder, of the run's own, and OSError,
    with the whole path, for what the system refuses. The descriptor is closed with the last reference.
    """

    def __init__(self, path: Path, writer: str = "") -> None:
        """Raises UserError where there is no folder at `path`.

        writer: tells what this process has not yet written whole from what others have, where several write at once.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(f"{path} is not the folder of a run: there is no such folder", _NAME) from None
        except (OSError, ValueError) as error:  # ValueError: a character that no path has
            raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', error)}", _NAME) from None
        self._hold(path, descriptor, writer)

    def _hold(self, path: Path, descriptor: int, writer: str) -> None:
        self.path = path  # for messages
        self._writer, self._unfinished = writer, f"{UNFINISHED}{writer}"
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    def folder(self, name: str, make: bool = False) -> "RunFolder":
        """A folder in this one. Raises FileNotFoundError where there is none, unless it is to be made."""
        with self._named(name):
            if make and not self._expect(name, _FOLDER):
                os.mkdir(name, dir_fd=self._descriptor)
            self._expect(name, _FOLDER)
            descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _OPENED, dir_fd=self._descriptor)
        found = RunFolder.__new__(RunFolder)
        found._hold(self.path / name, descriptor, self._writer)
        return found

    def create(self, name: str, files: Mapping[str, bytes]) -> bool:
        """Make a folder with these files, of which there is one at least, in one step: whether it was this call.

        Where several processes ask for the same name, on machines that share the disk too, one of them makes it.
        """
        begun = f"{MAKING}{self._writer}"
        making = self.folder(begun, make=True)
        for file, content in files.items():
            making.write(file, content)
        with self._named(name):
            self._expect(name, _FOLDER)
            try:
                os.rename(begun, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
                return False
        self.sync()
        return True

    def check(self, files: Iterable[str] = (), folders: Iterable[str] = ()) -> None:
        """Raise UserError where one of these names is here and is something else."""
        for names, kind in ((files, _FILE), (folders, _FOLDER)):
            for name in names:
                with self._named(name):
                    self._expect(name, kind)

    def files(self) -> list[str]:
        """The names of the files; what is none, links included, is left out."""
        with os.scandir(self._descriptor) as entries:
            return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))

    def folders(self) -> list[str]:
        """The names of the folders; what is none, links included, is left out."""
        with os.scandir(self._descriptor) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def reading(self, name: str) -> BinaryIO:
        """A file, open for reading."""
        return os.fdopen(self._open(name, os.O_RDONLY), "rb")

    def read(self, name: str, most: int) -> bytes:
        """What is in a file. Raises UserError where that is more than `most` bytes."""
        with self.reading(name) as file:
            if os.fstat(file.fileno()).st_size > most:
                help = "restore the file from a copy, or run again"
                raise UserError(
                    f"{self.path / name} is larger than {most:,} bytes, and than any that a run writes", help
                )
            return file.read(most)

    def write(self, name: str, content: bytes) -> None:
        """Replace a file in one step: a reader, or a crash at any moment, sees the old bytes or the new ones."""
        with self._replacing(name) as file:
            file.write(content)
        self.sync()

    def append(self, name: str, length: int | None = None) -> BinaryIO:
        """A file, open for writing behind its first `length` bytes; what followed them is dropped.

        Without a length nothing is, and a file that is missing begins; with 0 it begins in any case. Raises UserError
        where a file is shorter.
        """
        with self._named(name):
            there = self._expect(name, _FILE)
            if length == 0 and there:
                os.unlink(name, dir_fd=self._descriptor)
            if length == 0 or (length is None and not there):
                return os.fdopen(self._open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")
        if not there:
            raise UserError(f"{self.path / name} is missing", "restore the folder from a copy")
        file = os.fdopen(self._open(name, os.O_WRONLY), "wb")
        try:
            found = os.fstat(file.fileno())
            length = found.st_size if length is None else length
            if found.st_size < length:
                message = f"{self.path / name} is shorter than the checkpoint says"
                raise UserError(message, "restore the folder from a copy")
            if found.st_nlink > 1:
                file.close()
                self._copy(name, length)
                file = os.fdopen(self._open(name, os.O_WRONLY), "wb")
            os.truncate(file.fileno(), length)
            file.seek(length)
        except BaseException:
            file.close()
            raise
        return file

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._named(name):
            self._expect(name, _FILE)
            os.unlink(name, dir_fd=self._descriptor)

    def sync(self) -> None:
        """Make new names in the folder survive a loss of power."""
        os.fsync(self._descriptor)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the folder for one process; the system lets go of it when that ends, however it ends.

        Raises UserError where another process holds it, or where it may not be written to.
        """
        try:
            file = os.fdopen(self._open(LOCK, os.O_WRONLY | os.O_CREAT), "wb")
        except OSError as error:
            help = "mend the folder's permissions, or choose another folder"
            raise UserError(f"{self.path} cannot be written to: {error.strerror}", help) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                help = "wait until it ends, stop it, or choose another folder"
                raise UserError(f"another process is training in {self.path}", help) from None
            yield

    def _open(self, name: str, flags: int) -> int:
        """A descriptor of a file."""
        with self._named(name):
            self._expect(name, _FILE)
            descriptor = os.open(name, flags | _OPENED, 0o666, dir_fd=self._descriptor)
            try:
                self._refuse(name, os.fstat(descriptor).st_mode, _FILE)  # whatever came there meanwhile
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def _copy(self, name: str, length: int) -> None:
        """Give a file contents of its own: the first `length` bytes."""
        with self.reading(name) as source, self._replacing(name) as file:
            while length > 0 and (content := source.read(min(length, AT_ONCE))):
                file.write(content)
                length -= len(content)

    @contextmanager
    def _replacing(self, name: str) -> Iterator[BinaryIO]:
        """A new file that takes the place of one of this name once it is written whole."""
        with self._named(name):
            self._expect(name, _FILE)
        with self._named(self._unfinished):  # one name, so that crashes leave at most one such file behind
            if self._expect(self._unfinished, _FILE):
                os.unlink(self._unfinished, dir_fd=self._descriptor)
        file = os.fdopen(self._open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")
        try:
            with file, self._named(name):
                yield file
                file.flush()
                os.fsync(file.fileno())
            with self._named(name):
                os.rename(self._unfinished, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        except OSError:
            with suppress(OSError):
                os.unlink(self._unfinished, dir_fd=self._descriptor)
            raise

    def _expect(self, name: str, kind: int) -> bool:
        """Whether there is something of that name. Raises UserError where it is of another kind."""
        if name in ("", ".", "..") or "/" in name:
            raise ValueError(f"{name!r} is not the name of a file")
        try:
            mode = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return False
        self._refuse(name, mode, kind)
        return True

    def _refuse(self, name: str, mode: int, kind: int) -> None:
        found = stat.S_IFMT(mode)
        if found != kind:
            what = _KINDS.get(found, "neither a file nor a folder")
            raise UserError(f"{self.path / name} is {what}, where a run has {_KINDS[kind]}", _RESTORE)

    @contextmanager
    def _named(self, name: str) -> Iterator[None]:
        """Have what the system refuses say the whole path."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(self.path / name)) from None


_NAME = "name a folder that `taxon run` wrote"
