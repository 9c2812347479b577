"""Where the files that taxon reads are: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str, in_checkout: str = "") -> Path:
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / (in_checkout or name)


@cache
def grammar_text() -> str:
    """The grammar of the language, as Lark reads it."""
    return (_folder("grammar") / "taxon.lark").read_text(encoding="utf-8")


def specs_dir() -> Path:
    """The folder of the shipped specs, which `import std.sac` reads."""
    return _folder("specs")


def corpus_dir() -> Path:
    """The folder of the examples that `explain` shows and the tests run: `bad` and `good`."""
    return _folder("corpus", "tests/corpus")
