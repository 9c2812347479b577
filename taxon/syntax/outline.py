"""What a formatter sees of a text: words, the groups that brackets and braces make of them, and comments in place.

Read from the token stream rather than from the tree, which holds neither comments nor how a number was spelt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from lark import Token

from taxon.diagnostics.source import Source
from taxon.syntax.layout import layout
from taxon.syntax.tokens import tokens

_CLOSING = {"{": "}", "(": ")", "[": "]"}
_BEGINS_ITEM = frozenset({"TAXON", "IMPORT", "ALGORITHM", "ARCHITECTURE", "STUDY", "TUNE"})


@dataclass(frozen=True)
class Word:
    """A token that is neither a bracket nor a comma between members."""

    kind: str
    text: str


@dataclass(frozen=True)
class Comment:
    """`# ...` or `/// ...`, on a line of its own or, as one of an entry's words, at the end of a line within it."""

    text: str
    blank: bool
    """Whether a blank line stands before it that means to part entries."""
    alone: bool
    """Whether nothing stands before it on its line."""

    @property
    def documents(self) -> bool:
        return self.text.startswith("///")


@dataclass
class Entry:
    """What stands between two separators: an entry of a body, an argument, an item of a list or of the file."""

    words: list[Piece] = field(default_factory=list)
    trailing: Comment | None = None
    blank: bool = False
    """Whether a blank line stands before it that means to part entries."""

    @property
    def divided(self) -> bool:
        """Whether a comment stands between its words."""
        return any(isinstance(word, Comment) for word in self.words)

    @property
    def head(self) -> int:
        """How many words stand before the `=` of an assignment, the path of `vary` or `search`, or a block; or 0."""
        first = self.words[0]
        if isinstance(first, Word) and first.kind in ("VARY", "SEARCH"):
            return 1
        ends = [
            at
            for at, word in enumerate(self.words)
            if (isinstance(word, Group) and word.opening == "{") or (isinstance(word, Word) and word.kind == "EQUAL")
        ]
        assigns = isinstance(first, Word) and first.kind == "NAME"
        return 0 if not ends else ends[0] if assigns else ends[-1]


@dataclass
class Group:
    """The members between two brackets or braces, or those of the whole file."""

    opening: str = ""
    called: bool = False
    """Whether a name stands right before it: a constructor's arguments or an index, not a list."""
    spread: bool = False
    """Whether it was written on several lines."""
    remark: Comment | None = None
    """The comment right after the opening."""
    members: list[Entry | Comment] = field(default_factory=list)

    @property
    def closing(self) -> str:
        return _CLOSING[self.opening]

    @property
    def index(self) -> bool:
        """Whether it is that of `Q[pi_p]`, which takes no comma."""
        return self.called and self.opening == "["

    @property
    def braces(self) -> bool:
        """Whether the members are entries, where what a doc comment stands before matters."""
        return self.opening in ("", "{")

    @cached_property
    def commented(self) -> bool:
        """Whether any comment stands in it, however deep."""
        return self.remark is not None or any(
            isinstance(member, Comment)
            or member.trailing is not None
            or member.divided
            or any(isinstance(word, Group) and word.commented for word in member.words)
            for member in self.members
        )


Piece = Word | Comment | Group


def outline(source: Source, spell: Callable[[str], str]) -> Group:
    """The outline of a text in which `parse` finds no error, its names as `spell` gives them."""
    separators = {token.start_pos for token in layout(source).tokens if token.type == "NEWLINE"}
    reader = _Reader(separators, spell)
    for token in tokens(source.text):
        reader.take(token)
    reader.end_entry()
    return reader.groups[0]


class _Reader:
    """Takes the tokens one after the other; `groups` are those that are open, `entries` the unfinished one of each."""

    def __init__(self, separators: set[int | None], spell: Callable[[str], str]) -> None:
        self.separators = separators
        self.spell = spell
        self.groups = [Group(spread=True)]
        self.entries: list[Entry] = [Entry()]
        self.newlines = 1  # since the last token that is not white space

    def take(self, token: Token) -> None:
        kind = token.type
        if kind in ("SPACE", "BOM"):
            return
        if kind == "NEWLINE":
            self.newlines += 1
            for group in self.groups:
                group.spread = True
            if token.start_pos in self.separators:
                self.end_entry()
            return
        entry, group = self.entries[-1], self.groups[-1]
        blank = self.newlines > 1 and group.braces
        if kind in ("COMMENT", "DOC"):
            self._comment(Comment(token.rstrip(), blank, alone=self.newlines > 0))
        elif kind in ("RPAR", "RSQB", "RBRACE"):
            self.end_entry()
            self.groups.pop()
            self.entries.pop()
        elif kind == "COMMA" and group.opening:
            self.end_entry(comma=True)
        else:
            if kind in _BEGINS_ITEM:
                self.end_entry()
                entry = self.entries[-1]
            if not entry.words:
                entry.blank = blank
            if kind in ("LPAR", "LSQB", "LBRACE"):
                before = next((word for word in reversed(entry.words) if not isinstance(word, Comment)), None)
                opened = Group(str(token), isinstance(before, Word) and before.kind == "NAME")
                entry.words.append(opened)
                self.groups.append(opened)
                self.entries.append(Entry())
            else:
                entry.words.append(Word(kind, self.spell(token) if kind == "NAME" else str(token)))
        self.newlines = 0

    def _comment(self, comment: Comment) -> None:
        group, entry = self.groups[-1], self.entries[-1]
        if entry.words:
            entry.words.append(comment)  # until the entry ends it is open whether it stands inside
        elif group.members or not group.opening or comment.alone or (comment.documents and group.braces):
            self._after(group, comment)
        else:
            group.remark = comment

    def end_entry(self, comma: bool = False) -> None:
        """Move the unfinished entry, if there is one, to the members of its group."""
        entry, group = self.entries[-1], self.groups[-1]
        if not entry.words:
            return
        inside = len(entry.words)
        while isinstance(entry.words[inside - 1], Comment):
            inside -= 1
        after = [word for word in entry.words[inside:] if isinstance(word, Comment)]
        group.members.append(entry)
        self.entries[-1] = Entry()
        if comma and group.opening == "{" and any(comment.documents for comment in after):
            # Without its comma the doc comment would document the next entry.
            entry.words.append(Word("COMMA", ","))
            return
        del entry.words[inside:]
        for comment in after:
            self._after(group, comment)

    def _after(self, group: Group, comment: Comment) -> None:
        """A comment behind the members so far: beside the last one or below it."""
        last = group.members[-1] if group.members else None
        moved = comment.documents and group.braces  # it is about the next entry, so it stands above that one
        if isinstance(last, Entry) and last.trailing is None and not comment.alone and not moved:
            last.trailing = comment
        else:
            group.members.append(comment)
