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
    tokens: list[Token] = field(default_factory=list)  # all that stands in it before the cursor, its bracket first

    @property
    def kinds(self) -> list[str]:
        return [token.type for token in self.entry]

    def after(self, kind: str) -> list[Token] | None:
        """What the entry says after its last token of a kind; None where it has none."""
        kinds = self.kinds
        return self.entry[len(kinds) - kinds[::-1].index(kind) :] if kind in kinds else None


@dataclass(frozen=True)
class Context:
    """The open frames from the file inwards, where the word begins and ends that the cursor touches, and what follows
    it in the innermost frame: the rest of the entry, then the entries or arguments after it."""

    frames: list[Frame]
    start: int
    end: int
    following: list[list[Token]]

    @property
    def here(self) -> Frame:
        return self.frames[-1]

    @property
    def rest(self) -> list[Token]:
        """The tokens after the word, up to the end of its entry or argument."""
        return self.following[0]

    @property
    def given(self) -> list[list[Token]]:
        """The arguments before and after the present one."""
        return [*self.here.given, *self.following[1:]]

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
    at = len(tokens)
    for index, token in enumerate(tokens):
        begin = token.start_pos or 0
        at = index
        if begin <= offset <= begin + len(token) and (token.type == "NAME" or token.type in KEYWORDS):
            start, end, at = begin, begin + len(token), index + 1
            break
        if begin >= offset:
            break
        _take(token, frames)
    return Context(frames, start, end, _following(tokens[at:]))


def _following(tokens: list[Token]) -> list[list[Token]]:
    """The tokens up to the end of a frame, by entry or argument."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.type in _OPENING.values()) - (token.type in _OPENING)
        if depth < 0 or token.type == "$END":
            break
        if not depth and token.type in ("NEWLINE", "COMMA"):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def end_of(token: Token) -> int:
    """The offset after a token."""
    return (token.start_pos or 0) + len(token)


def terms(tokens: list[Token]) -> list[list[Token]]:
    """The terms of a sum, of which some may be empty."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.type in _OPENING.values()) - (token.type in _OPENING)
        if not depth and token.type == "PLUS":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _take(token: Token, frames: list[Frame]) -> None:
    kind, frame = token.type, frames[-1]
    frame.tokens.append(token)
    if kind in _OPENING.values():
        frames.append(Frame(kind, list(frame.entry), tokens=[frame.tokens.pop()]))
    elif kind in _OPENING:
        while frame.opening != _OPENING[kind]:  # a bracket that is never closed ends with the block that it stands in
            frames.pop()
            frame = frames[-1]
        within = frames.pop().tokens
        frames[-1].tokens += within
        frames[-1].entry = [] if kind == "RBRACE" else [*frames[-1].entry, *within]
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
        head = [token.type for token in frame.head]
        path = frame.head[head.index("EQUAL") if "EQUAL" in head else 1 :]  # behind the factor's name, if it has one
        return _at_path(spelt([token for token in path if token.type in ("NAME", "DOT")]), vocabulary)
    if frame.opening == "LSQB" and frame.head and frame.head[0].type == "SEARCH":
        return _at_path(spelt([token for token in frame.head if token.type in ("NAME", "DOT")]), vocabulary)
    if frame.opening == "LBRACE" and kinds[:1] == ["SEARCH"]:
        return _at_path("search", vocabulary)
    if frame.opening == "LBRACE" and "EQUAL" in kinds and kinds[0] == "NAME":
        return _at_path(context.prefix + spelt(frame.entry[: kinds.index("EQUAL")]), vocabulary)
    if frame.opening == "LBRACE" and kinds[:3] == ["CLAIM", "NAME", "EQUAL"]:
        return _at_path("claim", vocabulary)
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
    elif len(frame.given) < len(choice.parameters):
        yield choice.parameters[len(frame.given)]
