"""A ladder as specs that extend each other: of each rung the fewest entries that lead to its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from taxon.diagnostics.source import Source
from taxon.semantics.bodies import read_body
from taxon.semantics.canonical import leaf_text
from taxon.semantics.compose import Composer
from taxon.semantics.defaults import default_of
from taxon.semantics.ladder.ladder import Step
from taxon.semantics.layers import Held, Layer, Settings, Target, apply, children
from taxon.semantics.loading import Unit
from taxon.semantics.resolve import resolve
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.typing_ import Typed
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import parse, tree
from taxon.syntax.formatting import formatted
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.rules import check_row
from taxon.taxonomy.schema import Composition, Row, Slot


@dataclass(frozen=True)
class Rung:
    """A step of a ladder, and the declaration of the algorithm after it."""

    name: str
    parent: str
    step: Step
    said: tuple[str, ...]  # of what comes or goes with its choices, all but what holds its default
    text: str


def rungs(symbol: Symbol, scope: Scope, steps: Sequence[Step], goal: str, target: Target) -> list[Rung]:
    """The rungs of a ladder from an algorithm to one called `goal`, for where they are to run.

    Raises:
        ValueError: the text of a rung does not resolve to its row. No text of a user leads here.
    """
    vocabulary = Vocabulary(SCHEMA)
    settings = Composer(scope, vocabulary, target).compose(symbol).settings
    if settings is None:
        raise ValueError(f"{symbol.name} has no settings, so it has no row")
    found: list[Rung] = []
    parent = symbol.name
    width = max(2, len(str(len(steps))))
    for number, step in enumerate(steps, 1):
        name = f"{symbol.name}_to_{goal}_{number:0{width}}"
        where = "" if target.env is None else f" in {target.env}"
        title = f"Step {number} of {len(steps)} from {symbol.name} to {goal}{where}"
        said = tuple(path for path in step.follows if not (_silent(step.before, path) and _silent(step.after, path)))
        head = [*_doc(step, said, title), f"algorithm {name} extends {parent}"]
        sets = list(_sets(step.after, settings.held))
        entries = [*_unsets(step.after, _applied(settings, head, sets, vocabulary)[0].held), *sets]
        settings, own = _applied(settings, head, entries, vocabulary)
        if resolve(own, settings, vocabulary, check_row).row != step.after:
            raise ValueError(f"the text of {name} is not its row: {entries}")
        text = formatted(own.unit.file.source)
        assert isinstance(text, str)  # a few entries are no large file
        found.append(Rung(name, parent, step, said, text.partition("\n")[2].lstrip("\n")))
        parent = name
    return found


def _doc(step: Step, said: Sequence[str], title: str) -> Iterator[str]:
    together = f": {len(step.moved)} choices that only together mean something" if len(step.moved) > 1 else ""
    yield f"/// {title}{together}."
    for path in (*step.moved, *said):
        change = f"{path}: {written(step.before, path)} -> {written(step.after, path)}"
        yield from wrap(change, 116, initial_indent="/// ", subsequent_indent="///   ", break_long_words=False)


def _applied(
    before: Settings, head: Sequence[str], entries: Sequence[str], vocabulary: Vocabulary
) -> tuple[Settings, Symbol]:
    """The settings after an algorithm with these entries, and the algorithm."""
    lines = ["taxon 1", "", *head[:-1], f"{head[-1]} {{", *(f"  {entry}" for entry in entries), "}", ""]
    file, _ = parse(Source("rung", "\n".join(lines)))
    (algorithm,) = file.declarations
    assert isinstance(algorithm, tree.Algorithm)
    symbol = Symbol(algorithm, Unit(Path(), file, []))
    settings = before.copy()
    apply(settings, read_body(algorithm.entries, vocabulary), Layer("spec", symbol.name, symbol))
    return settings, symbol


def _sets(row: Row, held: Mapping[str, Held]) -> Iterator[str]:
    """The entries that make what is set the row's, the outermost where a constructor is another one."""

    def below(path: str, slot: Slot, default: Typed | None) -> Iterator[str]:
        known = held.get(path)
        if known is not None:
            default = None
        value = known.value if known is not None else default.value if default is not None else None
        if value != row[path]:
            yield f"{path} = {written(row, path)}"
            return
        for parameter, key in children(row[path], slot):
            if f"{path}.{key}" in row:
                yield from below(f"{path}.{key}", parameter, _implied(default, key, parameter))

    for path, slot in SCHEMA.items():
        if path in row:
            yield from below(path, slot, default_of(slot))


def _unsets(row: Row, held: Mapping[str, Held]) -> Iterator[str]:
    """The entries that take back what is set and has no part in the row.

    What a mixin says of a network that the row lacks may stay, as long as it says something else; so may what a shared
    path says of one of its networks.
    """
    said = {path: setting for path, setting in held.items() if path in row}
    layers = {setting.layer for setting in said.values() if setting.layer.kind == "mixin"}
    shared = {setting.operation for setting in said.values() if setting.operation.shared}
    above: list[str] = []
    for path in sorted(held):
        setting = held[path]
        if path in row or setting.layer in layers or setting.operation in shared:
            continue
        if not any(path.startswith(f"{known}.") and held[known].owner == setting.owner for known in above):
            yield f"unset {path}"
            above.append(path)


def written(row: Row, path: str) -> str:
    """The value at a path as an author would write it, without the parameters that hold their defaults; `-` without."""
    leaf = row.leaves.get(path)
    return "-" if leaf is None else _written(row, path, leaf.slot)


def _written(row: Row, path: str, slot: Slot) -> str:
    value = row[path]
    if not isinstance(value, Composition):
        return leaf_text(value)
    arguments: dict[str, list[str]] = {key: [] for key in (value.base, *value.modifiers)}
    for parameter, key in children(value, slot):
        below = f"{path}.{key}"
        if below in row and not _is_default(row, below, parameter, default_of(parameter)):
            term = key.partition(".")[0] if "." in key else value.base
            arguments[term].append(f"{parameter.name} = {_written(row, below, parameter)}")
    return " + ".join(f"{key}({', '.join(given)})" if given else key for key, given in arguments.items())


def _silent(row: Row, path: str) -> bool:
    """Whether a row has nothing at a path, or its slot's default."""
    leaf = row.leaves.get(path)
    return leaf is None or _is_default(row, path, leaf.slot, default_of(leaf.slot))


def _is_default(row: Row, path: str, slot: Slot, default: Typed | None) -> bool:
    if path not in row:
        return True
    return (
        default is not None
        and row[path] == default.value
        and all(
            _is_default(row, f"{path}.{key}", parameter, _implied(default, key, parameter))
            for parameter, key in children(row[path], slot)
        )
    )


def _implied(default: Typed | None, key: str, parameter: Slot) -> Typed | None:
    """What a parameter holds where nothing sets it: what the default of the slot above it says, or its own."""
    given = default.below.get(key) if default is not None else None
    return given or default_of(parameter)
