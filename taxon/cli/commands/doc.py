"""taxon doc: the axes of the language and their choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from taxon.cli.arguments import completing
from taxon.cli.arguments.sides import fail
from taxon.cli.screen.columns import columns
from taxon.cli.screen.describing import describe, describe_choice, paragraph
from taxon.cli.screen.paging import show
from taxon.cli.screen.terminal import BOLD, CYAN, Screen, screen
from taxon.diagnostics.suggest import did_you_mean
from taxon.semantics import elsewhere, leaf_text, load_spec
from taxon.semantics.loading import shipped_names
from taxon.semantics.vocabulary import Place, Vocabulary
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.catalogue import holds, places, takers
from taxon.taxonomy.schema import LEVELS, Choice, Row


def doc(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH|CHOICE]",
            help="A path such as G.estimate, or a choice.",
            autocompletion=completing.documented,
        ),
    ] = None,
    used: Annotated[bool, typer.Option("--used", help="Say which shipped specs use it (reads all of them).")] = False,
) -> None:
    """Describe a path or a choice: equations, parameters, sources, operators. Without either, list the paths."""
    if subject is None:
        if used:
            fail("--used is about a path or a choice", "name one: taxon doc PATH --used")
        show("\n".join(_contents(screen())))
        return
    vocabulary = Vocabulary(SCHEMA)
    rows = _shipped() if used else []
    shown = screen()
    found = vocabulary.places(subject)
    parts = [_place(subject, found, rows, shown)] if found else []
    parts += [_choice(choice, paths, rows, shown) for choice, paths in takers(subject).items()]
    if not parts and subject and (names := vocabulary.children(subject)):
        parts = [[f"{subject}.{name}" for name in names]]
    if not parts:
        known = {*vocabulary.paths, *(choice.key for _, slot in places() for choice in slot.choices)}
        hint = elsewhere.about(subject) or did_you_mean(subject, known) or "`taxon doc` lists the paths"
        fail(f"there is no path and no choice {subject}", hint)
    show("\n\n".join("\n".join(lines) for lines in parts))


def _contents(screen: Screen) -> Iterator[str]:
    """Every path with a line, by its heading in Table 1."""
    for level in LEVELS:
        title = screen.paint(level, BOLD)
        yield from [title] if level == LEVELS[0] else ["", title]
        rows = [[f"  {slot.name}", slot.doc] for slot in SCHEMA.values() if slot.level == level]
        yield from columns(rows, 1, screen, None, styles=(CYAN,))


def _shipped() -> list[Row]:
    rows = (load_spec(name).row for name in shipped_names())
    return [row for row in rows if row is not None]


def _place(subject: str, places: tuple[Place, ...], rows: list[Row], screen: Screen) -> list[str]:
    # What a shared path fans out to takes the same values everywhere.
    lines = "\n\n".join("\n".join(describe(subject, slot, screen)) for slot in places[0].slots).split("\n")
    for place in places if rows else ():
        users: dict[str, list[str]] = {}
        for row in rows:
            leaf = row.leaves.get(place.path)
            if leaf is not None:
                users.setdefault(leaf_text(leaf.value), []).append(row.name)
        lines += ["", f"{place.path} in the shipped specs" if users else f"no shipped spec has {place.path}"]
        for value, names in users.items():
            lines += paragraph(f"{value}: {', '.join(names)}", "  ", screen)
    return lines


def _choice(choice: Choice, paths: list[str], rows: list[Row], screen: Screen) -> list[str]:
    taken = paragraph(f"taken by {', '.join(dict.fromkeys(paths))}", "", screen)
    lines = [*taken, "", *describe_choice(choice, screen)]
    if rows:
        names = [row.name for row in rows if any(holds(row, path, choice) for path in paths)]
        lines += ["", *paragraph(f"used by {', '.join(names)}" if names else "used by no shipped spec", "", screen)]
    return lines
