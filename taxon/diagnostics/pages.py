"""The page of a code: what is wrong, why, and examples that the tests run: one that gives the code, one that is mended.

An example is a file `bad/tx312_about.tx`, and what it becomes is `good/tx312_about_fixed.tx`. A bad one begins with
`# expect: TX312`. Where `taxon check FILE` does not tell, a comment says what does: `# $ taxon check FILE --env ID`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taxon.diagnostics.model import Code
from taxon.diagnostics.visible import visible

EXPECT = "# expect:"
COMMAND = "# $ "
_WIDTH = 100
_LINES = 24  # of a longer example only the beginning is shown


@dataclass(frozen=True)
class Example:
    """A text, and the command line that says what is right or wrong about it."""

    command: str
    text: str


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
    lines = path.read_bytes().decode("utf-8", "backslashreplace").splitlines()
    command = f"taxon check {path.name}"
    while lines and lines[0].startswith((EXPECT, COMMAND)):
        line = lines.pop(0)
        command = line.removeprefix(COMMAND) if line.startswith(COMMAND) else command
    return Example(command, "\n".join(lines))


def render(page: Page) -> str:
    """A page as text, lines of at most 120 columns."""
    code = page.code
    parts = [f"{code.id} ({code.severity}): {code.title}", textwrap.fill(code.why, _WIDTH)]
    if code.source:
        parts.append(textwrap.fill(f"Source: {code.source}", _WIDTH))
    for bad, good in page.examples:
        parts += ["Wrong:", _indented(bad), "Right:", _indented(good)]
    return "\n\n".join(parts)


def _indented(example: Example) -> str:
    return "\n".join(f"    {line}".rstrip() for line in shown(example))


def shown(example: Example) -> Iterator[str]:
    """The lines of an example as a page shows them: the command, then the text, whatever is in it, or its beginning."""
    yield f"$ {example.command}"
    lines = example.text.strip("\n").split("\n") if example.text.strip() else []
    for line in lines[:_LINES]:
        clean = visible(line)
        yield (clean if len(clean) <= _WIDTH else clean[:_WIDTH] + "...").rstrip()
    if len(lines) > _LINES:
        yield f"... and {len(lines) - _LINES:,} lines more"
