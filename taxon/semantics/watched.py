"""Which leaves an answer about a row depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from taxon.taxonomy.schema import Leaf


class Watched(dict[str, Leaf]):
    """The leaves of a row, and which of them were read: an answer depends on no others."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    def __getitem__(self, path: str) -> Leaf:
        self.read.add(path)
        return super().__getitem__(path)

    def __contains__(self, path: object) -> bool:
        self.read.add(str(path))
        return super().__contains__(path)

    def get(self, path: str, default: Any = None, /) -> Any:
        self.read.add(path)
        return super().get(path, default)


def closed(read: Iterable[str], because: Mapping[str, Set[str]]) -> dict[str, None]:
    """The paths that were read, and those that decide whether they are there, the nearest to the question first.

    because: the paths that were read where it was decided whether a path has a part in the row.
    """
    found: dict[str, None] = {}
    pending = sorted(read)
    for path in pending:  # grows on the way
        if path not in found:
            found[path] = None
            above = path.rpartition(".")[0]
            pending += [*sorted(because.get(path, ())), *([above] if above else [])]
    return found
