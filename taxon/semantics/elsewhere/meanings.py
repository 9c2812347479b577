"""What the name of a hyperparameter of another library means here, in words and as an edit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from taxon.diagnostics.model import Edit
from taxon.diagnostics.source import Span
from taxon.semantics.values import quoted

# The libraries whose names docs/coming_from.md lists, by the word that stands for them in the table.
LIBRARIES = {
    "sb3": "Stable-Baselines3",
    "cleanrl": "CleanRL",
    "tianshou": "Tianshou",
    "acme": "Acme",
    "d3rlpy": "d3rlpy",
}


@dataclass(frozen=True)
class Meaning:
    """One thing that a name means here: all of these paths at once, or what an option of `taxon run` says; without
    either, the note says what takes its place."""

    paths: tuple[str, ...] = ()
    note: str = ""
    same: bool = True  # whether a value means the same here
    option: str = ""

    @property
    def places(self) -> str:
        return " and ".join(f"`{path}`" for path in self.paths)


@dataclass(frozen=True)
class Hyperparameter:
    """What other libraries call by a name that is no path; libraries: the words of those in LIBRARIES that do."""

    name: str
    meanings: tuple[Meaning, ...]
    libraries: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that it may mean."""
        return tuple(path for meaning in self.meanings for path in meaning.paths)

    def help(self, written: str, meanings: Sequence[Meaning] | None = None) -> str:
        """What a name means here; meanings: those of them that fit the row, where it is known."""
        meant = self.meanings if meanings is None else meanings
        same = " or ".join(meaning.places for meaning in meant if meaning.paths and meaning.same)
        akin = quoted(path for meaning in meant if not meaning.same for path in meaning.paths)
        users = ", ".join(LIBRARIES[library] for library in self.libraries)
        whose = f" (`{self.name}` in {users})" if users else ""
        parts = [f"did you mean {same}{whose}?"] if same else []
        parts += [f"`{written}` is {akin} here"] if akin else []
        return "; ".join([*parts, *_notes(meant)]).replace("?;", "?")

    def unfit(self, written: str) -> str:
        """What a name means in other rows than the one at hand, and what takes its place there."""
        places = " or ".join(meaning.places for meaning in self.meanings if meaning.paths)
        parts = [f"`{written}` is {places} in other rows"] if places else []
        return "; ".join([*parts, *_notes(meaning for meaning in self.meanings if not meaning.paths)])

    def among(self, names: Collection[str]) -> str | None:
        """The one of these names by which it is called here, with the same values: of a group's paths, or of a choice's
        parameters."""
        same = (path for meaning in self.meanings if meaning.same for path in meaning.paths)
        known = {last for path in same if (last := path.rpartition(".")[2]) in names}
        return known.pop() if len(known) == 1 else None

    def edit(self, span: Span, prefix: str, names: Collection[str]) -> Edit | None:
        """The edit that calls it what it is called after a prefix that these names may follow, where that is clear."""
        name = self.among(names)
        meant = [meaning for meaning in self.meanings if meaning.paths]
        if name is None and len(meant) == 1 and meant[0].same and len(meant[0].paths) == 1:
            path = meant[0].paths[0]
            name = path.removeprefix(prefix) if path.startswith(prefix) else None
        return Edit(span, name) if name is not None else None


def _notes(meanings: Iterable[Meaning]) -> list[str]:
    return list(dict.fromkeys(meaning.note for meaning in meanings if meaning.note))
