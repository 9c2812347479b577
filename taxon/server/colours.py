"""What each word of a document is, for an editor to colour: from the tokens, and for names from the tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taxon.diagnostics.source import Span
from taxon.semantics.loading import study_references
from taxon.semantics.studies.vocabulary import CLAIMS, STUDY
from taxon.semantics.tuning.vocabulary import SEARCH, TUNE
from taxon.server.view import VOCABULARY
from taxon.syntax import tree
from taxon.syntax.language import KEYWORDS
from taxon.syntax.printing import expression as spelling
from taxon.syntax.tokens import tokens
from taxon.taxonomy.schema import Slot

# The protocol's own types and modifiers, which every theme has.
TYPES = (
    "namespace", "class", "struct", "interface", "property", "parameter", "enumMember", "function", "keyword",
    "comment", "string", "number", "operator",
)  # fmt: skip
MODIFIERS = ("declaration", "documentation", "defaultLibrary")

_TOKENS = {
    "COMMENT": ("comment",),
    "DOC": ("comment", "documentation"),
    "STRING": ("string",),
    "NUMBER": ("number",),
    "EQUAL": ("operator",),
    "PLUS": ("operator",),
    "MINUS": ("operator",),
    "STAR": ("operator",),
}


@dataclass(frozen=True)
class Colour:
    """Characters [start, end) of one line, their type, and the modifiers."""

    start: int
    end: int
    type: str
    modifiers: tuple[str, ...] = ()


def colours(file: tree.File) -> list[Colour]:
    """The words of a document in their order. A name in an entry that cannot be read has none."""
    names = {colour.start: colour for colour in _file(file)}
    found: list[Colour] = []
    for token in tokens(file.source.text):
        start = token.start_pos or 0
        said = ("keyword",) if token.type in KEYWORDS else _TOKENS.get(token.type)
        if said is not None:
            found.append(Colour(start, start + len(token), said[0], said[1:]))
        elif token.type == "NAME" and start in names:
            found.append(names[start])
    return found


def _file(file: tree.File) -> Iterator[Colour]:
    for statement in file.imports:
        if isinstance(statement.target, tree.Path):
            yield from _reference(statement.target.names, "namespace")
    for declaration in file.declarations:
        match declaration:
            case tree.Algorithm(parent=parent, mixins=mixins):
                yield _colour(declaration.name.span, "class", "declaration")
                if parent is not None:
                    yield from _reference(parent.names, "class")
                for mixin in mixins:
                    yield from _reference(mixin.names, "struct")
            case tree.Architecture():
                yield _colour(declaration.name.span, "struct", "declaration")
            case tree.Study():
                yield _colour(declaration.name.span, "interface", "declaration")
                for path, kind in study_references(declaration):
                    yield from _words(path.span, "class" if kind is tree.Algorithm else "struct")
                yield from _study(declaration.entries)
                continue
            case tree.Tune():
                yield _colour(declaration.name.span, "interface", "declaration")
                for path, kind in study_references(declaration):
                    yield from _words(path.span, "class" if kind is tree.Algorithm else "struct")
                yield from _tune(declaration.entries)
                continue
        yield from _entries(declaration.entries, "")


def _reference(names: Sequence[tree.Name], last: str) -> Iterator[Colour]:
    """A name of a declaration or of a shipped file: what stands before its last dot is where it is found."""
    shipped = ("defaultLibrary",) if names[0].text == "std" else ()
    for name in names[:-1]:
        yield _colour(name.span, "namespace", *shipped)
    yield _colour(names[-1].span, last, *shipped)


def _study(entries: Sequence[tree.StudyEntry]) -> Iterator[Colour]:
    for entry in entries:
        match entry:
            case tree.Assignment(path=path, value=value):
                yield from _path(path)
                yield from _value(value, tuple(STUDY[path.text] for _ in range(path.text in STUDY)))
            case tree.Vary(name=name, path=path, values=values):
                if name is not None:
                    yield _colour(name.span, "parameter", "declaration")
                yield from _path(path)
                yield from _value(values, _slots(path.text))
            case tree.Mixed(name=name):
                yield _colour(name.span, "parameter", "declaration")
            case tree.Claim(name=name, value=value):
                yield _colour(name.span, "parameter", "declaration")
                yield from _value(value, (CLAIMS,))
            case tree.Block(path=path):  # `exclude`, whose entries name factors
                yield from _path(path)
                yield from (_colour(name.span, "parameter") for each in entry.entries for name in _factor(each))
            case tree.When(subject=subject):
                yield _colour(subject.span, "property")
                yield from _study([each for each in entry.entries if isinstance(each, tree.Assignment)])


def _tune(entries: Sequence[tree.TuneEntry]) -> Iterator[Colour]:
    for entry in entries:
        match entry:
            case tree.Assignment(path=path, value=value):
                yield from _path(path)
                yield from _value(value, tuple(TUNE[path.text] for _ in range(path.text in TUNE)))
            case tree.Search(path=path, space=space):
                yield from _path(path)
                yield from _value(space, _slots(path.text) if isinstance(space, tree.List) else (SEARCH,))
            case tree.Offered(name=name):
                yield _colour(name.span, "parameter", "declaration")


def _factor(entry: tree.Entry) -> tuple[tree.Name, ...]:
    return entry.path.names if isinstance(entry, tree.Assignment) else ()


def _entries(entries: Sequence[tree.Entry], prefix: str) -> Iterator[Colour]:
    for entry in entries:
        match entry:
            case tree.Assignment(path=path, value=value):
                yield from _path(path)
                yield from _value(value, _slots(prefix + path.text))
            case tree.Unset(path=path):
                yield from _path(path)
            case tree.Block(path=path):
                yield from _path(path)
                yield from _entries(entry.entries, f"{prefix}{path.text}.")
            case tree.When(subject=subject, value=value):
                yield _colour(subject.span, "property")
                if isinstance(value, tree.Reference):
                    yield _colour(value.span, "enumMember")
                yield from _entries(entry.entries, prefix)
            case tree.Allow(code=code):
                yield _colour(code.span, "enumMember")


def _path(path: tree.Path) -> Iterator[Colour]:
    return (_colour(name.span, "property") for name in path.names)


def _slots(path: str) -> tuple[Slot, ...]:
    return tuple(slot for place in VOCABULARY.places(path) for slot in place.slots)


def _value(value: tree.Expression, slots: tuple[Slot, ...]) -> Iterator[Colour]:
    """A choice as an enumeration's member, a constructor as a function; what no slot takes has no colour."""
    match value:
        case tree.Sum(terms=parts) | tree.List(items=parts):
            for part in parts:
                yield from _value(part, slots)
        case tree.Change(terms=signed):
            for term in signed:
                yield from _value(term.modifier, slots)
        case _ if any(slot.choice(spelling(value)) for slot in slots):
            yield from _words(value.span, "enumMember")
        case tree.Call(function=function, arguments=arguments):
            choices = [choice for slot in slots if (choice := slot.choice(function.text)) is not None]
            if choices:
                yield _colour(function.span, "function")
            known = [parameter for choice in choices for parameter in choice.parameters]
            for argument in arguments:
                name = argument.name
                if name is not None:
                    yield _colour(name.span, "parameter")
                yield from _value(argument.value, tuple(p for p in known if name is None or p.name == name.text))


def _words(span: Span, type: str) -> Iterator[Colour]:
    """Every name in a span."""
    for token in tokens(span.text):
        if token.type == "NAME":
            start = span.start + (token.start_pos or 0)
            yield Colour(start, start + len(token), type)


def _colour(span: Span, type: str, *modifiers: str) -> Colour:
    return Colour(span.start, span.end, type, modifiers)
