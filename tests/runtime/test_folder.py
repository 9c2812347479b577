"""A run's folder: what is opened below it is a file or a folder of its own, and nothing else is touched."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taxon.runtime.edited import reading
from taxon.runtime.errors import UserError
from taxon.runtime.folder import module
from taxon.runtime.folder.naming import file_name
from taxon.runtime.folder.run_folder import UNFINISHED, RunFolder

SECRET = b"token = hunter2\n"


def link_to_a_file(place: Path, outside: Path) -> None:
    place.symlink_to(outside / "file")


def link_to_nothing(place: Path, outside: Path) -> None:
    place.symlink_to(outside / "nothing")


def link_to_a_folder(place: Path, outside: Path) -> None:
    place.symlink_to(outside, target_is_directory=True)


def link_to_a_device(place: Path, outside: Path) -> None:
    place.symlink_to("/dev/zero")


def pipe(place: Path, outside: Path) -> None:
    os.mkfifo(place)


def socket_(place: Path, outside: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(place))  # a socket's name may have a hundred characters


def folder(place: Path, outside: Path) -> None:
    place.mkdir()


def file(place: Path, outside: Path) -> None:
    place.write_bytes(b"")


FOREIGN = [link_to_a_file, link_to_nothing, link_to_a_folder, link_to_a_device, pipe, socket_]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is none of the run's, with a file."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "file").write_bytes(SECRET)
    return place


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    return RunFolder(tmp_path / "run")


def there(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}


OPENS: list[Callable[[RunFolder], object]] = [
    lambda run: run.read("name", 100),
    lambda run: run.reading("name"),
    lambda run: run.write("name", b"ours"),
    lambda run: run.append("name"),
    lambda run: run.append("name", 0),
    lambda run: run.append("name", 3),
    lambda run: run.remove("name"),
    lambda run: run.check(files=["name"]),
]


@pytest.mark.parametrize("does", OPENS)
@pytest.mark.parametrize("stands", [*FOREIGN, folder])
def test_only_a_file_is_a_file(run: RunFolder, outside: Path, does: Callable, stands: Callable) -> None:
    stands(run.path / "name", outside)
    before = (run.path / "name").lstat()
    begun = time.monotonic()
    with pytest.raises(UserError, match=r"name is a (link|pipe|socket|folder), where a run has a file") as caught:
        does(run)
    assert caught.value.help
    assert time.monotonic() - begun < 2
    assert there(outside) == {"file": SECRET}
    assert (run.path / "name").lstat() == before


@pytest.mark.parametrize(
    "does",
    [lambda run: run.folder("name"), lambda run: run.folder("name", make=True), lambda run: run.check([], ["name"])],
)
@pytest.mark.parametrize("stands", [*FOREIGN, file])
def test_only_a_folder_is_a_folder(run: RunFolder, outside: Path, does: Callable, stands: Callable) -> None:
    stands(run.path / "name", outside)
    with pytest.raises(UserError, match=r"name is a (link|pipe|socket|file), where a run has a folder"):
        does(run)
    assert there(outside) == {"file": SECRET}


@pytest.mark.parametrize("stands", [*FOREIGN, folder])
def test_the_file_that_is_written_aside_is_none_of_a_strangers(run: RunFolder, outside: Path, stands: Callable) -> None:
    stands(run.path / UNFINISHED, outside)
    with pytest.raises(UserError, match=UNFINISHED):
        run.write("name", b"ours")
    assert there(outside) == {"file": SECRET}


@pytest.mark.parametrize("stands", [*FOREIGN, folder])
def test_a_lock_is_a_file(run: RunFolder, outside: Path, stands: Callable) -> None:
    stands(run.path / ".lock", outside)
    with pytest.raises(UserError, match=r"\.lock is a"), run.claimed():
        pass
    assert there(outside) == {"file": SECRET}


@pytest.mark.parametrize("name", ["", ".", "..", "../outside/file", "/etc/passwd", "inner/file"])
def test_a_path_is_no_name(run: RunFolder, outside: Path, name: str) -> None:
    for does in (run.reading, run.append, run.remove, run.folder, lambda name: run.write(name, b"")):
        with pytest.raises(ValueError, match="is not the name of a file"):
            does(name)


@pytest.mark.parametrize("length", [None, 0, 3])
def test_a_file_with_another_name_is_copied_before_it_grows(run: RunFolder, outside: Path, length: int | None) -> None:
    os.link(outside / "file", run.path / "name")
    with run.append("name", length) as file:
        file.write(b"ours")
    assert there(outside) == {"file": SECRET}
    assert (run.path / "name").read_bytes() == SECRET[:length] + b"ours"
    assert there(run.path).keys() == {"name"}


def test_what_replaces_a_file_leaves_its_other_name_alone(run: RunFolder, outside: Path) -> None:
    os.link(outside / "file", run.path / "name")
    os.link(outside / "file", run.path / UNFINISHED)
    run.write("name", b"ours")
    assert there(outside) == {"file": SECRET}
    assert there(run.path) == {"name": b"ours"}


def test_files_grow_and_are_cut(run: RunFolder) -> None:
    for length, words in ((None, b"one"), (None, b"two"), (4, b"!"), (0, b"anew")):
        with run.append("name", length) as file:
            file.write(words)
            assert file.tell() == (run.path / "name").stat().st_size + len(words)
    assert run.read("name", 4) == b"anew"
    with pytest.raises(UserError, match="is shorter than the checkpoint says"):
        run.append("name", 5)
    with pytest.raises(UserError, match="is missing"):
        run.append("other", 5)
    with pytest.raises(UserError, match="is larger than 3 bytes"):
        run.read("name", 3)


def test_a_huge_file_is_not_read(run: RunFolder) -> None:
    with (run.path / "name").open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(UserError, match="is larger than 1,000 bytes"):
        run.read("name", 1000)


def test_a_write_that_fails_leaves_what_was(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write("name", b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("taxon.runtime.folder.run_folder.os.fsync", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        run.write("name", b"after")
    assert caught.value.filename == str(run.path / "name")
    assert there(run.path) == {"name": b"before"}


def test_files_of_a_folder_are_files(run: RunFolder, outside: Path) -> None:
    (run.path / "file").write_bytes(b"")
    (run.path / "inner").mkdir()
    for number, stands in enumerate(FOREIGN):
        stands(run.path / f"foreign-{number}", outside)
    assert run.files() == ["file"]
    assert run.files() == ["file"]


def test_folders_of_a_folder_are_folders(run: RunFolder, outside: Path) -> None:
    (run.path / "file").write_bytes(b"")
    (run.path / "inner").mkdir()
    for number, stands in enumerate(FOREIGN):
        stands(run.path / f"foreign-{number}", outside)
    assert run.folders() == ["inner"]


def test_a_folder_is_made_whole_and_once(run: RunFolder) -> None:
    other = RunFolder(run.path, "-other")
    assert run.create("made", {"one": b"1", "two": b"2"})
    assert not other.create("made", {"one": b"3", "three": b"3"})
    assert there(run.path / "made") == {"one": b"1", "two": b"2"}
    assert other.create("else", {"one": b"4"})  # after it was not the first
    assert (run.path / "else" / "one").read_bytes() == b"4"


@pytest.mark.parametrize("stands", [*FOREIGN, file])
def test_a_folder_is_not_made_where_something_else_stands(run: RunFolder, outside: Path, stands: Callable) -> None:
    stands(run.path / "made", outside)
    with pytest.raises(UserError):
        run.create("made", {"one": b"1"})
    assert (outside / "file").read_bytes() == SECRET


def test_two_writers_do_not_take_each_others_unfinished_file(run: RunFolder) -> None:
    other = RunFolder(run.path, "-other")
    with other._replacing("name") as half:
        half.write(b"the other")
        run.write("name", b"whole")
        assert run.read("name", 10) == b"whole"
    assert run.read("name", 10) == b"the other"


def test_a_folder_is_reached_through_a_link_of_the_user(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(tmp_path / "run", target_is_directory=True)
    RunFolder(tmp_path / "mine").write("name", b"ours")
    assert run.read("name", 10) == b"ours"


def test_a_folder_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment may change the process's own folder, and a user may rename the run's."""
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    run = RunFolder(Path("run"))
    monkeypatch.chdir("/")
    (tmp_path / "run").rename(tmp_path / "renamed")
    run.folder("replay", make=True).write("name", b"ours")
    assert (tmp_path / "renamed" / "replay" / "name").read_bytes() == b"ours"


