"""The templates, as jinja2 compiled them at an earlier call where they are the same since."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from taxon import cache as kept
from taxon.compiler.literals import number

# A spec's text reaches a template only as a docstring that `literals` made harmless, or as a checked number.
_OPTIONS: dict[str, Any] = {
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
    "autoescape": False,
    "optimized": False,  # folding constants takes longer than rendering once
}


@cache
def environment() -> Environment:
    """The templates."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=loader, bytecode_cache=_Compiled(), **_OPTIONS)
    environment.filters["number"] = number
    return environment


class _Compiled(BytecodeCache):
    """A template's code, which its text, its file, the options and the version of jinja2 make."""

    def load_bytecode(self, bucket: Bucket) -> None:
        code = kept.load(_entry(bucket), _made_from(bucket))
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        kept.save(_entry(bucket), _made_from(bucket), bucket.bytecode_to_string())


def _entry(bucket: Bucket) -> str:
    return f"template-{bucket.key}"


def _made_from(bucket: Bucket) -> str:
    return f"jinja2 {jinja2.__version__} {_OPTIONS} {bucket.checksum}"
