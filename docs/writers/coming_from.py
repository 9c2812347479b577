"""The tables of docs/coming_from.md: names of other libraries beside what is said here, from the table of `check`."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.semantics.elsewhere.hyperparameters import every
from taxon.semantics.elsewhere.meanings import LIBRARIES, Hyperparameter, Meaning
from writers.markdown import code, names, prose, table


def write() -> str:
    """A section for each part of the table."""
    head = ["here", *LIBRARIES.values(), "what to know"]
    return "\n\n".join(f"### {title}\n\n{table(head, _rows(found))}" for title, found in every())


def _rows(found: tuple[Hyperparameter, ...]) -> Iterator[list[str]]:
    """A row for each set of meanings, with the names of each library."""
    grouped: dict[tuple[Meaning, ...], list[Hyperparameter]] = {}
    for each in found:
        if each.libraries:
            grouped.setdefault(each.meanings, []).append(each)
    for meanings, same in grouped.items():
        theirs = [names(each.name for each in same if library in each.libraries) for library in LIBRARIES]
        notes = dict.fromkeys(prose(meaning.note) for meaning in meanings if meaning.note)
        yield [_here(meanings), *theirs, "; ".join(notes)]


def _here(meanings: tuple[Meaning, ...]) -> str:
    """Where it stands: paths that go together with `+`, alternatives in lines of their own."""
    shown = [" + ".join(code(path) for path in meaning.paths) for meaning in meanings if meaning.paths]
    return ", or ".join([*shown, *(code(meaning.option) for meaning in meanings if meaning.option)]) or "none"
