"""What a name from elsewhere means in a row: which of its paths have a part there, and the edit that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from taxon.diagnostics.model import Diagnostic, Edit, safe_edit
from taxon.diagnostics.source import Span
from taxon.semantics.elsewhere.meanings import Hyperparameter, Meaning
from taxon.semantics.typing_ import check
from taxon.semantics.vocabulary import Place, Vocabulary
from taxon.syntax import tree
from taxon.taxonomy.schema import Row


@dataclass(frozen=True, eq=False)
class Foreign:
    """An entry whose path ends in a name from elsewhere, and what is said of it where no row is known."""

    name: tree.Name
    prefix: str  # of the path, with its last dot
    entry: Span
    value: tree.Expression
    parameter: Hyperparameter
    found: Diagnostic


def in_row(
    foreign: Iterable[Foreign], row: Row | None, given: Set[str], vocabulary: Vocabulary
) -> Mapping[int, Diagnostic]:
    """What to say of names in the place of what is said without a row, by the identity of that diagnostic.

    row: as the other entries make it; None where they make none. given: the paths that the same body sets.
    """
    if row is None:
        return {}
    return {id(each.found): _in_row(each, row, given, vocabulary) for each in foreign}


def _in_row(each: Foreign, row: Row, given: Set[str], vocabulary: Vocabulary) -> Diagnostic:
    parameter, written = each.parameter, each.name.text
    # After a prefix it is the prefix's own: `network.policy.net_arch` is no `network.hidden`.
    own = parameter.among(vocabulary.children(each.prefix.removesuffix("."))) if each.prefix else None
    meanings = (Meaning((each.prefix + own,)),) if own is not None else parameter.meanings
    fitting = [meaning for meaning in meanings if meaning.paths and _stands(meaning, row, vocabulary)]
    if not fitting:
        return replace(
            each.found, help="; ".join([parameter.unfit(written), *_absent(each, row, vocabulary)]), edit=None
        )
    edit = _edit(each, fitting, row, given, vocabulary)
    return replace(each.found, help=parameter.help(written, fitting), edit=edit)


def _places(path: str, row: Row, vocabulary: Vocabulary) -> list[Place]:
    """Where a path leads in a row: a shared one to several places."""
    return [place for place in vocabulary.places(path) if place.path in row.leaves]


def _stands(meaning: Meaning, row: Row, vocabulary: Vocabulary) -> bool:
    return all(_places(path, row, vocabulary) for path in meaning.paths)


def _absent(each: Foreign, row: Row, vocabulary: Vocabulary) -> list[str]:
    """Why the paths that it may mean have no part in the row."""
    absent = [vocabulary.places(path)[0] for path in each.parameter.paths if not _places(path, row, vocabulary)]
    lacking = dict.fromkeys(_belongs_to(place) for place in absent if place.below)
    reasons = [
        f"`{place.path}` has no part in this row: {reason}"
        for place in absent
        if not place.below and place.top.applies is not None and (reason := place.top.applies(row))
    ]
    return [*([f"this row has no {' or '.join(lacking)}"] if lacking else []), *reasons]


def _belongs_to(place: Place) -> str:
    """The choice that a parameter is one of."""
    name = place.below[0]
    if any(choice.modifier and choice.key == name for choice in place.top.choices):
        return f"`+ {name}` in `{place.owner}`"
    keys = (choice.key for choice in place.top.bases if any(slot.name == name for slot in choice.parameters))
    return " or ".join(f"`{place.owner} = {key}`" for key in keys)


def _edit(each: Foreign, fitting: Sequence[Meaning], row: Row, given: Set[str], vocabulary: Vocabulary) -> Edit | None:
    """The edit that says it by the row's own paths: certain where one path is meant and takes the value."""
    meaning = fitting[0]
    paths = meaning.paths
    if len(fitting) > 1 or not meaning.same or not given.isdisjoint(paths):
        return None
    if not all(_takes(path, each.value, row, vocabulary) for path in paths):
        return None
    if len(paths) == 1:
        path = paths[0]
        if not path.startswith(each.prefix):
            return None
        edit = safe_edit if each.parameter.libraries else Edit
        return edit(each.name.span, path.removeprefix(each.prefix))
    group = paths[0].partition(".")[0]
    if each.prefix or any(not path.startswith(f"{group}.") for path in paths):
        return None
    entries = ", ".join(f"{path.removeprefix(f'{group}.')} = {each.value.span.text}" for path in paths)
    return Edit(each.entry, f"{group} {{ {entries} }}")


def _takes(path: str, value: tree.Expression, row: Row, vocabulary: Vocabulary) -> bool:
    slots = [row.leaves[place.path].slot for place in _places(path, row, vocabulary)]
    return all(check(value, slot, path)[0] is not None for slot in slots)
