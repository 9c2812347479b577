"""Emitted source text as a module object, kept in a file so that a traceback shows its lines."""

import hashlib
import os
import sys
from pathlib import Path
from types import ModuleType

from taxon.runtime.folder.run_folder import MODULE

FILE = MODULE


def load(source: str, path: Path) -> ModuleType:
    """Write the text to `path` and run it as a module under a name of its own."""
    path.write_text(source, encoding="utf-8")
    return execute(source, path)


def execute(source: str, path: Path) -> ModuleType:
    """Run a text that `path` holds as a module under a name of its own; nothing is read from there."""
    name = f"taxon_agent_{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    # Compiled from the text itself: a cached compilation of an older text can never be picked up.
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module
