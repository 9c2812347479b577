"""What a shell offers for the word at the cursor: read from files, never by importing what training needs.

Each function takes what is typed of the word and returns the words that it may become. Nothing is raised and nothing
printed for any input: the shell shows its own list of files instead.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from taxon.data import specs_dir

Completer = Callable[[str], list[str]]

_RECORD = "run.json"  # what makes a folder that of a run
_RUNS = "runs"  # where runs stand unless --out says another place
_REGISTERED = re.compile(r'\bid="([^"]+)",\s*entry_point="')  # of gymnasium; an id without a name only raises
_OWN = re.compile(r"""\bregister\(\s*(?:id\s*=\s*)?["']([^"']+)["']""")  # what a user's file registers
_CLASS = re.compile(r"^class (\w+)\((?:gymnasium|gym)\.Env\b", re.MULTILINE)
_TASK = re.compile(r'^    "(taxon/[^"]+)":', re.MULTILINE)
_SUITE = re.compile(r"^@SUITE\.add\([^)]*\)\s+def (\w+)\(", re.MULTILINE)


def _completer(words: Callable[[str], Iterable[str]]) -> Completer:
    @wraps(words)
    def complete(incomplete: str) -> list[str]:
        try:
            found = [word for word in dict.fromkeys(words(incomplete)) if word.startswith(incomplete)]
            return list(filter(str.isprintable, found))  # a file's name may drive a terminal
        except (OSError, ValueError):  # ValueError: a path with a NUL
            return []

    return complete


def _closed(*words: str) -> Completer:
    return _completer(lambda incomplete: words)


@_completer
def specs(incomplete: str) -> Iterator[str]:
    """Shipped specs, .tx files, and after a file and a colon what it declares."""
    yield from _named(incomplete, _is_spec)


@_completer
def sides(incomplete: str) -> Iterator[str]:
    """What can be compared: specs, and the folders of runs."""
    yield from _named(incomplete, lambda path: _is_spec(path) or _is_run(path))


@_completer
def studies(incomplete: str) -> Iterator[str]:
    """.tx files, and after a file and a colon the studies that it declares."""
    file, colon, _ = incomplete.rpartition(":")
    if colon and os.path.isfile(file):
        yield from (f"{file}:{name}" for name in _declared(file, "study"))
    yield from _paths(incomplete, _is_spec)


@_completer
def tunes(incomplete: str) -> Iterator[str]:
    """.tx files, and after a file and a colon the tunes that it declares."""
    file, colon, _ = incomplete.rpartition(":")
    if colon and os.path.isfile(file):
        yield from (f"{file}:{name}" for name in _declared(file, "tune"))
    yield from _paths(incomplete, _is_spec)


@_completer
def shipped(incomplete: str) -> Iterator[str]:
    """Shipped specs alone."""
    yield from _shipped()


@_completer
def modules(incomplete: str) -> Iterator[str]:
    """Python files and folders."""
    yield from _paths(incomplete, lambda path: path.endswith(".py"))


@_completer
def files(incomplete: str) -> Iterator[str]:
    """.tx files and folders."""
    yield from _paths(incomplete, _is_spec)


@_completer
def runs(incomplete: str) -> Iterator[str]:
    """Folders of runs; of those that stand where `run` puts them, before anything is typed."""
    beginning = f"{_RUNS}/" if not incomplete and os.path.isdir(_RUNS) else incomplete
    yield from _paths(beginning, _is_run)


@_completer
def explained(incomplete: str) -> Iterator[str]:
    """Codes, words of studies and tunes, and paths."""
    from taxon.cli.specs.codes import CODES
    from taxon.semantics.studies.vocabulary import WORDS as OF_STUDIES
    from taxon.semantics.tuning.vocabulary import WORDS as OF_TUNES
    from taxon.semantics.vocabulary import Vocabulary
    from taxon.taxonomy import SCHEMA

    yield from (code.lower() if incomplete[:1] == "t" else code for code in CODES)
    yield from dict.fromkeys((*OF_STUDIES, *OF_TUNES))
    yield from sorted(Vocabulary(SCHEMA).paths)


@_completer
def documented(incomplete: str) -> Iterator[str]:
    """Paths and choices."""
    from taxon.semantics.vocabulary import Vocabulary
    from taxon.taxonomy import SCHEMA
    from taxon.taxonomy.catalogue import places

    yield from sorted({*Vocabulary(SCHEMA).paths, *(choice.key for _, slot in places() for choice in slot.choices)})


@_completer
def paths(incomplete: str) -> Iterator[str]:
    """Paths."""
    from taxon.semantics.vocabulary import Vocabulary
    from taxon.taxonomy import SCHEMA

    yield from sorted(Vocabulary(SCHEMA).paths)


@_completer
def settings(incomplete: str) -> Iterator[str]:
    """`path=value`: paths, and of the only one that is left, or before an equals sign, the values."""
    from taxon.semantics.vocabulary import Vocabulary
    from taxon.taxonomy import SCHEMA

    vocabulary = Vocabulary(SCHEMA)
    path, equals, _ = incomplete.partition("=")
    found = sorted(each for each in vocabulary.paths if (each == path if equals else each.startswith(path)))
    if len(found) > 1:
        yield from (f"{each}=" for each in found)
        return
    for path in found:
        yield f"{path}="
        for slot in vocabulary.places(path)[0].slots:
            yield from (f"{path}={choice.key}" for choice in slot.bases)
            yield from (f"{path}={value}" for value in ("true", "false") if slot.boolean)
            yield from [f"{path}={slot.default}"] if slot.default is not None else []


@_completer
def environments(incomplete: str) -> Iterator[str]:
    """The ids of gymnasium, of dm_control's suite and of taxon's own tasks, files of Python, and what one registers."""
    file, colon, _ = incomplete.rpartition(":")
    if colon and file.endswith(".py") and os.path.isfile(file):
        text = Path(file).read_text("utf-8")
        yield from (f"{file}:{name}" for name in [*_OWN.findall(text), *_CLASS.findall(text)])
    yield from _REGISTERED.findall(_text("gymnasium", "envs/__init__.py"))
    yield from _TASK.findall(_text("taxon", "tasks/__init__.py"))
    suite = _package("dm_control")
    for place in sorted((suite / "suite").glob("*.py")) if suite is not None else ():
        yield from (f"dm_control/{place.stem}-{task}" for task in _SUITE.findall(place.read_text("utf-8")))
    if incomplete and os.path.isdir(os.path.dirname(os.path.expanduser(incomplete)) or "."):
        yield from _paths(incomplete, lambda path: path.endswith(".py"))


@_completer
def wrappers(incomplete: str) -> Iterator[str]:
    """Those of gymnasium, with an open parenthesis."""
    _, _, exported = _text("gymnasium", "wrappers/__init__.py").partition("__all__ = [")
    yield from (f"{name}(" for name in re.findall(r'^    "([A-Z]\w*)",', exported.partition("]")[0], re.MULTILINE))


devices = _closed("auto", "cpu", "cuda", "cuda:1", "mps")
study_devices = _closed("cpu", "cuda")
stops = _closed("return=", "never")
policies = _closed("last", "best")
loggers = _closed("tensorboard", "csv", "wandb", "mlflow", "trackio", "none")
kept = _closed("last", "none")
formats = _closed("onnx", "torch", "standalone")


@_completer
def modes(incomplete: str) -> Iterator[str]:
    """When updates are compiled."""
    from taxon.runtime.options import Mode

    yield from get_args(Mode)


@_completer
def precisions(incomplete: str) -> Iterator[str]:
    """Of matrix products."""
    from taxon.runtime.options import Precision

    yield from get_args(Precision)


def _is_spec(path: str) -> bool:
    return path.endswith(".tx")


def _is_run(path: str) -> bool:
    return os.path.isfile(os.path.join(path, _RECORD))


def _named(incomplete: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    """What a command line may name a spec by, where a path to one is something that is wanted."""
    yield from _shipped()
    yield from (f"std.{name}" for name in _shipped())
    file, colon, _ = incomplete.rpartition(":")
    if colon and os.path.isfile(file):
        yield from (f"{file}:{name}" for name in _declared(file, "algorithm"))
    yield from _paths(incomplete, wanted)


def _shipped() -> list[str]:
    return sorted(path.stem for path in specs_dir().glob("*.tx"))


def _paths(incomplete: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    """What is wanted below a folder, and the folders beside it; of a folder that is alone there, what stands in it.

    A shell would end the word behind a folder that is the only thing offered.
    """
    folder, _, begun = incomplete.rpartition("/")
    start = incomplete[: len(incomplete) - len(begun)]
    with os.scandir(os.path.expanduser(folder) or ("/" if start else ".")) as entries:
        names = sorted((entry.name, entry.is_dir()) for entry in entries if entry.name.startswith(begun))
    shown = [(name, is_folder) for name, is_folder in names if begun or not name.startswith(".")]
    found = [
        start + name if wanted(os.path.expanduser(start) + name) else f"{start}{name}/"
        for name, is_folder in shown
        if is_folder or wanted(name)
    ]
    if len(found) == 1 and found[0].endswith("/"):
        below = list(_paths(found[0], wanted))
        found = below or found
    yield from found


def _declared(file: str, kind: str) -> list[str]:
    """The names of the algorithms, the studies or the tunes in a file."""
    from taxon.diagnostics.source import Source
    from taxon.syntax import parse, tree
    from taxon.syntax.reading import read

    source = read(file)
    declared = parse(source)[0].declarations if isinstance(source, Source) else ()
    wanted = {"algorithm": tree.Algorithm, "study": tree.Study, "tune": tree.Tune}[kind]
    return [each.name.text for each in declared if isinstance(each, wanted)]


def _package(name: str) -> Path | None:
    """Where a package is, without importing it; None if it is not installed."""
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _text(package: str, file: str) -> str:
    place = _package(package)
    return "" if place is None else (place / file).read_text("utf-8")
