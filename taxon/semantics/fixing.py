"""The edits that diagnostics offer for the user's own files, applied until none is left."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from taxon.data import specs_dir
from taxon.diagnostics import fixing
from taxon.diagnostics.model import Edit
from taxon.diagnostics.source import Source
from taxon.semantics.checking import check_file

# An edit may uncover a mistake with another edit; text that needs more rounds than this goes in a circle.
ROUNDS = 20


@dataclass(frozen=True)
class Fixed:
    """A file before and after its edits."""

    name: str
    before: str
    after: str
    edits: int

    def diff(self) -> str:
        """What changes, as a unified diff."""
        before, after = (list(StringIO(text, newline="\n")) for text in (self.before, self.after))
        lines = difflib.unified_diff(before, after, self.name, self.name)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def fix(files: Sequence[str], unsafe: bool, unsaved: Mapping[Path, str] | None = None) -> list[Fixed]:
    """What the files become once every safe edit is applied, and with `unsafe` every suggestion. Writes nothing, and
    leaves out files that stay as they are. `unsaved` texts are read instead of the files at these real paths.

    A shipped spec stays as it is, and so does a file that one of these imports but that is not itself among them.
    """
    shipped = os.path.realpath(specs_dir())
    own = {Path(os.path.realpath(file)) for file in files}
    own = {path for path in own if os.path.dirname(path) != shipped}
    before: dict[Path, Source] = {}
    texts: dict[Path, str] = dict(unsaved or {})
    edits: dict[Path, int] = {}
    for _ in range(ROUNDS):
        offered: dict[Path, dict[Edit, None]] = {}
        for edit in _edits(files, texts, unsafe):
            path = Path(os.path.realpath(edit.span.source.name))
            if path in own:
                offered.setdefault(path, {})[edit] = None
        if not offered:
            break
        for path, wanted in offered.items():
            source = next(iter(wanted)).span.source
            before.setdefault(path, source)
            texts[path], count = fixing.apply(source.text, wanted)
            edits[path] = edits.get(path, 0) + count
    return [Fixed(source.name, source.text, texts[path], edits[path]) for path, source in before.items()]


def _edits(files: Sequence[str], texts: dict[Path, str], unsafe: bool) -> Iterator[Edit]:
    for file in files:
        for finding in check_file(file, texts=texts):
            edit = finding.edit
            if edit is not None and edit.span.source.is_file and (unsafe or edit.safe):
                yield edit
