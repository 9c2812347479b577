"""The page of a code: what is wrong, why, and examples that the tests run: one that gives the code, one that is mended.

An example is a file `bad/tx312_about.tx`, and what it becomes is `good/tx312_about_fixed.tx`. A bad one begins with
`# expect: TX312`. Where `taxon check FILE` does not find it, a comment says what does: `# $ taxon check FILE --env ID`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taxon.diagnostics.model import Code
from taxon.diagnostics.visible import visible

EXPECT = "# expect:"
COMMAND = "# $ "
WIDTH = 100
LINES = 24  # of a longer example only the beginning is shown


@dataclass(frozen=True)
class Example:
    """A file, and the command line that says what is right or wrong about it."""

    name: str
    command: str
    data: bytes  # of the file, empty where the command line alone is the example

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "backslashreplace")

    @property
    def checked(self) -> bool:
        """Whether the command says no more than that the file is checked."""
        return self.command == f"taxon check {self.name}"


@dataclass(frozen=True)
class Page:
    """A code with its examples, each as it is wrong and as it is right."""

    code: Code
    examples: tuple[tuple[Example, Example], ...]


def page(code: Code, folder: Path) -> Page:
    """The page of a code, its examples read from `bad` and `good` in a folder. Raises OSError if one cannot be read."""
    pairs: list[tuple[Example, Example]] = []
    for bad in sorted((folder / "bad").glob(f"{code.id.lower()}_*.tx")):
        good = folder / "good" / f"{bad.stem}_fixed.tx"
        if good.exists():
            pairs.append((example(bad), example(good)))
    return Page(code, tuple(pairs))


def example(path: Path) -> Example:
    """The example in a file, which need not be UTF-8: some are there for not being it."""
    lines = path.read_bytes().splitlines(keepends=True)
    command = f"taxon check {path.name}"
    while lines and lines[0].startswith((EXPECT.encode(), COMMAND.encode())):
        line = lines.pop(0).decode().rstrip()
        command = line.removeprefix(COMMAND) if line.startswith(COMMAND) else command
    return Example(path.name, command, b"".join(lines))


def shown(example: Example) -> Iterator[str]:
    """The lines of an example as a page shows them, whatever is in them, or the first of them."""
    lines = example.text.strip("\n").split("\n") if example.text.strip() else []
    for line in lines[:LINES]:
        clean = visible(line)
        yield (clean if len(clean) <= WIDTH else clean[:WIDTH] + "...").rstrip()
    if len(lines) > LINES:
        yield f"... and {len(lines) - LINES:,} lines more"
