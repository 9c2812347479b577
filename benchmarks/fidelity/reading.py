"""A row read leaf by leaf: what is neither taken nor expected is refused, so that no choice falls through."""

from taxon.semantics import leaf_text
from taxon.taxonomy.schema import Row


class CannotError(Exception):
    """A choice of the row that the peer has no argument for."""


class Reading:
    """A row, and which of its leaves were read."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self._left = set(row.leaves)

    def number(self, path: str) -> float:
        """The number at a path."""
        self._left.discard(path)
        try:
            return self.row.number(path)
        except (KeyError, TypeError):
            raise CannotError(f"{self.said(path)}: the peer takes a number") from None

    def whole(self, path: str) -> int:
        """The whole number at a path."""
        return int(self.number(path))

    def yes(self, path: str) -> bool:
        """The flag at a path."""
        self._left.discard(path)
        return bool(self.row[path])

    def base(self, path: str) -> str:
        """The choice at a path; its parameters are to be read too."""
        self._left.discard(path)
        return self.row.base(path)

    def widths(self, path: str) -> list[int]:
        """The list at a path."""
        self._left.discard(path)
        found = self.row[path]
        return [*found] if isinstance(found, tuple) else []

    def same(self, *paths: str) -> float:
        """The number at several paths, for which the peer has one argument."""
        values = {self.number(path) for path in paths}
        if len(values) > 1:
            raise CannotError(f"{', '.join(map(self.said, paths))}: the peer has one argument for them")
        return values.pop()

    def expect(self, path: str, *texts: str, why: str = "") -> None:
        """The choice at a path must be one of these, as a canonical spec writes them; with none, it must be absent."""
        self._left.discard(path)
        if path not in self.row:
            if texts:
                raise CannotError(f"the row has no {path}")
            return
        if self._text(path) not in texts:
            because = why or f"the peer has {' or '.join(texts) or 'nothing like it'}"
            raise CannotError(f"{self.said(path)}: {because}")

    def done(self) -> None:
        """Raise CannotError where a leaf was not read."""
        if self._left:
            path = min(self._left)
            raise CannotError(f"{self.said(path)}: the peer has nothing like it")

    def said(self, path: str) -> str:
        """An entry, for a message."""
        return f"{path} = {self._text(path)}" if path in self.row else f"no {path}"

    def _text(self, path: str) -> str:
        return leaf_text(self.row[path])