@pytest.mark.parametrize("stands", [*FOREIGN[:2], FOREIGN[3], pipe, socket_, file])
def test_what_is_no_folder_is_no_run(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, stands: Callable
) -> None:
    monkeypatch.chdir(tmp_path)
    stands(tmp_path / "run", outside)
    for path in (tmp_path / "run", tmp_path / "none", Path("with\0nothing"), tmp_path / ("long" * 100)):
        with pytest.raises(UserError, match=r"is not the folder of a run|cannot be read"):
            RunFolder(path)


def test_descriptors_are_closed(tmp_path: Path) -> None:
    opened = len(os.listdir("/dev/fd"))
    for _ in range(5):
        RunFolder(tmp_path).folder("inner", make=True).write("name", b"")
    assert len(os.listdir("/dev/fd")) == opened


@pytest.mark.parametrize("letter", ["a", "\N{GREEK SMALL LETTER PI}", "\N{CJK UNIFIED IDEOGRAPH-6570}"])
def test_a_name_of_a_file_has_room_for_more(letter: str) -> None:
    assert file_name(letter * 20) == letter * 20
    long = {file_name(letter * count) for count in range(200, 220)}
    assert len(long) == 20
    assert all(len(name.encode()) <= 120 and name.startswith(letter * 20) for name in long)


def test_a_module_stands_under_a_name_of_any_bytes(tmp_path):
    folder = tmp_path / os.fsdecode(b"l\xe4tin")
    folder.mkdir()
    assert module.load("MADE = 3\n", folder / "agent.py").MADE == 3


def test_an_edited_module_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "mine.py").write_bytes(b"\xef\xbb\xbfMADE = 3\n")
    assert reading.read(tmp_path / "mine.py") == "MADE = 3\n"
