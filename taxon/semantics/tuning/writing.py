"""Values of a search as an algorithm that extends the base."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from taxon.data import specs_dir
from taxon.diagnostics.source import Source
from taxon.semantics.canonical import value_text
from taxon.semantics.tuning.model import Dimension, Tune, Values
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax.formatting import formatted
from taxon.syntax.printing import string
from taxon.taxonomy import SCHEMA


def written(tune: Tune, values: Values, name: str, doc: Sequence[str], folder: Path) -> str:
    """The text of a file in a folder that declares the algorithm. The values mean something, and are not refused."""
    mixed = [each.named[values[each.name]] for each in tune.dimensions if each.named]
    files = dict.fromkeys(each.file for each in (tune.parent, *mixed) if each.file is not None)
    head = f"algorithm {name} extends {tune.parent.name}"
    head += f" with {', '.join(each.name for each in mixed)}" if mixed else ""
    entries = [line for each in tune.dimensions if not each.named for line in _entries(tune, each, values)]
    lines = ["taxon 1", *(f"import {_target(file, folder)}" for file in files), ""]
    lines += [*(f"/// {line}".rstrip() for line in doc), f"{head} {{", *entries, "}"]
    text = "\n".join(lines) + "\n"
    found = formatted(Source(f"{name}.tx", text))
    return found if isinstance(found, str) else text


def _target(file: Path, folder: Path) -> str:
    if file.parent == specs_dir().resolve():
        return f"std.{file.stem}"
    return string(Path(os.path.relpath(file, folder)).as_posix())


def _entries(tune: Tune, dimension: Dimension, values: Values) -> Iterator[str]:
    """What a body says of a dimension; of a modifier that is added or taken away the whole value, which may differ from
    environment to environment."""
    text = values[dimension.name]
    if not text.startswith(("+ ", "- ")):
        yield f"{dimension.name} = {text}"
        return
    for place in Vocabulary(SCHEMA).places(dimension.name):
        rows = {name: tune.row(values, name).row for name in tune.environments}
        said = {
            name: value_text(row, place.path) for name, row in rows.items() if row is not None and place.path in row
        }
        if len(set(said.values())) == 1:
            yield f"{place.path} = {next(iter(said.values()))}"
            continue
        yield from (f"when env = {string(name)} {{ {place.path} = {value} }}" for name, value in said.items())
