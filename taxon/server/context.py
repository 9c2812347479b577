"""What is expected where the cursor is: read from the tokens before it, since a half-typed entry is in no tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lark import Token

from taxon.diagnostics.source import Source
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import literals
from taxon.syntax.language import KEYWORDS
from taxon.syntax.layout import TooDeep, layout
from taxon.syntax.parser import LARGEST
from taxon.taxonomy.schema import Choice, Slot

_OPENING = {"RBRACE": "LBRACE", "RPAR": "LPAR", "RSQB": "LSQB"}


@dataclass
class Frame:
    """An open bracket or brace, or the file; `head` is what the entry around it says before it."""

    opening: str = ""
    head: list[Token] = field(default_factory=list)
    given: list[list[Token]] = field(default_factory=list)  # the arguments before the present one
    entry: list[Token] = field(default_factory=list)  # what stands before the cursor since the last separator

    @property
    def kinds(self) -> list[str]:
        return [token.type for token in self.entry]

    def after(self, kind: str) -> list[Token] | None:
        """What the entry says after its last token of a kind; None where it has none."""
        kinds = self.kinds
        return self.entry[len(kinds) - kinds[::-1].index(kind) :] if kind in kinds else None


@dataclass(frozen=True)
class Context:
    """The open frames from the file inwards, and where the word begins and ends that the cursor is in."""

    frames: list[Frame]
    start: int
    end: int

    @property
    def here(self) -> Frame:
        return self.frames[-1]

    @property
    def declared(self) -> str:
        """The keyword of the declaration around the cursor."""
        return self.frames[1].head[0].type if len(self.frames) > 1 and self.frames[1].head else ""

    @property
    def prefix(self) -> str:
        """The path of the blocks around the cursor, ending in a dot unless it is empty."""
        blocks = [frame.head for frame in self.frames[2:] if frame.opening == "LBRACE"]
        return "".join(f"{spelt(head)}." for head in blocks if head and head[0].type == "NAME")

    def slots(self, vocabulary: Vocabulary) -> tuple[Slot, ...]:
        """The slots whose value stands at the cursor: several where the choices above leave that open."""
        return _slots(self, len(self.frames) - 1, vocabulary)

    def constructors(self, vocabulary: Vocabulary) -> tuple[Choice, ...]:
        """The choices whose parameters stand at the cursor."""
        return _constructors(self, len(self.frames) - 1, vocabulary)


def context(source: Source, offset: int) -> Context | None:
    """What the cursor at an offset is in; None in a comment, a string, or a text that is not parsed at all."""
    if len(source.text) > LARGEST:
        return None
    try:
        tokens = layout(source).tokens
    except TooDeep:
        return None
    line = source.text[source.text.rfind("\n", 0, offset) + 1 : offset]
    if "#" in line or line.lstrip().startswith("///") or line.count('"') % 2:
        return None
    frames = [Frame()]
    start = end = offset
    for token in tokens:
        begin = token.start_pos or 0
        if begin >= offset:
            break
        if begin + len(token) >= offset and (token.type == "NAME" or token.type in KEYWORDS):
            start, end = begin, begin + len(token)
            break
        _take(token, frames)
    return Context(frames, start, end)


def _take(token: Token, frames: list[Frame]) -> None:
    kind, frame = token.type, frames[-1]
    if kind in _OPENING.values():
        frames.append(Frame(kind, list(frame.entry)))
    elif kind in _OPENING:
        while frames.pop().opening != _OPENING[kind]:
            pass  # a bracket that is never closed ends with the block that it stands in
        frames[-1].entry = [] if kind == "RBRACE" else [*frames[-1].entry, token]
    elif kind == "NEWLINE":
        while frames[-1].opening in ("LPAR", "LSQB"):
            frames.pop()
        frames[-1].entry = []
    elif kind == "COMMA" and frame.opening:
        frame.given.append(frame.entry)
        frame.entry = []
    else:
        frame.entry.append(token)


def spelt(tokens: list[Token]) -> str:
    """The text of some tokens, its names in ASCII."""
    return "".join(literals.canonical_name(token) or str(token) for token in tokens)


def _slots(context: Context, at: int, vocabulary: Vocabulary) -> tuple[Slot, ...]:
    frame = context.frames[at]
    kinds = frame.kinds
    if frame.opening == "LPAR":
        return tuple(slot for choice in _constructors(context, at, vocabulary) for slot in _parameter(frame, choice))
    if frame.opening == "LSQB" and frame.head and frame.head[0].type == "VARY":
        return _at_path(spelt([token for token in frame.head[1:] if token.type in ("NAME", "DOT")]), vocabulary)
    if frame.opening == "LBRACE" and "EQUAL" in kinds and kinds[0] == "NAME":
        return _at_path(context.prefix + spelt(frame.entry[: kinds.index("EQUAL")]), vocabulary)
    return ()


def _at_path(path: str, vocabulary: Vocabulary) -> tuple[Slot, ...]:
    return tuple(slot for place in vocabulary.places(path)[:1] for slot in place.slots)


def _constructors(context: Context, at: int, vocabulary: Vocabulary) -> tuple[Choice, ...]:
    frame = context.frames[at]
    if frame.opening != "LPAR" or at == 0 or not frame.head:
        return ()
    found = (slot.choice(spelt(frame.head[-1:])) for slot in _slots(context, at - 1, vocabulary))
    return tuple(choice for choice in found if choice is not None)


def _parameter(frame: Frame, choice: Choice) -> Iterator[Slot]:
    if frame.kinds[:2] == ["NAME", "EQUAL"]:
        yield from (slot for slot in choice.parameters if slot.name == frame.entry[0])
    elif "EQUAL" not in frame.kinds and len(frame.given) < len(choice.parameters):
        yield choice.parameters[len(frame.given)]
